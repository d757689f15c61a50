package audit_test

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/keywright/keywright/issuer/audit"
)

type row struct {
	index int64
	leaf  []byte
}

// mapLog is an audit.Log in memory whose parts a test can tamper with.
type mapLog struct {
	rows   []row
	hashes [][32]byte
	signed []string
	sizes  []int64
}

func (l *mapLog) Size(context.Context) (int64, error) { return int64(len(l.rows)), nil }

func (l *mapLog) Leaves(_ context.Context, from int64, f func(int64, []byte) error) error {
	for _, r := range l.rows {
		if r.index < from {
			continue
		}
		if err := f(r.index, r.leaf); err != nil {
			return fmt.Errorf("leaf %d: %w", r.index, err)
		}
	}
	return nil
}

var errNoHash = errors.New("no such hash")

func (l *mapLog) Hashes(_ context.Context, indexes []int64) ([][32]byte, error) {
	var out [][32]byte
	for _, i := range indexes {
		if i >= int64(len(l.hashes)) {
			return nil, errNoHash
		}
		out = append(out, l.hashes[i])
	}
	return out, nil
}

func (l *mapLog) Checkpoints(context.Context) ([]string, error) { return l.signed, nil }

func (l *mapLog) AddCheckpoint(_ context.Context, size int64, signed string) error {
	for _, s := range l.sizes {
		if s == size {
			return nil
		}
	}
	l.sizes, l.signed = append(l.sizes, size), append(l.signed, signed)
	return nil
}

func eventOf(i int64) audit.Event {
	return audit.Event{
		Index: i, At: time.Unix(1_800_000_000+i, 0), Kind: audit.KeyRevoked, Actor: "test",
		Subject: fmt.Sprintf("key%09d", i), Detail: map[string]string{"b": "2", "a": "1"},
	}
}

// grow appends events as a store does.
func (l *mapLog) grow(t testing.TB, n int) {
	t.Helper()
	for range n {
		i := int64(len(l.rows))
		leaf, err := audit.Encode(eventOf(i))
		if err != nil {
			t.Fatal(err)
		}
		l.append(t, i, leaf)
	}
}

func (l *mapLog) append(t testing.TB, i int64, leaf []byte) {
	t.Helper()
	read := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		stored, err := l.Hashes(t.Context(), indexes)
		out := make([]tlog.Hash, len(stored))
		for i := range stored {
			out[i] = stored[i]
		}
		return out, err
	})
	hashes, err := audit.NewHashes(i, leaf, read)
	if err != nil || int64(len(l.hashes)) != audit.HashIndex(i) {
		t.Fatalf("append event %d: %v, %d hashes before it", i, err, len(l.hashes))
	}
	for _, h := range hashes {
		l.hashes = append(l.hashes, h)
	}
	l.rows = append(l.rows, row{i, leaf})
}

// rebuild makes the log consistent with itself again, as an attacker with all of the database can.
func (l *mapLog) rebuild(t testing.TB) {
	t.Helper()
	rows := l.rows
	l.rows, l.hashes = nil, nil
	for i, r := range rows {
		event, err := audit.Decode(r.leaf)
		if err != nil {
			t.Fatal(err)
		}
		event.Index = int64(i)
		leaf, err := audit.Encode(event)
		if err != nil {
			t.Fatal(err)
		}
		l.append(t, int64(i), leaf)
	}
}

func newSigner(t testing.TB, seed string) ed25519.PrivateKey {
	t.Helper()
	signer, err := audit.GenerateSigner(rand.NewChaCha8(sha256.Sum256([]byte(seed))))
	if err != nil {
		t.Fatal(err)
	}
	return signer
}

func seal(t testing.TB, l *mapLog, signer ed25519.PrivateKey) string {
	t.Helper()
	sealer := audit.Sealer{Log: l, Signer: signer, Now: func() time.Time { return time.Unix(1_900_000_000, 0) }}
	signed, err := sealer.Seal(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return signed
}
