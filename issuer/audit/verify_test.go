package audit_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"slices"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/keywright/keywright/issuer/audit"
)

func TestAnUntouchedLogHolds(t *testing.T) {
	t.Parallel()
	for _, events := range []int{0, 1, 2, 3, 7, 8, 9, 255, 256, 600} {
		l, signer := &mapLog{}, newSigner(t, "signer")
		l.grow(t, events/2)
		seal(t, l, signer)
		l.grow(t, events-events/2)
		external := seal(t, l, signer)
		l.grow(t, 3)
		report, err := audit.Verify(t.Context(), l, audit.Options{PublicKey: audit.PublicKey(signer), Checkpoint: external})
		if err != nil {
			t.Fatalf("%d events: %v", events, err)
		}
		read := tlog.HashReaderFunc(func(indexes []int64) (out []tlog.Hash, err error) {
			for _, i := range indexes {
				out = append(out, l.hashes[i])
			}
			return out, nil
		})
		root, err := tlog.TreeHash(int64(len(l.rows)), read)
		if err != nil || report.Root != root.String() || report.Events != int64(events+3) || report.AfterLastCheckpoint != 3 || report.Checkpoints != len(l.signed) {
			t.Errorf("%d events: %+v, %v", events, report, err)
		}
	}
}

func TestTheReportSaysWhenALogIsOnlyConsistentWithItself(t *testing.T) {
	t.Parallel()
	signer := newSigner(t, "signer")
	sealed := &mapLog{}
	sealed.grow(t, 5)
	external := seal(t, sealed, signer)
	unsealed := &mapLog{}
	unsealed.grow(t, 5)
	for _, tc := range []struct {
		name    string
		log     *mapLog
		options audit.Options
		only    bool
		after   int64
	}{
		{"no key", sealed, audit.Options{}, true, 0},
		{"a key and no checkpoint", unsealed, audit.Options{PublicKey: audit.PublicKey(signer)}, true, 5},
		{"a key and a stored checkpoint", sealed, audit.Options{PublicKey: audit.PublicKey(signer)}, false, 0},
		{"an external checkpoint alone", unsealed, audit.Options{Checkpoint: external}, false, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			report, err := audit.Verify(t.Context(), tc.log, tc.options)
			if err != nil || report.SelfConsistentOnly != tc.only || report.AfterLastCheckpoint != tc.after {
				t.Errorf("Verify = %+v, %v", report, err)
			}
		})
	}
}

// TestTamperingIsFound works on 20 events, sealed at 5, 10 and 15.
func TestTamperingIsFound(t *testing.T) {
	t.Parallel()
	edit := func(l *mapLog, i int) {
		l.rows[i].leaf = bytes.Replace(l.rows[i].leaf, []byte(`"actor":"test"`), []byte(`"actor":"mallory"`), 1)
	}
	remove := func(l *mapLog, i int) { l.rows = slices.Delete(l.rows, i, i+1) }
	renumber := func(l *mapLog) {
		for i := range l.rows {
			l.rows[i].index = int64(i)
		}
	}
	for _, tc := range []struct {
		name   string
		tamper func(t *testing.T, l *mapLog)
		fault  audit.Fault
		index  int64
	}{
		{"an edited event", func(_ *testing.T, l *mapLog) { edit(l, 7) }, audit.FaultEdited, 7},
		{"an edited event after the last checkpoint", func(_ *testing.T, l *mapLog) { edit(l, 19) }, audit.FaultEdited, 19},
		{"the first of two edited events", func(_ *testing.T, l *mapLog) { edit(l, 12); edit(l, 3) }, audit.FaultEdited, 3},
		{"an event whose index was edited", func(_ *testing.T, l *mapLog) {
			l.rows[7].leaf = bytes.Replace(l.rows[7].leaf, []byte(`"index":7`), []byte(`"index":8`), 1)
		}, audit.FaultEdited, 7},
		{"an event that is garbage", func(_ *testing.T, l *mapLog) { l.rows[7].leaf = []byte("x") }, audit.FaultEdited, 7},
		{"an edited event with its leaf hash", func(_ *testing.T, l *mapLog) {
			edit(l, 7)
			l.hashes[audit.HashIndex(7)] = tlog.RecordHash(l.rows[7].leaf)
		}, audit.FaultHash, 7},
		{"an edited event with all hashes", func(t *testing.T, l *mapLog) { edit(l, 7); l.rebuild(t) }, audit.FaultRewritten, 5},
		{"a deleted event", func(_ *testing.T, l *mapLog) { remove(l, 7) }, audit.FaultMissing, 7},
		{"a deleted first event", func(_ *testing.T, l *mapLog) { remove(l, 0) }, audit.FaultMissing, 0},
		{"a deleted event, the rest renumbered", func(_ *testing.T, l *mapLog) { remove(l, 7); renumber(l) }, audit.FaultMissing, 7},
		{"a deleted event, all rebuilt", func(t *testing.T, l *mapLog) { remove(l, 7); l.rebuild(t) }, audit.FaultRewritten, 5},
		{"an edited event before a deleted one comes first", func(_ *testing.T, l *mapLog) { edit(l, 6); remove(l, 7) }, audit.FaultEdited, 6},
		{"a deleted tail", func(_ *testing.T, l *mapLog) { l.rows = l.rows[:18] }, audit.FaultTruncated, 18},
		{"a deleted tail below a checkpoint with its hashes", func(_ *testing.T, l *mapLog) {
			l.rows, l.hashes = l.rows[:12], l.hashes[:audit.HashIndex(12)]
		}, audit.FaultTruncated, 12},
		{"an emptied log", func(_ *testing.T, l *mapLog) { l.rows, l.hashes = nil, nil }, audit.FaultTruncated, 0},
		{"two swapped events", func(_ *testing.T, l *mapLog) {
			l.rows[7].leaf, l.rows[8].leaf = l.rows[8].leaf, l.rows[7].leaf
		}, audit.FaultReordered, 7},
		{"two swapped events, all rebuilt", func(t *testing.T, l *mapLog) {
			l.rows[7].leaf, l.rows[8].leaf = l.rows[8].leaf, l.rows[7].leaf
			l.rebuild(t)
		}, audit.FaultRewritten, 5},
		{"an inserted event, all rebuilt", func(t *testing.T, l *mapLog) {
			l.rows = slices.Insert(l.rows, 2, l.rows[19])
			l.rebuild(t)
		}, audit.FaultRewritten, 0},
		{"a changed inner hash", func(_ *testing.T, l *mapLog) { l.hashes[audit.HashIndex(7)+1][0]++ }, audit.FaultHash, 7},
		{"a checkpoint of another log", func(t *testing.T, l *mapLog) {
			other := &mapLog{}
			other.grow(t, 10)
			edit(other, 3)
			other.rebuild(t)
			l.signed[1] = seal(t, other, newSigner(t, "signer"))
		}, audit.FaultRewritten, 5},
		{"swapped checkpoints", func(_ *testing.T, l *mapLog) { l.signed[0], l.signed[1] = l.signed[1], l.signed[0] }, audit.FaultCheckpoint, 0},
		{"a doubled checkpoint", func(_ *testing.T, l *mapLog) { l.signed[1] = l.signed[0] }, audit.FaultCheckpoint, 0},
		{"a checkpoint of another key", func(t *testing.T, l *mapLog) {
			other := &mapLog{}
			other.grow(t, 10)
			l.signed[1] = seal(t, other, newSigner(t, "mallory"))
		}, audit.FaultCheckpoint, 0},
		{"a checkpoint with a changed size", func(_ *testing.T, l *mapLog) {
			l.signed[2] = string(bytes.Replace([]byte(l.signed[2]), []byte("\n15\n"), []byte("\n14\n"), 1))
		}, audit.FaultCheckpoint, 0},
		{"a checkpoint that is garbage", func(_ *testing.T, l *mapLog) { l.signed[2] = "x" }, audit.FaultCheckpoint, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			l, signer := &mapLog{}, newSigner(t, "signer")
			for range 3 {
				l.grow(t, 5)
				seal(t, l, signer)
			}
			l.grow(t, 5)
			options := audit.Options{PublicKey: audit.PublicKey(signer)}
			if _, err := audit.Verify(t.Context(), l, options); err != nil {
				t.Fatalf("before: %v", err)
			}
			tc.tamper(t, l)
			_, err := audit.Verify(t.Context(), l, options)
			var tampered *audit.TamperError
			if !errors.As(err, &tampered) || tampered.Fault != tc.fault || tampered.Index != tc.index {
				t.Errorf("Verify = %v; want %s at %d", err, tc.fault, tc.index)
			}
		})
	}
}

func TestAnExternalCheckpointFindsWhatTheStoreCannot(t *testing.T) {
	t.Parallel()
	signer, mallory := newSigner(t, "signer"), newSigner(t, "mallory")
	build := func(seal1 ed25519.PrivateKey, change bool) (*mapLog, string) {
		l := &mapLog{}
		l.grow(t, 10)
		if change {
			l.rows = slices.Delete(l.rows, 4, 5)
			l.rebuild(t)
			l.grow(t, 1)
		}
		return l, seal(t, l, seal1)
	}
	_, external := build(signer, false)
	for _, tc := range []struct {
		name    string
		by      ed25519.PrivateKey
		key     string
		outside string
		fault   audit.Fault
	}{
		{"a log that was rewritten and sealed by the right key", signer, audit.PublicKey(signer), external, audit.FaultRewritten},
		{"without a public key too", mallory, "", external, audit.FaultRewritten},
		{"a log that was sealed by another key", mallory, audit.PublicKey(signer), "", audit.FaultCheckpoint},
		{"an external checkpoint that is not signed by the key", signer, audit.PublicKey(signer), "x", audit.FaultCheckpoint},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			l, _ := build(tc.by, true)
			_, err := audit.Verify(t.Context(), l, audit.Options{PublicKey: tc.key, Checkpoint: tc.outside})
			var tampered *audit.TamperError
			if !errors.As(err, &tampered) || tampered.Fault != tc.fault {
				t.Errorf("Verify = %v; want %s", err, tc.fault)
			}
		})
	}
}

func TestATamperedLogIsNotSealedAgain(t *testing.T) {
	t.Parallel()
	signer := newSigner(t, "signer")
	for _, tc := range []struct {
		name   string
		tamper func(t *testing.T, l *mapLog)
		fault  audit.Fault
	}{
		{"rewritten history", func(t *testing.T, l *mapLog) {
			l.rows = slices.Delete(l.rows, 4, 5)
			l.rebuild(t)
			l.grow(t, 5)
		}, audit.FaultRewritten},
		{"a deleted tail", func(_ *testing.T, l *mapLog) { l.rows, l.hashes = l.rows[:8], l.hashes[:audit.HashIndex(8)] }, audit.FaultTruncated},
		{"a last checkpoint of another key", func(t *testing.T, l *mapLog) {
			other := &mapLog{}
			other.grow(t, 10)
			l.signed[0] = seal(t, other, newSigner(t, "mallory"))
		}, audit.FaultCheckpoint},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			l := &mapLog{}
			l.grow(t, 10)
			seal(t, l, signer)
			tc.tamper(t, l)
			sealer := audit.Sealer{Log: l, Signer: signer}
			_, err := sealer.Seal(t.Context())
			var tampered *audit.TamperError
			if !errors.As(err, &tampered) || tampered.Fault != tc.fault || len(l.signed) != 1 {
				t.Errorf("Seal = %v; want %s", err, tc.fault)
			}
		})
	}
}

func TestSealSignsOnlyWhenTheLogGrew(t *testing.T) {
	t.Parallel()
	l, signer := &mapLog{}, newSigner(t, "signer")
	if signed := seal(t, l, signer); signed != "" || len(l.signed) != 0 {
		t.Error("an empty log was sealed")
	}
	l.grow(t, 3)
	first := seal(t, l, signer)
	if again := seal(t, l, signer); again != first || len(l.signed) != 1 {
		t.Error("the same log was sealed twice")
	}
	l.grow(t, 1)
	seal(t, l, signer)
	point, err := audit.ParseCheckpoint(l.signed[1], audit.PublicKey(signer))
	if err != nil || point.Size != 4 || point.At.Unix() != 1_900_000_000 {
		t.Errorf("the second checkpoint: %+v, %v", point, err)
	}
	sealer := audit.Sealer{Log: l}
	if _, err := sealer.Seal(t.Context()); err == nil {
		t.Error("sealed without a key")
	}
}

// growingLog appends an event while it is read.
type growingLog struct {
	*mapLog
	t *testing.T
}

func (l growingLog) Leaves(ctx context.Context, from int64, f func(int64, []byte) error) error {
	l.grow(l.t, 1)
	return l.mapLog.Leaves(ctx, from, f)
}

func TestEventsThatAreAppendedMeanwhileAreNoFault(t *testing.T) {
	t.Parallel()
	l, signer := &mapLog{}, newSigner(t, "signer")
	l.grow(t, 7)
	seal(t, l, signer)
	report, err := audit.Verify(t.Context(), growingLog{l, t}, audit.Options{PublicKey: audit.PublicKey(signer)})
	if err != nil || report.Events != 7 {
		t.Errorf("Verify = %+v, %v", report, err)
	}
}
