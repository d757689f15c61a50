package limit_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/keywright/keywright/issuer"
	"github.com/keywright/keywright/issuer/limit"
)

func newLocal(t testing.TB, l limit.Limit, now func() time.Time) *limit.Local {
	t.Helper()
	local, err := limit.NewLocal(l, now)
	if err != nil {
		t.Fatal(err)
	}
	return local
}

func TestLocalCountsEachKeyForItself(t *testing.T) {
	t.Parallel()
	local := newLocal(t, perWindow(t, 4, time.Minute, 2), func() time.Time { return start })
	for i, want := range []bool{true, true, false} {
		for _, key := range []issuer.KeyID{"a", "b"} {
			if result, err := local.Allow(t.Context(), key, 1); err != nil || result.Allowed != want {
				t.Errorf("call %d of %s: %+v, %v", i, key, result, err)
			}
		}
	}
}

func TestLocalAdmitsNoMoreUnderConcurrency(t *testing.T) {
	t.Parallel()
	local := newLocal(t, perWindow(t, 100, time.Minute, 50), func() time.Time { return start })
	var admitted atomic.Int64
	var calls sync.WaitGroup
	for range 8 {
		calls.Go(func() {
			for range 100 {
				if result, err := local.Allow(context.Background(), "k", 1); err == nil && result.Allowed {
					admitted.Add(1)
				}
			}
		})
	}
	calls.Wait()
	if admitted.Load() != 50 {
		t.Errorf("%d admitted", admitted.Load())
	}
}

func TestLocalForgetsIdleKeysAndNoOthers(t *testing.T) {
	t.Parallel()
	now := start
	local := newLocal(t, perWindow(t, 2, time.Minute, 1), func() time.Time { return now })
	local.HoldAtMost(20)
	full := false
	for i := 0; i < limit.MaxLocalKeys+1 && !full; i++ {
		_, err := local.Allow(t.Context(), issuer.KeyID(fmt.Sprint(i)), 1)
		full = errors.Is(err, limit.ErrFull)
		if err != nil && !full {
			t.Fatal(err)
		}
	}
	if !full {
		t.Fatal("the memory has no bound")
	}
	if result, err := local.Allow(t.Context(), "0", 1); err != nil || result.Allowed {
		t.Errorf("a key in use was forgotten: %+v, %v", result, err)
	}
	now = now.Add(time.Hour)
	for i := range 200 { // far fewer than fill a shard by themselves
		if result, err := local.Allow(t.Context(), issuer.KeyID(fmt.Sprint("new", i)), 1); err != nil || !result.Allowed {
			t.Fatalf("idle keys keep their place: %v", err)
		}
	}
}

func TestLocalRefuses(t *testing.T) {
	t.Parallel()
	local := newLocal(t, perWindow(t, 2, time.Minute, 1), func() time.Time { return start })
	if _, err := local.Allow(t.Context(), "a", 0); !errors.Is(err, limit.ErrCost) {
		t.Errorf("a cost of 0: %v", err)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := local.Allow(cancelled, "a", 1); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if result, err := local.Allow(t.Context(), "a", 1); err != nil || !result.Allowed {
		t.Errorf("a refused call took a token: %+v, %v", result, err)
	}
	if _, err := limit.NewLocal(limit.Limit{}, time.Now); !errors.Is(err, limit.ErrLimit) {
		t.Errorf("the zero limit: %v", err)
	}
}

func TestHeadersTellTheClient(t *testing.T) {
	t.Parallel()
	l := perWindow(t, 100, time.Minute, 50)
	for _, tc := range []struct {
		name       string
		decision   limit.Decision
		rate       string
		retryAfter string
	}{
		{"an admitted call", limit.Decision{Allowed: true, Remaining: 42, ResetAfter: 17500 * time.Millisecond}, `"default";r=42;t=18`, ""},
		{"a denied call waits whole seconds", limit.Decision{RetryAfter: 1, ResetAfter: time.Minute}, `"default";r=0;t=60`, "1"},
		{"a call that never fits is not told to wait", limit.Decision{Never: true, Remaining: 50}, `"default";r=50;t=0`, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			header := http.Header{}
			limit.SetHeaders(header, limit.Result{Decision: tc.decision, Limit: l})
			if header.Get("RateLimit-Policy") != `"default";q=100;w=60` || header.Get("RateLimit") != tc.rate || header.Get("Retry-After") != tc.retryAfter {
				t.Errorf("headers %v", header)
			}
		})
	}
}

func BenchmarkLocal(b *testing.B) {
	local := newLocal(b, perWindow(b, 1000, time.Second, 500), time.Now)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := local.Allow(b.Context(), "key", 1); err != nil {
			b.Fatal(err)
		}
	}
}
