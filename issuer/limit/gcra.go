package limit

import (
	"errors"
	"fmt"
	"math"
	"time"
)

// Limit is a rate by the generic cell rate algorithm (GCRA, ITU-T I.371): Burst tokens at once, one more
// each Interval. The zero value admits nothing.
//
// Promise: at most Burst + ceil(w/Interval) − 1 tokens in every half-open window of length w. A burst of q at
// an interval of w/q therefore does not keep q in every window w (10 and 1 s admit 19 in 10 s): use
// [PerWindow], which chooses them such that Quota holds in every Window.
type Limit struct {
	Name     string // of the policy, in headers; letters, digits, "-" and "_"
	Quota    int    // tokens at most in every Window
	Window   time.Duration
	Burst    int           // tokens at once
	Interval time.Duration // per token
}

// maxSpan caps windows and the time in which a burst comes back, so that no sum of them overflows: 73 years.
const maxSpan = time.Duration(math.MaxInt64 / 4)

// ErrLimit says that a limit contradicts itself.
var ErrLimit = errors.New("bad limit")

// PerWindow makes the limit "at most quota in every window", of which burst may come at once. burst 0 means half
// of the quota, at least one. A larger burst costs steady rate: with burst = quota one token comes back per
// window.
//
// Errors: ErrLimit.
func PerWindow(name string, quota int, window time.Duration, burst int) (Limit, error) {
	if burst == 0 {
		burst = max(1, quota/2)
	}
	l := Limit{Name: name, Quota: quota, Window: window, Burst: burst}
	if quota > 0 && burst > 0 && burst <= quota {
		steps := time.Duration(quota - burst + 1)
		l.Interval = (window + steps - 1) / steps // rounded up: ceil(window/Interval) ≤ steps
	}
	return l, l.Valid()
}

// Valid is nil, or ErrLimit with what is wrong: then [Decide] admits nothing.
func (l Limit) Valid() error {
	switch {
	case !isToken(l.Name):
		return fmt.Errorf("%w: the name is not made of letters, digits, - and _", ErrLimit)
	case l.Quota < 1 || l.Burst < 1 || l.Burst > l.Quota:
		return fmt.Errorf("%w: a burst of %d in a quota of %d", ErrLimit, l.Burst, l.Quota)
	case l.Window <= 0 || l.Interval <= 0:
		return fmt.Errorf("%w: a window of %s with a token each %s", ErrLimit, l.Window, l.Interval)
	case l.Window > maxSpan || l.Interval > maxSpan || int64(l.Burst) > int64(maxSpan/l.Interval):
		return fmt.Errorf("%w: a window of %s, a burst of %d with a token each %s: at most %s", ErrLimit, l.Window, l.Burst, l.Interval, maxSpan)
	case int64(l.Burst)+ceilDiv(l.Window, l.Interval)-1 > int64(l.Quota):
		return fmt.Errorf("%w: a burst of %d with a token each %s admits more than %d in some window of %s", ErrLimit, l.Burst, l.Interval, l.Quota, l.Window)
	default:
		return nil
	}
}

func isToken(name string) bool {
	for i := range len(name) {
		c := name[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return false
		}
	}
	return name != ""
}

func ceilDiv(a, b time.Duration) int64 { return int64((a + b - 1) / b) }

// State is what is kept per key: the time at which all tokens are back. The zero value is an unused key.
type State struct{ Full time.Time }

// Decision is the answer for one call.
type Decision struct {
	Allowed    bool
	Remaining  int           // tokens left now
	RetryAfter time.Duration // until the same call is admitted; 0 when it was, or when it never will be
	ResetAfter time.Duration // until all tokens are back
	Never      bool          // the cost is over the burst: waiting does not help
}

// Decide takes cost tokens if they are there. A cost of 0 asks only. A denied call costs nothing, so that a
// client that keeps trying is admitted as soon as its tokens are back.
//
// Pure. A negative cost, or a limit that is not Valid, is never admitted.
func Decide(now time.Time, state State, limit Limit, cost int) (State, Decision) {
	if limit.Valid() != nil || cost < 0 {
		return state, Decision{Never: true}
	}
	burst := time.Duration(limit.Burst) * limit.Interval
	full := state.Full
	if full.Before(now) {
		full = now
	}
	if latest := now.Add(burst); full.After(latest) { // the clock stepped back
		full = latest
	}
	if cost > limit.Burst {
		return State{full}, Decision{Never: true, Remaining: remaining(burst-full.Sub(now), limit), ResetAfter: full.Sub(now)}
	}
	after := full.Add(time.Duration(cost) * limit.Interval)
	if missing := after.Sub(now) - burst; missing > 0 {
		return State{full}, Decision{RetryAfter: missing, Remaining: remaining(burst-full.Sub(now), limit), ResetAfter: full.Sub(now)}
	}
	return State{after}, Decision{Allowed: true, Remaining: remaining(burst-after.Sub(now), limit), ResetAfter: after.Sub(now)}
}

func remaining(free time.Duration, limit Limit) int { return int(free / limit.Interval) }
