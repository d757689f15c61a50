package scanner_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/keywright/keywright/patterns"
	"github.com/keywright/keywright/scanner"
)

// TestFingerprintVectors pins version 1. The plain values were computed with Python's hashlib; the salted one
// is what golang.org/x/crypto v0.58.0 gives, and no second implementation has confirmed it.
func TestFingerprintVectors(t *testing.T) {
	t.Parallel()
	salt := [scanner.SaltSize]byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}
	for _, test := range []struct {
		name, secret, want string
		pattern            *patterns.Pattern
	}{
		{"a secret of high entropy is hashed", "acmep_sample", "fp1_6d260b72fdb1b802813ddecf74a33e30de3a7e57", vendor()},
		{"a rename keeps the name", "acmep_sample", "fp1_6d260b72fdb1b802813ddecf74a33e30de3a7e57", renamed()},
		{"a password is hashed slowly under the salt", "correct-horse-9", "fp1s_1c0a2dd20326eab0d42cea8bfe7390861337ac1f", password()},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if got := scanner.Fingerprint(test.pattern, secretOf(test.secret), salt); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

func renamed() *patterns.Pattern {
	p := vendor()
	p.ID, p.Replaces = "acme.token", []patterns.ID{"acme.pat"}
	return p
}

func TestTheSaltIsOnlyReadWhenASecretNeedsIt(t *testing.T) {
	t.Parallel()
	key := mint(t, own(), "salt")
	missing := errors.New("no such file")
	options := scanner.Options{Fingerprinter: scanner.Fingerprinter{Salt: func() ([scanner.SaltSize]byte, error) {
		return [scanner.SaltSize]byte{}, missing
	}}}
	s := newScanner(t, options)
	r, summary := scan(t, s, &list{blobs: []scanner.Blob{blob("", "a", key)}})
	if !summary.Complete || !strings.HasPrefix(r.findings[0].Fingerprint, "fp1_") {
		t.Errorf("a key of high entropy: %+v", summary)
	}
	r, summary = scan(t, s, &list{blobs: []scanner.Blob{blob("", "a", "password=correct-horse-9")}})
	if summary.Complete || r.findings[0].Fingerprint != "" || r.skips[0].Reason != scanner.SkipUnreadable {
		t.Errorf("a password without a salt: %+v", summary)
	}
}

func TestAFingerprintNamesTheSecretNotThePlace(t *testing.T) {
	t.Parallel()
	s := newScanner(t, scanner.Options{Fingerprinter: scanner.Fingerprinter{Salt: func() ([scanner.SaltSize]byte, error) {
		return [scanner.SaltSize]byte{1}, nil
	}}})
	one := scanText(t, s, "password=correct-horse-9")[0]
	moved := scanText(t, s, "\n\n  password: correct-horse-9")[0]
	other := scanText(t, s, "password=correct-horse-8")[0]
	if one.Fingerprint != moved.Fingerprint || one.Fingerprint == other.Fingerprint || !strings.HasPrefix(one.Fingerprint, "fp1s_") {
		t.Errorf("%s, moved %s, other %s", one.Fingerprint, moved.Fingerprint, other.Fingerprint)
	}
}
