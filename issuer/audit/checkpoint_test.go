package audit_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/keywright/keywright/issuer/audit"
)

func TestACheckpointIsASignedNoteThatOthersCanCheck(t *testing.T) {
	t.Parallel()
	l, signer := &mapLog{}, newSigner(t, "signer")
	l.grow(t, 3)
	signed := seal(t, l, signer)
	verifier, err := note.NewVerifier(audit.PublicKey(signer))
	if err != nil {
		t.Fatal(err)
	}
	opened, err := note.Open([]byte(signed), note.VerifierList(verifier))
	if err != nil || !strings.HasPrefix(opened.Text, audit.Origin+"\n3\n") {
		t.Errorf("note.Open = %v", err)
	}
}

func TestASealUnderAnotherNameIsJudgedByItsKey(t *testing.T) {
	t.Parallel()
	l, signer := &mapLog{}, newSigner(t, "signer")
	l.grow(t, 3)
	sealer := audit.Sealer{Log: l, Signer: signer, Name: "example.org/keys", Now: time.Now}
	signed, err := sealer.Seal(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := audit.ParseCheckpoint(signed, audit.PublicKey(signer)); err != nil {
		t.Errorf("the right key: %v", err)
	}
	if _, err := audit.ParseCheckpoint(signed, audit.PublicKey(newSigner(t, "mallory"))); !errors.Is(err, audit.ErrUnsigned) {
		t.Errorf("another key: %v", err)
	}
}

func TestCheckpointsWithBadTextAreRefused(t *testing.T) {
	t.Parallel()
	root := strings.Repeat("A", 43) + "="
	good := audit.Origin + "\n3\n" + root + "\n2026-11-24T07:00:00Z\n"
	signature := "\n— x AAAAAAAA\n"
	if _, err := audit.ParseCheckpoint(good+signature, ""); err != nil {
		t.Fatalf("the good one: %v", err)
	}
	for name, text := range map[string]string{
		"another origin":   strings.Replace(good, "/1", "/2", 1) + signature,
		"a negative size":  strings.Replace(good, "\n3\n", "\n-3\n", 1) + signature,
		"a padded size":    strings.Replace(good, "\n3\n", "\n03\n", 1) + signature,
		"a short root":     strings.Replace(good, "AAAA", "", 1) + signature,
		"no time":          strings.Replace(good, "2026", "soon", 1) + signature,
		"one line more":    good + "more\n" + signature,
		"no signature":     good,
		"nothing":          "",
		"more than a note": strings.Repeat("x", audit.MaxCheckpointBytes+1),
	} {
		if _, err := audit.ParseCheckpoint(text, ""); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
	if _, err := audit.ParseCheckpoint(good+signature, "keywright.audit+00000000+AAAA"); err == nil {
		t.Error("a bad public key was accepted")
	}
}

func FuzzParseCheckpoint(f *testing.F) {
	l, signer := &mapLog{}, newSigner(f, "signer")
	l.grow(f, 3)
	f.Add(seal(f, l, signer))
	f.Add("")
	f.Add(audit.Origin + "\n0\n\n\n\n— x AAAAAAAA\n")
	f.Fuzz(func(t *testing.T, signed string) {
		point, err := audit.ParseCheckpoint(signed, "")
		if err != nil {
			return
		}
		text := fmt.Sprintf("%s\n%d\n%s\n", audit.Origin, point.Size, point.Root)
		if !strings.HasPrefix(signed, text) {
			t.Fatal("the text was read as something else")
		}
	})
}

func TestSignerFileRoundTrip(t *testing.T) {
	t.Parallel()
	signer := newSigner(t, "signer")
	file, err := audit.MarshalSigner(signer)
	if err != nil {
		t.Fatal(err)
	}
	again, err := audit.ParseSigner(file)
	if err != nil || !bytes.Equal(again, signer) || audit.PublicKey(again) != audit.PublicKey(signer) {
		t.Errorf("ParseSigner: %v", err)
	}
	if _, err := audit.MarshalSigner(nil); err == nil {
		t.Error("no key was marshalled")
	}
	if audit.PublicKey(nil) != "" {
		t.Error("no key has a public key")
	}
}

func TestBadSignerFilesAreRefusedWithoutAnEcho(t *testing.T) {
	t.Parallel()
	file, err := audit.MarshalSigner(newSigner(t, "signer"))
	if err != nil {
		t.Fatal(err)
	}
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(other)
	if err != nil {
		t.Fatal(err)
	}
	for name, bad := range map[string][]byte{
		"nothing":               nil,
		"no PEM":                []byte("secretsecret"),
		"another PEM type":      bytes.ReplaceAll(file, []byte("PRIVATE KEY"), []byte("SECRET KEY")),
		"a PEM that is cut":     pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("secretsecret")}),
		"another kind of key":   pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}),
		"larger than a key is":  bytes.Repeat([]byte("x"), audit.MaxSignerBytes+1),
		"a key after the limit": append(bytes.Repeat([]byte("\n"), audit.MaxSignerBytes), file...),
	} {
		if _, err := audit.ParseSigner(bad); err == nil || strings.Contains(err.Error(), "secretsecret") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := audit.GenerateSigner(strings.NewReader("short")); err == nil {
		t.Error("a short random source was enough")
	}
}
