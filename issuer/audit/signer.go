package audit

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"

	"golang.org/x/mod/sumdb/note"
)

// SignerName is the name that signatures and public keys carry unless another is set. It is a label: a
// signature is judged by the key alone.
const SignerName = "keywright.audit"

// MaxSignerBytes caps a signing key file.
const MaxSignerBytes = 16 << 10

// GenerateSigner makes a signing key. r must be a CSPRNG.
func GenerateSigner(r io.Reader) (ed25519.PrivateKey, error) {
	seed := make([]byte, ed25519.SeedSize)
	if _, err := io.ReadFull(r, seed); err != nil {
		return nil, fmt.Errorf("generate signing key: read random bytes: %w", err)
	}
	return ed25519.NewKeyFromSeed(seed), nil
}

// PublicKey is the text that a verifier needs: a note verifier key, `keywright.audit+<hash>+<base64>`. It is
// empty for what is not an Ed25519 key.
func PublicKey(signer ed25519.PrivateKey) string {
	text, err := publicKey(SignerName, signer)
	if err != nil {
		return ""
	}
	return text
}

func publicKey(name string, signer ed25519.PrivateKey) (string, error) {
	if len(signer) != ed25519.PrivateKeySize {
		return "", errors.New("the signing key is not an Ed25519 private key")
	}
	public, ok := signer.Public().(ed25519.PublicKey)
	if !ok {
		return "", errors.New("the signing key has no Ed25519 public key")
	}
	return note.NewEd25519VerifierKey(name, public)
}

// MarshalSigner is the key as PEM (PKCS #8), for a file of mode 0600.
func MarshalSigner(signer ed25519.PrivateKey) ([]byte, error) {
	if len(signer) != ed25519.PrivateKeySize {
		return nil, errors.New("marshal signing key: not an Ed25519 private key")
	}
	der, err := x509.MarshalPKCS8PrivateKey(signer)
	if err != nil {
		return nil, fmt.Errorf("marshal signing key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}

// ParseSigner reads what [MarshalSigner] made. Errors never hold any of the file.
func ParseSigner(file []byte) (ed25519.PrivateKey, error) {
	if len(file) > MaxSignerBytes {
		return nil, fmt.Errorf("parse signing key: larger than %d bytes", MaxSignerBytes)
	}
	block, _ := pem.Decode(file)
	if block == nil || block.Type != "PRIVATE KEY" {
		return nil, errors.New("parse signing key: no PEM block of type PRIVATE KEY")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, errors.New("parse signing key: the PEM block is not a PKCS #8 key")
	}
	signer, ok := parsed.(ed25519.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("parse signing key: it is a %T, not an Ed25519 key", parsed)
	}
	return signer, nil
}

// noteSigner signs notes with an Ed25519 key: an algorithm byte is part of the key's hash, not of the signature.
type noteSigner struct {
	note.Verifier
	key ed25519.PrivateKey
}

// Sign implements note.Signer.
func (s noteSigner) Sign(msg []byte) ([]byte, error) { return ed25519.Sign(s.key, msg), nil }

// NoteSigner signs notes of other kinds with the signing key, under the name that its public key carries.
func NoteSigner(key ed25519.PrivateKey) (note.Signer, error) { return newNoteSigner(SignerName, key) }

// ParsePublicKey reads what [PublicKey] made. Signatures of that key are accepted under any name: in a note the name
// is a label.
func ParsePublicKey(text string) (note.Verifiers, error) { return parsePublicKey(text) }

func newNoteSigner(name string, key ed25519.PrivateKey) (note.Signer, error) {
	text, err := publicKey(name, key)
	if err != nil {
		return nil, err
	}
	verifier, err := note.NewVerifier(text)
	if err != nil {
		return nil, err
	}
	return noteSigner{verifier, key}, nil
}
