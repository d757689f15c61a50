package audit

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Origin is the first line of a checkpoint: what log it is of, in which version.
const Origin = "keywright.audit/1"

// MaxCheckpointBytes caps a signed checkpoint; one of ours has about 250.
const MaxCheckpointBytes = 4096

// Checkpoint says what the log was at some time.
type Checkpoint struct {
	Size int64 // events
	Root tlog.Hash
	At   time.Time // UTC, seconds
}

// text is the signed text: origin, size, root, time, each a line.
func (c Checkpoint) text() string {
	return fmt.Sprintf("%s\n%d\n%s\n%s\n", Origin, c.Size, c.Root, c.At.UTC().Format(time.RFC3339))
}

func (c Checkpoint) sign(signer note.Signer) (string, error) {
	signed, err := note.Sign(&note.Note{Text: c.text()}, signer)
	if err != nil {
		return "", fmt.Errorf("sign checkpoint of size %d: %w", c.Size, err)
	}
	return string(signed), nil
}

// ErrUnsigned says that a checkpoint has no signature of the key.
var ErrUnsigned = errors.New("no valid signature of the public key")

// ParseCheckpoint reads a signed checkpoint. With a public key (of [PublicKey]) its signature must hold;
// without one the signature is not looked at, and the checkpoint proves no more than whoever handed it over.
//
// Errors: ErrUnsigned, or what is wrong with the text.
func ParseCheckpoint(signed, publicKey string) (Checkpoint, error) {
	if len(signed) > MaxCheckpointBytes {
		return Checkpoint{}, fmt.Errorf("parse checkpoint: larger than %d bytes", MaxCheckpointBytes)
	}
	known := note.VerifierList()
	if publicKey != "" {
		verifiers, err := parsePublicKey(publicKey)
		if err != nil {
			return Checkpoint{}, err
		}
		known = verifiers
	}
	opened, err := note.Open([]byte(signed), known)
	var unverified *note.UnverifiedNoteError
	switch {
	case err == nil:
		return parseCheckpointText(opened.Text)
	case errors.As(err, &unverified) && publicKey == "":
		return parseCheckpointText(unverified.Note.Text)
	case errors.As(err, &unverified), errors.As(err, new(*note.InvalidSignatureError)):
		return Checkpoint{}, fmt.Errorf("parse checkpoint: %w", ErrUnsigned)
	default:
		return Checkpoint{}, fmt.Errorf("parse checkpoint: %w", err)
	}
}

func parseCheckpointText(text string) (Checkpoint, error) {
	lines := strings.Split(text, "\n")
	if len(lines) != 5 || lines[0] != Origin || lines[4] != "" {
		return Checkpoint{}, fmt.Errorf("parse checkpoint: it is not one of %s", Origin)
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || size < 0 || strconv.FormatInt(size, 10) != lines[1] {
		return Checkpoint{}, errors.New("parse checkpoint: the second line is not a size")
	}
	root, err := tlog.ParseHash(lines[2])
	if err != nil {
		return Checkpoint{}, errors.New("parse checkpoint: the third line is not a root")
	}
	at, err := time.Parse(time.RFC3339, lines[3])
	if err != nil {
		return Checkpoint{}, errors.New("parse checkpoint: the fourth line is not a time")
	}
	return Checkpoint{Size: size, Root: root, At: at.UTC()}, nil
}

// anyName accepts signatures of one key under any name: in a note the name is a label, and a store that was
// sealed under another label must not look forged.
type anyName struct{ key ed25519.PublicKey }

// Verifier implements note.Verifiers.
func (a anyName) Verifier(name string, hash uint32) (note.Verifier, error) {
	unknown := &note.UnknownVerifierError{Name: name, KeyHash: hash}
	text, err := note.NewEd25519VerifierKey(name, a.key)
	if err != nil {
		return nil, unknown
	}
	verifier, err := note.NewVerifier(text)
	if err != nil || verifier.KeyHash() != hash {
		return nil, unknown
	}
	return verifier, nil
}

// parsePublicKey reads the text form: name "+" hash "+" base64 of an algorithm byte and the key.
func parsePublicKey(text string) (note.Verifiers, error) {
	text = strings.TrimSpace(text)
	if _, err := note.NewVerifier(text); err != nil { // checks the hash and the algorithm too
		return nil, fmt.Errorf("parse public key: %w", err)
	}
	fields := strings.SplitN(text, "+", 3)
	raw, err := base64.StdEncoding.DecodeString(fields[len(fields)-1])
	if err != nil || len(raw) != 1+ed25519.PublicKeySize {
		return nil, errors.New("parse public key: not an Ed25519 key")
	}
	return anyName{ed25519.PublicKey(raw[1:])}, nil
}
