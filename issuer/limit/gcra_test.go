package limit_test

import (
	"errors"
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/keywright/keywright/issuer/limit"
)

var start = time.Date(2026, 11, 24, 7, 0, 0, 0, time.UTC)

func perWindow(t testing.TB, quota int, window time.Duration, burst int) limit.Limit {
	t.Helper()
	l, err := limit.PerWindow("default", quota, window, burst)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestNoWindowAdmitsMoreThanItsQuota(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		quota := rapid.IntRange(1, 20).Draw(t, "quota")
		burst := rapid.IntRange(1, quota).Draw(t, "burst")
		window := time.Duration(rapid.Int64Range(1, 200).Draw(t, "window"))
		l, err := limit.PerWindow("p", quota, window, burst)
		if err != nil {
			t.Fatal(err)
		}
		var state limit.State
		var admitted []time.Time // one per token
		now := start
		for range rapid.IntRange(1, 200).Draw(t, "calls") {
			now = now.Add(time.Duration(rapid.Int64Range(0, 2*int64(window)/int64(quota)+1).Draw(t, "gap")))
			cost := rapid.IntRange(1, burst).Draw(t, "cost")
			var decision limit.Decision
			if state, decision = limit.Decide(now, state, l, cost); decision.Allowed {
				for range cost {
					admitted = append(admitted, now)
				}
			}
		}
		for i := range admitted { // the window that begins at each admission
			inside := 0
			for _, at := range admitted[i:] {
				if at.Sub(admitted[i]) < window {
					inside++
				}
			}
			if inside > quota {
				t.Fatalf("%d of %d in a window of %d ns that begins at token %d, with %+v", inside, quota, window, i, l)
			}
		}
	})
}

func TestASteadyClientUnderTheRateIsNeverDenied(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		quota := rapid.IntRange(1, 50).Draw(t, "quota")
		l, err := limit.PerWindow("p", quota, time.Duration(rapid.Int64Range(1, 1e6).Draw(t, "window")), rapid.IntRange(1, quota).Draw(t, "burst"))
		if err != nil {
			t.Fatal(err)
		}
		var state limit.State
		now := start
		for i := range 300 {
			now = now.Add(l.Interval + time.Duration(rapid.Int64Range(0, 3).Draw(t, "jitter")))
			var decision limit.Decision
			if state, decision = limit.Decide(now, state, l, 1); !decision.Allowed {
				t.Fatalf("call %d was denied with %+v", i, l)
			}
		}
	})
}

func TestRetryAfterIsTheFirstMomentThatAdmits(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		l := perWindowIn(t)
		state, now := limit.State{}, start
		for range 100 {
			cost := rapid.IntRange(1, l.Burst).Draw(t, "cost")
			next, decision := limit.Decide(now, state, l, cost)
			if !decision.Allowed {
				if _, early := limit.Decide(now.Add(decision.RetryAfter-1), next, l, cost); early.Allowed {
					t.Fatal("admitted before Retry-After")
				}
				now = now.Add(decision.RetryAfter)
				if next, decision = limit.Decide(now, next, l, cost); !decision.Allowed {
					t.Fatal("denied after Retry-After")
				}
			}
			if ask, asked := limit.Decide(now, next, l, 0); !asked.Allowed || ask != next || asked.Remaining != decision.Remaining {
				t.Fatalf("a cost of 0 changes the state: %+v", asked)
			}
			state = next
		}
	})
}

func perWindowIn(t *rapid.T) limit.Limit {
	quota := rapid.IntRange(1, 20).Draw(t, "quota")
	l, err := limit.PerWindow("p", quota, time.Duration(rapid.Int64Range(1, 1e9).Draw(t, "window")), rapid.IntRange(1, quota).Draw(t, "burst"))
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestABurstOfTheWholeQuotaGivesOneTokenPerWindow(t *testing.T) {
	t.Parallel()
	l := perWindow(t, 10, 10*time.Second, 10)
	state, now, admitted := limit.State{}, start, 0
	for range 100 { // 10 s in steps of 100 ms
		var decision limit.Decision
		if state, decision = limit.Decide(now, state, l, 1); decision.Allowed {
			admitted++
		}
		now = now.Add(100 * time.Millisecond)
	}
	if admitted != 10 || l.Interval != 10*time.Second {
		t.Errorf("%d admitted, one token each %s", admitted, l.Interval)
	}
}

func TestAClockThatStepsBackLocksOutForOneBurst(t *testing.T) {
	t.Parallel()
	l := perWindow(t, 10, 10*time.Second, 5)
	state, _ := limit.Decide(start.Add(time.Hour), limit.State{}, l, 5)
	state, decision := limit.Decide(start, state, l, 1)
	if decision.Allowed || decision.RetryAfter != l.Interval {
		t.Fatalf("after the step: %+v", decision)
	}
	if _, decision = limit.Decide(start.Add(l.Interval), state, l, 1); !decision.Allowed {
		t.Errorf("one interval later: %+v", decision)
	}
}

func TestWhatCanNeverBeAdmittedSaysSo(t *testing.T) {
	t.Parallel()
	l := perWindow(t, 10, 10*time.Second, 5)
	for _, tc := range []struct {
		name  string
		limit limit.Limit
		cost  int
	}{
		{"a cost over the burst", l, 6},
		{"a cost that would overflow", l, math.MaxInt},
		{"a negative cost", l, -1},
		{"the zero limit", limit.Limit{}, 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if _, decision := limit.Decide(start, limit.State{}, tc.limit, tc.cost); decision.Allowed || !decision.Never || decision.RetryAfter != 0 {
				t.Errorf("Decide = %+v", decision)
			}
		})
	}
}

func TestLimitsThatContradictThemselvesAreRefused(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name  string
		limit limit.Limit
	}{
		{"the zero limit", limit.Limit{}},
		{"no name", limit.Limit{Quota: 1, Window: 1, Burst: 1, Interval: 1}},
		{"a name with a quote", limit.Limit{Name: `a"`, Quota: 1, Window: 1, Burst: 1, Interval: 1}},
		{"a burst over the quota", limit.Limit{Name: "a", Quota: 1, Window: 1, Burst: 2, Interval: 1}},
		{"no window", limit.Limit{Name: "a", Quota: 1, Burst: 1, Interval: 1}},
		{"the textbook's choice, which admits 19 of 10", limit.Limit{Name: "a", Quota: 10, Window: 10 * time.Second, Burst: 10, Interval: time.Second}},
		{"a window that overflows", limit.Limit{Name: "a", Quota: 1, Window: math.MaxInt64, Burst: 1, Interval: 2}},
		{"times that overflow", limit.Limit{Name: "a", Quota: math.MaxInt, Window: math.MaxInt64, Burst: 1 << 40, Interval: time.Hour}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if err := tc.limit.Valid(); !errors.Is(err, limit.ErrLimit) {
				t.Errorf("Valid = %v", err)
			}
		})
	}
	for _, quota := range []int{0, -1} {
		if _, err := limit.PerWindow("a", quota, time.Second, 0); !errors.Is(err, limit.ErrLimit) {
			t.Errorf("PerWindow of %d: %v", quota, err)
		}
	}
}
