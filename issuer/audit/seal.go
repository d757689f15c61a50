package audit

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"time"

	"golang.org/x/mod/sumdb/tlog"
)

// Sealer signs checkpoints of a log. What it signed and somebody else keeps cannot be changed unseen.
type Sealer struct {
	Log    Log
	Signer ed25519.PrivateKey
	Name   string           // empty: SignerName
	Now    func() time.Time // nil: time.Now
}

// Seal signs a checkpoint if the log grew since the last one, and returns the newest signed one, empty for an
// empty log. Twice, or two at once: the first of a size stays.
//
// Before it signs, it proves from the stored hashes that the log still begins with what the last checkpoint
// signed, so that a rewritten log gets no fresh signature. Errors: *TamperError then. It does not read the
// events: [Verify] does.
func (s Sealer) Seal(ctx context.Context) (string, error) {
	name := s.Name
	if name == "" {
		name = SignerName
	}
	signer, err := newNoteSigner(name, s.Signer)
	if err != nil {
		return "", fmt.Errorf("seal audit log: %w", err)
	}
	last, signed, err := s.last(ctx)
	if err != nil {
		return "", fmt.Errorf("seal audit log: %w", err)
	}
	size, err := s.Log.Size(ctx)
	if err != nil {
		return "", fmt.Errorf("seal audit log: read its size: %w", err)
	}
	if err := s.extends(ctx, last, size); err != nil {
		return "", fmt.Errorf("seal audit log: %w", err)
	}
	if size == last.Size {
		return signed, nil
	}
	root, err := tlog.TreeHash(size, reader(ctx, s.Log))
	if err != nil {
		return "", fmt.Errorf("seal audit log of size %d: %w", size, err)
	}
	signed, err = Checkpoint{Size: size, Root: root, At: s.now()}.sign(signer)
	if err != nil {
		return "", err
	}
	if err := s.Log.AddCheckpoint(ctx, size, signed); err != nil {
		return "", fmt.Errorf("keep checkpoint of size %d: %w", size, err)
	}
	return signed, nil
}

// last is the newest stored checkpoint; its signature must be ours.
func (s Sealer) last(ctx context.Context) (Checkpoint, string, error) {
	stored, err := s.Log.Checkpoints(ctx)
	if err != nil {
		return Checkpoint{}, "", fmt.Errorf("read checkpoints: %w", err)
	}
	if len(stored) == 0 {
		return Checkpoint{}, "", nil
	}
	signed := stored[len(stored)-1]
	checkpoint, err := ParseCheckpoint(signed, PublicKey(s.Signer))
	if err != nil {
		return Checkpoint{}, "", &TamperError{Fault: FaultCheckpoint, Detail: "the last stored checkpoint: " + err.Error()}
	}
	return checkpoint, signed, nil
}

// extends proves that the stored hashes begin with what the checkpoint signed.
func (s Sealer) extends(ctx context.Context, last Checkpoint, size int64) error {
	if size < last.Size {
		return truncated(size, last.Size)
	}
	if last.Size == 0 {
		return nil
	}
	root, err := tlog.TreeHash(last.Size, reader(ctx, s.Log))
	if err != nil {
		return fmt.Errorf("hash the first %d events: %w", last.Size, err)
	}
	if root != last.Root {
		return &TamperError{Fault: FaultRewritten, Detail: fmt.Sprintf("the first %d events are not those that the last checkpoint signed", last.Size)}
	}
	return nil
}

func (s Sealer) now() time.Time {
	if s.Now == nil {
		return time.Now()
	}
	return s.Now()
}
