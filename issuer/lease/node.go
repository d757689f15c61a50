package lease

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/keywright/keywright/issuer"
)

// ErrNoLease: nothing can be said of any key at this moment.
var ErrNoLease = errors.New("no lease: the database did not answer in time")

// leaseWait is for how long a read waits for a lease to be renewed.
const leaseWait = time.Second

// Options say what a node is.
type Options struct {
	Store   Store
	Name    string // for people: which machine. Two may have the same
	Clock   Clock
	Entries int          // keys held, rounded up; 0: DefaultEntries
	Absent  int          // ids without a key held, rounded up; 0: DefaultAbsent
	Rand    io.Reader    // of incarnations; nil: crypto/rand
	Log     *slog.Logger // nil: nothing is logged
}

// Node is a verifying process with a cache and, most of the time, a lease on it. It implements issuer.KeyCache. Safe
// for many goroutines.
type Node struct {
	options Options

	// lease is replaced as a whole. Whoever answers loads it once, before anything else: that moment is the start of
	// the request. A lease that was loaded later, after the entry, would vouch for an entry that it evicted.
	lease atomic.Pointer[granted]
	turn  turn

	wakeups chan struct{} // of one place: a renewal is wanted
	cancel  context.CancelFunc
	done    sync.WaitGroup
}

// granted is an immutable lease: whatever is in the cache is right as of at or later, while the clock is before deadline.
type granted struct {
	at       issuer.Token
	deadline time.Duration
	cache    *cache
}

// Start makes a node that joins and renews in the background, until [Node.Close]. While the store cannot be reached it
// has no lease, and goes on trying.
//
// Errors: a missing store, clock or name.
func Start(options Options) (*Node, error) {
	n, err := newNode(options)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	n.cancel = cancel
	n.done.Go(func() { n.run(ctx) })
	n.done.Go(func() { n.listen(ctx) })
	return n, nil
}

func newNode(options Options) (*Node, error) {
	switch {
	case options.Store == nil || options.Clock == nil:
		return nil, errors.New("start a verifier: it has no store or no clock")
	case options.Name == "":
		return nil, errors.New("start a verifier: it has no name")
	}
	if options.Entries <= 0 {
		options.Entries = DefaultEntries
	}
	if options.Absent <= 0 {
		options.Absent = DefaultAbsent
	}
	if options.Rand == nil {
		options.Rand = rand.Reader
	}
	if options.Log == nil {
		options.Log = slog.New(slog.DiscardHandler)
	}
	n := &Node{options: options, wakeups: make(chan struct{}, 1), cancel: func() {}}
	n.turn.changed = make(chan struct{})
	return n, nil
}

// Close gives up the lease, tells the store so that no revoker waits for this node, and ends the goroutines. Twice: no
// error.
func (n *Node) Close() error {
	n.cancel()
	n.done.Wait()
	return nil
}

// Hit implements issuer.KeyCache. No I/O, no lock, no memory.
func (n *Node) Hit(id issuer.KeyID, after issuer.Token) (issuer.Known, bool) {
	l := n.lease.Load() // before the lookup, see Node.lease
	if l == nil {
		return issuer.Known{}, false
	}
	e := l.cache.get(id)
	if e == nil {
		return issuer.Known{}, false
	}
	now := n.options.Clock.Now()
	if now >= l.deadline || now-e.at > maxAge || l.at.Includes(after) != nil {
		return issuer.Known{}, false
	}
	return issuer.Known{Key: e.key, Now: e.storeTime.Add(now - e.at)}, true
}

// Read implements issuer.KeyCache. It sends a read of its own: joining one that another request sent earlier could
// answer with a state from before this request.
//
// Errors: ErrNoLease, issuer.ErrGeneration, issuer.ErrBehind, the store's.
func (n *Node) Read(ctx context.Context, id issuer.KeyID, after issuer.Token) (issuer.Known, error) {
	l, err := n.live(ctx)
	if err != nil {
		return issuer.Known{}, err
	}
	if after.Generation != 0 && after.Generation != l.at.Generation {
		return issuer.Known{}, issuer.ErrGeneration
	}
	sent := n.options.Clock.Sync() // exact: ahead, it would put the store's clock behind
	s, err := n.options.Store.KeyAt(ctx, id)
	if err != nil {
		return issuer.Known{}, err
	}
	if err := s.At.Includes(l.at); err != nil {
		// Another primary answered, or one that lost changes: this node's lease is about to end, too.
		n.wake()
		return issuer.Known{}, fmt.Errorf("%w (%w)", ErrNoLease, err)
	}
	if err := s.At.Includes(after); err != nil {
		return issuer.Known{}, err
	}
	l.cache.fill(id, s, sent)
	return issuer.Known{Key: s.Key, Now: s.Now}, nil
}

// live is a lease that is alive, renewed if need be.
func (n *Node) live(ctx context.Context) (*granted, error) {
	if l := n.lease.Load(); l != nil && n.options.Clock.Now() < l.deadline {
		return l, nil
	}
	timer := time.NewTimer(leaseWait)
	defer timer.Stop()
	for {
		changed := n.turn.next()
		if l := n.lease.Load(); l != nil && n.options.Clock.Now() < l.deadline {
			return l, nil
		}
		n.wake()
		select {
		case <-changed:
		case <-timer.C:
			return nil, ErrNoLease
		case <-ctx.Done():
			return nil, fmt.Errorf("%w: %w", ErrNoLease, context.Cause(ctx))
		}
	}
}

// wake asks for a renewal now. Many at once are one.
func (n *Node) wake() {
	select {
	case n.wakeups <- struct{}{}:
	default: // one is asked for already, and will begin after this moment
	}
}

// Leased is whether the node has a lease at this moment, and as of what.
func (n *Node) Leased() (issuer.Token, bool) {
	l := n.lease.Load()
	if l == nil || n.options.Clock.Now() >= l.deadline {
		return issuer.Token{}, false
	}
	return l.at, true
}

// turn tells waiting reads that there is a new lease.
type turn struct {
	mu      sync.Mutex
	changed chan struct{} // closed and replaced at each new lease
}

func (t *turn) next() <-chan struct{} {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.changed
}

func (t *turn) pass() {
	t.mu.Lock()
	defer t.mu.Unlock()
	close(t.changed)
	t.changed = make(chan struct{})
}
