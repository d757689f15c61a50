package storetest

import (
	"crypto/rand"
	"errors"
	"slices"
	"testing"

	"github.com/keywright/keywright/issuer"
	"github.com/keywright/keywright/issuer/audit"
)

func logCases() cases {
	return cases{
		"AnEmptyLogHasSizeZero": func(t *testing.T, b Backend) {
			if got := get(b.Log.Size(t.Context()))(t); got != 0 {
				t.Errorf("size = %d", got)
			}
			if got := get(b.Log.Checkpoints(t.Context()))(t); len(got) != 0 {
				t.Errorf("checkpoints = %v", got)
			}
			verifyTree(t, b)
		},
		"AuditTreeVerifies": func(t *testing.T, b Backend) {
			withFamily(t, b)
			for n := range 20 {
				must(t, b.Keys.CreateKey(t.Context(), newKey(n), act("")))
			}
			if got := get(b.Log.Size(t.Context()))(t); got != 21 {
				t.Errorf("size = %d", got)
			}
			verifyTree(t, b)
		},
		"LeavesBeginWhereAskedAndStopWithTheCaller": func(t *testing.T, b Backend) {
			withFamily(t, b)
			for n := range 5 {
				must(t, b.Keys.CreateKey(t.Context(), newKey(n), act("")))
			}
			var got []int64
			enough := errors.New("enough")
			err := b.Log.Leaves(t.Context(), 2, func(index int64, _ []byte) error {
				got = append(got, index)
				if index == 4 {
					return enough
				}
				return nil
			})
			if !errors.Is(err, enough) || !slices.Equal(got, []int64{2, 3, 4}) {
				t.Errorf("leaves %v, %v", got, err)
			}
		},
		"HashesComeInTheOrderAsked": func(t *testing.T, b Backend) {
			withFamily(t, b)
			must(t, b.Keys.CreateKey(t.Context(), newKey(1), act("")))
			up := get(b.Log.Hashes(t.Context(), []int64{0, 1, 2}))(t)
			down := get(b.Log.Hashes(t.Context(), []int64{2, 1, 0, 2}))(t)
			if up[0] != down[2] || up[1] != down[1] || up[2] != down[0] || down[0] != down[3] || up[0] == up[1] {
				t.Errorf("up %x, down %x", up, down)
			}
			if _, err := b.Log.Hashes(t.Context(), []int64{0, 3}); !errors.Is(err, issuer.ErrNotFound) {
				t.Errorf("a hash that is not there: %v", err)
			}
		},
		"ASealedLogVerifiesWithItsKey": func(t *testing.T, b Backend) {
			signer := get(audit.GenerateSigner(rand.Reader))(t)
			sealer := audit.Sealer{Log: b.Log, Signer: signer}
			withFamily(t, b)
			get(sealer.Seal(t.Context()))(t)
			must(t, b.Keys.CreateKey(t.Context(), newKey(1), act("")))
			outside := get(sealer.Seal(t.Context()))(t)
			must(t, b.Keys.CreateKey(t.Context(), newKey(2), act("")))
			options := audit.Options{PublicKey: audit.PublicKey(signer), Checkpoint: outside}
			report := get(audit.Verify(t.Context(), b.Log, options))(t)
			if report.Events != 3 || report.Checkpoints != 2 || report.AfterLastCheckpoint != 1 || report.SelfConsistentOnly {
				t.Errorf("report = %+v", report)
			}
		},
		"TheFirstCheckpointOfASizeStays": func(t *testing.T, b Backend) {
			for _, c := range []struct {
				size   int64
				signed string
			}{{2, "two\n"}, {1, "one\n"}, {2, "another two\n"}} {
				must(t, b.Log.AddCheckpoint(t.Context(), c.size, c.signed))
			}
			if got := get(b.Log.Checkpoints(t.Context()))(t); !slices.Equal(got, []string{"one\n", "two\n"}) {
				t.Errorf("checkpoints = %q", got)
			}
		},
	}
}

// verifyTree compares every stored hash with the stored leaves.
func verifyTree(t *testing.T, b Backend) {
	t.Helper()
	report := get(audit.Verify(t.Context(), b.Log, audit.Options{}))(t)
	if size := get(b.Log.Size(t.Context()))(t); report.Events != size {
		t.Errorf("%d events verified of %d", report.Events, size)
	}
}
