package scanner

import (
	"encoding/base64"
	"encoding/hex"
	"strings"
	"testing"
)

// TestTheWorkOnAHostileTextIsLinear counts what a scan with the whole catalogue does, decoding and all: four times the text is at
// most about four times the bytes looked at, the steps of expressions, and the decoded bytes. The clock has no say.
func TestTheWorkOnAHostileTextIsLinear(t *testing.T) {
	t.Parallel()
	s := builtinScanner(t)
	const size = 256 << 10 // several of the longest tokens that are decoded
	repeat := func(unit string) func(int) string {
		return func(n int) string { return strings.Repeat(unit, n/len(unit)+1)[:n] }
	}
	encoded := func(encode func([]byte) string, inner func(int) string) func(int) string {
		return func(n int) string { return encode([]byte(inner(n)))[:n] }
	}
	keys := repeat("AKIA secret_key= ")
	base := base64.StdEncoding.EncodeToString
	for _, test := range []struct {
		name string
		text func(n int) string
	}{
		{"one letter of the alphabet", repeat("A")},
		{"the whole alphabet over and over", repeat("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")},
		{"thousands of prefixes", repeat("ghp_AKIA")},
		{"a prefix and its body over and over", repeat("AKIA" + "234567ABCDEFGHIJ")},
		{"nested quotes", repeat("\"'`\"'`password=\"'`")},
		{"a keyword at each eighth byte", repeat("secret= ")},
		{"URLs that never end", repeat("https://a:b")},
		{"keys in PEM that never end", repeat("-----BEGIN PRIVATE KEY-----\n")},
		{"the mark of our keys", repeat("a_aaKw1")},
		{"base64", encoded(base, keys)},
		{"base64 of base64", encoded(base, encoded(base, keys))},
		{"base64 of base64 of base64", encoded(base, encoded(base, encoded(base, keys)))},
		{"hex", encoded(hex.EncodeToString, keys)},
		{"hex of base64", encoded(hex.EncodeToString, encoded(base, keys))},
		{"bytes written apart", repeat("41 4b 49 41 ")},
		{"escapes", repeat("%41%4b%49%41")},
		{"escapes in many tokens", repeat("%41KIAsecretsecretsecret ")},
		{"the lead of escapes only", repeat("%\\&")},
		{"NUL and letters by turns", repeat("A\x00")},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			one, four := workOn(s, test.text(size)), workOn(s, test.text(4*size))
			for i, of := range []string{"bytes looked at", "steps of expressions", "decoded bytes"} {
				if four[i] > one[i]*9/2+size {
					t.Errorf("%s: %d in four times the text, %d in it", of, four[i], one[i])
				}
			}
			t.Logf("by byte: %d looks, %d steps, %d decoded", one[0]/size, one[1]/size, one[2]/size)
		})
	}
}

// workOn is the work on a text: bytes looked at, steps of expressions in the text and all that is decoded of it, decoded bytes.
func workOn(s *Scanner, text string) [3]int64 {
	w := newWorker(s)
	w.guarded(Lent{Blob: Blob{Data: []byte(text)}})
	return [3]int64{w.pass.work, w.pass.steps, w.used.Decoded}
}
