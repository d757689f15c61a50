package lease

import (
	"errors"
	"sync/atomic"
	"time"
)

// ErrNoClock: this system has no clock that is known to count while the machine sleeps.
var ErrNoClock = errors.New("no clock here that counts through a suspend: keys are not cached")

// Clock tells how much time has passed since some start, machine sleep included.
type Clock interface {
	// Now is cheap, and never behind: it may be ahead after the wall clock jumped.
	Now() time.Duration
	// Sync is exact, and makes Now exact again.
	Sync() time.Duration
}

// systemClock is the machine's.
//
// The exact clock is a system call, in some sandboxes a slow one. Go's own clock is a fast read, but stops while the
// machine sleeps; the wall clock, which the same read gives, does not. So Now adds to Go's clock what Sync saw it lose,
// and by how much the wall clock went ahead of it since. Only a sleep during which the wall clock was also set back is
// seen no earlier than by the next Sync.
type systemClock struct {
	exact func() (time.Duration, error)
	start time.Time
	last  atomic.Pointer[reading]
}

// reading is how the clocks stood to each other.
type reading struct {
	lost  time.Duration // what Go's clock is behind the exact one
	ahead time.Duration // what the wall clock is ahead of Go's
}

// NewClock is the machine's clock. ErrNoClock.
func NewClock() (Clock, error) {
	if _, err := boottime(); err != nil {
		return nil, err
	}
	c := &systemClock{exact: boottime, start: time.Now()}
	c.last.Store(new(reading))
	c.Sync()
	return c, nil
}

// running and wall time since the start.
func (c *systemClock) read() (running, wall time.Duration) {
	now := time.Now()
	return now.Sub(c.start), time.Duration(now.UnixNano() - c.start.UnixNano())
}

// Now implements [Clock].
func (c *systemClock) Now() time.Duration {
	running, wall := c.read()
	last := c.last.Load()
	return running + last.lost + max(wall-running-last.ahead, 0)
}

// Sync implements [Clock]. Go's clock is read first: what passes until the other is read then counts as lost, and Now
// errs ahead.
func (c *systemClock) Sync() time.Duration {
	running, wall := c.read()
	exact, err := c.exact()
	if err != nil {
		// It worked once, so it is the kernel that changed its mind: each lease ends.
		exact = running + c.last.Load().lost + 2*MaxTerm
	}
	c.last.Store(&reading{lost: exact - running, ahead: wall - running})
	return exact
}

// runningClock is Go's own clock. It stops while the machine sleeps, which makes whoever waits by it wait longer.
type runningClock struct{ start time.Time }

func (c runningClock) Now() time.Duration  { return time.Since(c.start) }
func (c runningClock) Sync() time.Duration { return time.Since(c.start) }
