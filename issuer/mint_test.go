package issuer_test

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/keywright/keywright/internal/checksum"
	"github.com/keywright/keywright/issuer"
)

func TestPrefixGrammar(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name   string
		prefix issuer.Prefix
		valid  bool
	}{
		{"one letter is enough", "a", true},
		{"words are joined by single underscores", "acme_live_2", true},
		{"24 bytes are allowed", issuer.Prefix(strings.Repeat("a", 24)), true},
		{"25 bytes are too many", issuer.Prefix(strings.Repeat("a", 25)), false},
		{"empty is refused", "", false},
		{"a digit at the start is refused", "1acme", false},
		{"an underscore at the start is refused", "_acme", false},
		{"an underscore at the end is refused", "acme_", false},
		{"two underscores in a row are refused", "acme__live", false},
		{"upper case is refused", "Acme", false},
		{"a hyphen is refused", "acme-live", false},
		{"other letters are refused", "äcme", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			err := tc.prefix.Valid()
			if (err == nil) != tc.valid || (err != nil && !errors.Is(err, issuer.ErrPrefix)) {
				t.Errorf("Valid() = %v", err)
			}
		})
	}
}

func TestMintedKeysHaveTheFormatAndParseBack(t *testing.T) {
	t.Parallel()
	keyring, random := newKeyring(t), newStream("mint")
	for _, prefix := range []issuer.Prefix{"a", "acme_live", "a_b_c_d_e_f_g_h_i_j_k_24"} {
		format := issuer.FormatOf(prefix)
		shape := regexp.MustCompile(`^` + format.Regexp + `$`)
		for range 200 {
			key, id, err := issuer.Mint(random, prefix, keyring)
			if err != nil {
				t.Fatal(err)
			}
			parsed, err := issuer.Parse(key)
			if err != nil || parsed.Prefix != prefix || parsed.ID != id || !parsed.Canonical.Equal(key) {
				t.Fatalf("a minted key of %s parsed as %v, %v", prefix, parsed, err)
			}
			if key.Len() != format.Length || key.Len() > issuer.MaxKeyLen || !shape.MatchString(key.Reveal()) {
				t.Fatalf("a minted key of %s has not the shape that Format says", prefix)
			}
			if !keyring.TagValid(prefix, id) || !id.Valid() {
				t.Fatalf("the tag of %s does not hold", id)
			}
		}
	}
}

func TestMintSkipsBytesThatWouldFavourSomeCharacters(t *testing.T) {
	t.Parallel()
	// 248..255 are skipped; 0 and 247 are the first and the last character of the alphabet.
	in := append(bytes.Repeat([]byte{248, 255}, 20), bytes.Repeat([]byte{0, 247}, 40)...)
	key, id, err := issuer.Mint(bytes.NewReader(in), "acme", newKeyring(t))
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Repeat(checksum.Base62[:1]+checksum.Base62[61:], 20)[:issuer.NineLen]
	if string(id[:issuer.NineLen]) != want || !strings.Contains(key.Reveal(), "z0z0z0z0z0z0z0z0z0z0z0z0z0z0z0"+issuer.Mark) {
		t.Errorf("the id begins with %s, want %s", id[:issuer.NineLen], want)
	}
}

func TestMintFailsWithoutGoodInput(t *testing.T) {
	t.Parallel()
	keyring := newKeyring(t)
	stuck := errors.New("no entropy today")
	for _, tc := range []struct {
		name   string
		random io.Reader
		prefix issuer.Prefix
		tags   *issuer.Keyring
		want   error
	}{
		{"a bad prefix is refused", newStream(""), "Acme", keyring, issuer.ErrPrefix},
		{"no keyring is no tag key", newStream(""), "acme", nil, issuer.ErrNoTagKey},
		{"the zero keyring has no tag key", newStream(""), "acme", &issuer.Keyring{}, issuer.ErrNoTagKey},
		{"an error of the random source comes through", iotest.ErrReader(stuck), "acme", keyring, stuck},
		{"a short random source is an error", strings.NewReader("short"), "acme", keyring, io.ErrUnexpectedEOF},
		{"a random source that is stuck ends", stuckReader(255), "acme", keyring, issuer.ErrRandom},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			key, id, err := issuer.Mint(tc.random, tc.prefix, tc.tags)
			if !errors.Is(err, tc.want) || key.Len() != 0 || id != "" {
				t.Errorf("Mint = %v, %q, %v; want %v", key, id, err, tc.want)
			}
		})
	}
}

type stuckReader byte

func (s stuckReader) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(s)
	}
	return len(p), nil
}

func TestTheExampleOfAFormatHasTheShapeAndIsNoKey(t *testing.T) {
	t.Parallel()
	format := issuer.FormatOf("acme_live")
	if !regexp.MustCompile(format.Regexp).MatchString(format.Example) {
		t.Errorf("%s does not match %s", format.Example, format.Regexp)
	}
	var parse *issuer.ParseError
	if _, err := issuer.Parse(issuer.Present(format.Example)); !errors.As(err, &parse) || parse.Reason != issuer.ReasonChecksum {
		t.Errorf("the example parses as %v", err)
	}
	sum := 1 // the underscore
	for _, field := range format.Fields {
		sum += field.Length
	}
	if sum != format.Length || format.EntropyBits < 178.6 || format.EntropyBits > 178.7 {
		t.Errorf("%d bytes in the fields of %d, %f bits", sum, format.Length, format.EntropyBits)
	}
}

func BenchmarkMint(b *testing.B) {
	keyring, random := newKeyring(b), newStream("bench")
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := issuer.Mint(random, "acme_live", keyring); err != nil {
			b.Fatal(err)
		}
	}
}
