//go:build !race

package issuer_test

import (
	"testing"

	"github.com/keywright/keywright/issuer"
)

// Not under the race detector: there a sync.Pool forgets some of what it is given, on purpose.
// TestACachedVerificationCostsNoMemory is a promise of the figures' table.
func TestACachedVerificationCostsNoMemory(t *testing.T) {
	v, text := cachedVerifier(t)
	ctx := t.Context()
	allocs := testing.AllocsPerRun(100, func() {
		if d := v.Verify(ctx, text, issuer.Request{Scopes: []issuer.Scope{"orders:read"}}); !d.Valid() {
			t.Fatal(d.Code, d.Err)
		}
	})
	if allocs != 0 {
		t.Errorf("%v allocations", allocs)
	}
}
