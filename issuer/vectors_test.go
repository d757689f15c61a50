package issuer_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/keywright/keywright/internal/checksum"
	"github.com/keywright/keywright/internal/secret"
	"github.com/keywright/keywright/issuer"
)

var update = flag.Bool("update", false, "write the golden files anew")

// vectors is testdata/vectors.json. Keys stand in parts, so that no scanner takes the file for a leak.
type vectors struct {
	About         string   `json:"about"`
	TagKey        string   `json:"tag_key_hex"`
	Pepper        string   `json:"pepper_hex"`
	PepperVersion int      `json:"pepper_version"`
	PepperCheck   string   `json:"pepper_check_hex"`
	Mint          []minted `json:"mint"`
	Reject        []reject `json:"reject"`
}

type minted struct {
	Name     string `json:"name"`
	Random   string `json:"random_hex"` // bytes that the random source gives, all of them used
	Prefix   string `json:"prefix"`
	Nine     string `json:"nine"`
	Tag      string `json:"tag"`
	Secret   string `json:"secret"`
	Mark     string `json:"mark"`
	Checksum string `json:"checksum"`
	Digest   string `json:"digest_hex"`
}

// reject is a text, in parts to be joined by nothing, and why it is no key.
type reject struct {
	Name   string   `json:"name"`
	Parts  []string `json:"parts"`
	Reason string   `json:"reason"`
}

func TestPublishedVectorsAreWhatThisPackageDoes(t *testing.T) {
	t.Parallel()
	path := filepath.Join("testdata", "vectors.json")
	got := append(encodeVectors(t, makeVectors(t)), '\n')
	if *update {
		if err := os.WriteFile(path, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs from what this package makes; the format is published, so this is a break of it (-update writes the file)", path)
	}
}

func TestAnIndependentProgramAgreesWithTheVectors(t *testing.T) {
	t.Parallel()
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("python3 is not installed: the second implementation in testdata/check_vectors.py cannot run")
	}
	out, err := exec.CommandContext(t.Context(), python, filepath.Join("testdata", "check_vectors.py")).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "5 keys and 8 rejections hold") {
		t.Errorf("check_vectors.py: %v\n%s", err, out)
	}
}

func makeVectors(t *testing.T) vectors {
	t.Helper()
	tagKey, pepper := make([]byte, 32), make([]byte, 32)
	for i := range 32 {
		tagKey[i], pepper[i] = byte(i), byte(32+i)
	}
	keyring, err := issuer.NewKeyring(map[int][]byte{1: pepper}, map[int][]byte{1: tagKey})
	if err != nil {
		t.Fatal(err)
	}
	check := keyring.Check(1)
	out := vectors{
		About: "Test vectors of the Keywright key format 1, made with public keys that no store may use. A key is " +
			"prefix + '_' + nine + tag + secret + mark + checksum. check_vectors.py is a second implementation.",
		TagKey: hex.EncodeToString(tagKey), Pepper: hex.EncodeToString(pepper), PepperVersion: 1, PepperCheck: hex.EncodeToString(check[:]),
	}
	for _, in := range []struct {
		name, prefix string
		random       []byte
	}{
		{"all zero bytes", "a", make([]byte, 39)},
		{"the last accepted byte", "acme_live", bytes.Repeat([]byte{247}, 39)},
		{"bytes of 248 and more are skipped", "acme_test", append(bytes.Repeat([]byte{255, 248, 61}, 30), make([]byte, 9)...)},
		{"counting bytes", "demo_live", counting(39)},
		{"the longest prefix", "a23456789_b23456789_c234", counting(39)},
	} {
		out.Mint = append(out.Mint, mintVector(t, keyring, in.name, in.prefix, in.random))
	}
	out.Reject = rejectVectors(t, out.Mint[3])
	return out
}

func counting(n int) []byte {
	out := make([]byte, n)
	for i := range out {
		out[i] = byte(6 * i)
	}
	return out
}

func mintVector(t *testing.T, keyring *issuer.Keyring, name, prefix string, random []byte) minted {
	t.Helper()
	source := bytes.NewReader(random)
	key, id, err := issuer.Mint(source, issuer.Prefix(prefix), keyring)
	if err != nil || source.Len() != 0 {
		t.Fatalf("%s: %v, %d bytes left", name, err, source.Len())
	}
	digest := keyring.Digest(key)
	body := key.Reveal()[len(prefix)+1:]
	return minted{
		Name: name, Random: hex.EncodeToString(random), Prefix: prefix,
		Nine: string(id[:issuer.NineLen]), Tag: string(id[issuer.NineLen:]),
		Secret: body[issuer.IDLen : issuer.IDLen+issuer.SecretLen], Mark: issuer.Mark,
		Checksum: body[len(body)-issuer.ChecksumLen:], Digest: hex.EncodeToString(digest.Sum[:]),
	}
}

func rejectVectors(t *testing.T, m minted) []reject {
	t.Helper()
	otherMark := m.Prefix + "_" + m.Nine + m.Tag + m.Secret + "Kw0"
	out := []reject{
		{"nothing", nil, "empty"},
		{"two underscores in a row", []string{"demo__live_", m.Nine, m.Tag, m.Secret, m.Mark, m.Checksum}, "prefix"},
		{"an upper-case prefix", []string{"Demo_live_", m.Nine, m.Tag, m.Secret, m.Mark, m.Checksum}, "prefix"},
		{"a cut key", []string{"demo_live_", m.Nine, m.Tag, m.Secret, m.Mark}, "length"},
		{"another mark with a checksum that holds", []string{"demo_live_", m.Nine, m.Tag, m.Secret, "Kw0", checksum.CRC32Base62(otherMark, issuer.ChecksumLen)}, "mark"},
		{"another prefix", []string{"demo_test_", m.Nine, m.Tag, m.Secret, m.Mark, m.Checksum}, "checksum"},
		{"a checksum over 2^32", []string{"demo_live_", m.Nine, m.Tag, m.Secret, m.Mark, "zzzzzz"}, "checksum"},
		{"a hyphen", []string{"demo-live_", m.Nine, m.Tag, m.Secret, m.Mark, m.Checksum}, "charset"},
	}
	for _, r := range out {
		var parse *issuer.ParseError
		if _, err := issuer.Parse(secret.New(strings.Join(r.Parts, ""))); !errors.As(err, &parse) || string(parse.Reason) != r.Reason {
			t.Errorf("%s: Parse = %v, want %s", r.Name, err, r.Reason)
		}
	}
	return out
}

func encodeVectors(t *testing.T, v vectors) []byte {
	t.Helper()
	out, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return out
}
