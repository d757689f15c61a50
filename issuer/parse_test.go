package issuer_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/keywright/keywright/internal/checksum"
	"github.com/keywright/keywright/issuer"
)

func TestParseAcceptsWhatMayStandAroundAKey(t *testing.T) {
	t.Parallel()
	text, _, err := issuer.Mint(newStream("around"), "acme_live", newKeyring(t))
	if err != nil {
		t.Fatal(err)
	}
	key := text.Reveal()
	escaped := ""
	for i := range len(key) {
		escaped += fmt.Sprintf("%%%02x", key[i])
	}
	for _, tc := range []struct{ name, presented string }{
		{"nothing", key},
		{"white space and line ends", " \t" + key + " \r\n"},
		{"a Bearer scheme", "Bearer " + key},
		{"a bearer scheme in other case and with more space", "bEARER \t " + key + "\n"},
		{"a secret-token URI", "secret-token:" + key},
		{"a secret-token URI in upper case", "SECRET-TOKEN:" + key},
		{"a percent-encoded secret-token URI", "secret-token:" + escaped},
		{"an upper-case percent-encoding of the underscore", "secret-token:" + strings.ReplaceAll(key, "_", "%5F")},
		{"a Bearer with a secret-token URI", "Bearer secret-token:" + key},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			parsed, err := issuer.Parse(issuer.Present(tc.presented))
			if err != nil || parsed.Prefix != "acme_live" || !parsed.Canonical.Equal(text) {
				t.Errorf("Parse = %v, %v", parsed, err)
			}
		})
	}
}

func TestParseRejectsWithAReasonAndWithoutAnEcho(t *testing.T) {
	t.Parallel()
	text, id, err := issuer.Mint(newStream("reject"), "acme_live", newKeyring(t))
	if err != nil {
		t.Fatal(err)
	}
	key := text.Reveal()
	flipped := []byte(key)
	flipped[20] = checksum.Base62[(strings.IndexByte(checksum.Base62, flipped[20])+1)%62]
	otherMark := strings.Replace(key[:len(key)-issuer.ChecksumLen], issuer.Mark, "Kw9", 1)
	for _, tc := range []struct {
		name, presented string
		want            issuer.ParseReason
	}{
		{"nothing", "", issuer.ReasonEmpty},
		{"white space only", " \n", issuer.ReasonEmpty},
		{"a scheme only", "Bearer", issuer.ReasonEmpty},
		{"a URI scheme only", "secret-token:", issuer.ReasonEmpty},
		{"more than the cap", strings.Repeat(" ", issuer.MaxPresentedLen) + key, issuer.ReasonTooLong},
		{"longer than a key", key + strings.Repeat("x", 40), issuer.ReasonTooLong},
		{"another scheme", "Basic " + key, issuer.ReasonScheme},
		{"a header's name", "Authorization: Bearer " + key, issuer.ReasonCharset},
		{"two keys", key + " " + key, issuer.ReasonCharset},
		{"a URI in a URI", "secret-token:secret-token:" + key, issuer.ReasonCharset},
		{"a cut escape", "secret-token:" + key[:30] + "%5", issuer.ReasonEncoding},
		{"an escape that is no hexadecimal", "secret-token:" + key[:30] + "%zz", issuer.ReasonEncoding},
		{"an escape outside a URI", strings.ReplaceAll(key, "_", "%5F"), issuer.ReasonCharset},
		{"a NUL inside", key[:30] + "\x00" + key[31:], issuer.ReasonCharset},
		{"a letter that only looks like one", strings.Replace(key, "a", "а", 1), issuer.ReasonCharset},
		{"no prefix", key[strings.LastIndexByte(key, '_')+1:], issuer.ReasonPrefix},
		{"an empty prefix", key[strings.LastIndexByte(key, '_'):], issuer.ReasonPrefix},
		{"an upper-case prefix", "A" + key[1:], issuer.ReasonPrefix},
		{"a prefix with a doubled underscore", "acme_" + key[4:], issuer.ReasonPrefix},
		{"one character short", key[:len(key)-1], issuer.ReasonLength},
		{"one character more", key + "0", issuer.ReasonLength},
		{"another version's mark", otherMark + checksum.CRC32Base62(otherMark, issuer.ChecksumLen), issuer.ReasonMark},
		{"one changed character", string(flipped), issuer.ReasonChecksum},
		{"another family's prefix", "acme_test" + key[len("acme_live"):], issuer.ReasonChecksum},
		{"a checksum over 2^32", key[:len(key)-issuer.ChecksumLen] + "zzzzzz", issuer.ReasonChecksum},
		{"lower-cased by a form", strings.ToLower(key), issuer.ReasonMark},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			parsed, err := issuer.Parse(issuer.Present(tc.presented))
			var parse *issuer.ParseError
			if !errors.As(err, &parse) || parse.Reason != tc.want || parsed != (issuer.Parsed{}) {
				t.Fatalf("Parse = %v, %v; want %s", parsed, err, tc.want)
			}
			if strings.Contains(err.Error(), string(id)) || strings.Contains(err.Error(), "acme") {
				t.Error("the error echoes what was presented")
			}
		})
	}
}

func TestParseRejectsGarbageWithoutMemory(t *testing.T) {
	garbage := issuer.Present(strings.Repeat("x", 60))
	if n := testing.AllocsPerRun(100, func() { _, _ = issuer.Parse(garbage) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzParse(f *testing.F) {
	keyring, err := issuer.GenerateKeyring(newStream("fuzz"))
	if err != nil {
		f.Fatal(err)
	}
	text, _, err := issuer.Mint(newStream("fuzz"), "acme_live", keyring)
	if err != nil {
		f.Fatal(err)
	}
	key := text.Reveal()
	for _, seed := range []string{"", key, "Bearer " + key, "secret-token:%61" + key[1:], key[:40], "Basic x", "%", "bearer", "a_ b"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, presented string) {
		parsed, err := issuer.Parse(issuer.Present(presented))
		var parse *issuer.ParseError
		if err != nil {
			if !errors.As(err, &parse) {
				t.Fatalf("an error of another type: %T", err)
			}
			return
		}
		for _, around := range []string{"%s", " Bearer %s\n", "secret-token:%s"} {
			again, err := issuer.Parse(issuer.Present(fmt.Sprintf(around, parsed.Canonical.Reveal())))
			if err != nil || again.ID != parsed.ID || again.Prefix != parsed.Prefix || !again.Canonical.Equal(parsed.Canonical) {
				t.Fatalf("no round trip in %q: %v", around, err)
			}
		}
		if parsed.Prefix.Valid() != nil || !parsed.ID.Valid() {
			t.Fatal("accepted a bad prefix or id")
		}
	})
}

func BenchmarkParse(b *testing.B) {
	text, _, err := issuer.Mint(newStream("bench"), "acme_live", newKeyring(b))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := issuer.Parse(text); err != nil {
			b.Fatal(err)
		}
	}
}
