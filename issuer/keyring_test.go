package issuer_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/keywright/keywright/internal/secret"
	"github.com/keywright/keywright/issuer"
)

func bytesOf(b byte) []byte { return bytes.Repeat([]byte{b}, issuer.MinPepperLen) }

func TestDigestsAreKeyedByTheNewestPepper(t *testing.T) {
	t.Parallel()
	old, err := issuer.NewKeyring(map[int][]byte{1: bytesOf(1)}, map[int][]byte{1: bytesOf(9)})
	if err != nil {
		t.Fatal(err)
	}
	rotated, err := issuer.NewKeyring(map[int][]byte{1: bytesOf(1), 10: bytesOf(10), 9: bytesOf(3)}, map[int][]byte{1: bytesOf(9)})
	if err != nil {
		t.Fatal(err)
	}
	key := secret.New("some key")
	mac := hmac.New(sha256.New, bytesOf(10))
	mac.Write([]byte("some key"))
	digest := rotated.Digest(key)
	if digest.PepperVersion != 10 || !bytes.Equal(digest.Sum[:], mac.Sum(nil)) || rotated.Newest() != 10 {
		t.Errorf("the digest is not HMAC-SHA-256 under pepper 10: %d", digest.PepperVersion)
	}
	if matches, err := rotated.Matches(key, old.Digest(key)); !matches || err != nil {
		t.Errorf("a digest under the old pepper: %v, %v", matches, err)
	}
	if matches, err := rotated.Matches(secret.New("some kez"), digest); matches || err != nil {
		t.Errorf("another key: %v, %v", matches, err)
	}
	if matches, err := old.Matches(key, digest); matches || !errors.Is(err, issuer.ErrPepperMissing) {
		t.Errorf("a pepper that is not there: %v, %v", matches, err)
	}
	if rotated.Check(1) != old.Check(1) || rotated.Check(10) == rotated.Check(1) || old.Check(10) != [32]byte{} {
		t.Error("the pepper check does not name the pepper")
	}
}

func TestTheZeroKeyringMatchesNothing(t *testing.T) {
	t.Parallel()
	var zero issuer.Keyring
	if matches, err := zero.Matches(secret.New("x"), zero.Digest(secret.New("x"))); matches || !errors.Is(err, issuer.ErrPepperMissing) {
		t.Errorf("Matches = %v, %v", matches, err)
	}
	if zero.TagValid("acme", "000000000000") {
		t.Error("a tag is valid without a tag key")
	}
}

func TestTagsOfAllTagKeysAreValid(t *testing.T) {
	t.Parallel()
	peppers := map[int][]byte{1: bytesOf(1)}
	one, err := issuer.NewKeyring(peppers, map[int][]byte{1: bytesOf(1)})
	if err != nil {
		t.Fatal(err)
	}
	both, err := issuer.NewKeyring(peppers, map[int][]byte{1: bytesOf(1), 2: bytesOf(2)})
	if err != nil {
		t.Fatal(err)
	}
	const nine = "abcdefghi"
	tag1, err1 := one.Tag("acme", nine)
	tag2, err2 := both.Tag("acme", nine)
	if err1 != nil || err2 != nil || tag1 == tag2 {
		t.Fatalf("tags %s and %s, %v, %v", tag1, tag2, err1, err2)
	}
	if !both.TagValid("acme", issuer.KeyID(nine+tag1)) || !both.TagValid("acme", issuer.KeyID(nine+tag2)) {
		t.Error("a tag of one of the tag keys is not valid")
	}
	if one.TagValid("acme", issuer.KeyID(nine+tag2)) || both.TagValid("acmf", issuer.KeyID(nine+tag1)) || both.TagValid("acme", "short") {
		t.Error("a foreign tag is valid")
	}
}

func TestKeyringFileRoundTrip(t *testing.T) {
	t.Parallel()
	k, err := issuer.NewKeyring(map[int][]byte{1: bytesOf(1), 2: bytesOf(2)}, map[int][]byte{3: bytesOf(3)})
	if err != nil {
		t.Fatal(err)
	}
	again, err := issuer.ParseKeyring(bytes.ReplaceAll(k.Marshal(), []byte("\n"), []byte("\r\n")))
	if err != nil || !bytes.Equal(again.Marshal(), k.Marshal()) || again.Newest() != 2 || len(again.Versions()) != 2 {
		t.Errorf("round trip: %v", err)
	}
}

func TestKeyringFileErrorsNameTheLineAndNotTheContent(t *testing.T) {
	t.Parallel()
	good := base64.StdEncoding.EncodeToString(bytesOf(1))
	short := base64.StdEncoding.EncodeToString(bytesOf(1)[:31])
	for _, tc := range []struct {
		name, file string
		line       int
		is         error
	}{
		{"an empty file has no pepper", "# nothing\n", 0, issuer.ErrPepperMissing},
		{"a tag key alone has no pepper", "tag 1 " + good, 0, issuer.ErrPepperMissing},
		{"a short pepper is refused", "# c\n\npepper 1 " + short, 3, issuer.ErrPepperShort},
		{"a short tag key is refused", "tag 1 " + short, 1, issuer.ErrTagKeyShort},
		{"version 0 is refused", "pepper 0 " + good, 1, issuer.ErrKeyVersion},
		{"a version that is no number is refused", "pepper one " + good, 1, issuer.ErrKeyVersion},
		{"another word is refused", "salt 1 " + good, 1, nil},
		{"a missing field is refused", "pepper " + good, 1, nil},
		{"what is not base64 is refused", "pepper 1 !" + good, 1, nil},
		{"a version twice is refused", "pepper 1 " + good + "\npepper 1 " + good, 2, nil},
		{"a huge file is refused", strings.Repeat("#", issuer.MaxKeyringBytes+1), 0, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			_, err := issuer.ParseKeyring([]byte(tc.file))
			var keyring *issuer.KeyringError
			if !errors.As(err, &keyring) || keyring.Line != tc.line || (tc.is != nil && !errors.Is(err, tc.is)) {
				t.Fatalf("ParseKeyring = %v", err)
			}
			if strings.Contains(err.Error(), good[:8]) {
				t.Error("the error shows the key")
			}
		})
	}
}

func TestNoWayOfPrintingShowsAKeyring(t *testing.T) {
	t.Parallel()
	raw := []byte("0123456789abcdef-pepper-material")
	k, err := issuer.NewKeyring(map[int][]byte{1: raw}, map[int][]byte{1: raw})
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	holder := struct{ k *issuer.Keyring }{k}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d"} {
		fmt.Fprintf(&out, verb+"\n", k)
		fmt.Fprintf(&out, verb+"\n", holder)
	}
	if err := json.NewEncoder(&out).Encode(k); err != nil {
		t.Fatal(err)
	}
	for _, leak := range []string{string(raw), hex.EncodeToString(raw), fmt.Sprintf("%d", raw), base64.StdEncoding.EncodeToString(raw)} {
		if strings.Contains(out.String(), leak) {
			t.Errorf("printed the pepper in some form of %d bytes", len(leak))
		}
	}
}

func FuzzParseKeyring(f *testing.F) {
	f.Add([]byte("pepper 1 " + base64.StdEncoding.EncodeToString(bytesOf(1)) + "\ntag 1 " + base64.StdEncoding.EncodeToString(bytesOf(2))))
	f.Add([]byte("# x\n\r\ntag"))
	f.Fuzz(func(t *testing.T, file []byte) {
		k, err := issuer.ParseKeyring(file)
		if err != nil {
			return
		}
		again, err := issuer.ParseKeyring(k.Marshal())
		if err != nil || !bytes.Equal(again.Marshal(), k.Marshal()) {
			t.Fatalf("no round trip: %v", err)
		}
	})
}
