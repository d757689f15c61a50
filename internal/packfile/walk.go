package packfile

import (
	"cmp"
	"context"
	"errors"
	"math"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
)

// The caps of a walk where its options name none.
const (
	DefaultMaxObjectBytes = 64 << 20
	DefaultMaxHeldBytes   = 256 << 20
	DefaultMaxTotalBytes  = 4 << 40
)

// Options of [Walk]. The zero value is right.
type Options struct {
	// Workers is how many goroutines read; 0: GOMAXPROCS.
	Workers int
	// MaxObjectBytes is the size over which an object is not read; 0: DefaultMaxObjectBytes.
	MaxObjectBytes int64
	// MaxHeldBytes is how much may be held, per worker, of the objects that wait for their deltas; 0:
	// DefaultMaxHeldBytes. One that several workers use counts once. Only made-up packs come near it.
	MaxHeldBytes int64
	// MaxTotalBytes is the most that all objects together may have; 0: DefaultMaxTotalBytes. It ends packs that were
	// made to be small and to unfold for ever.
	MaxTotalBytes int64
	// Keep hands Object.Data over to the receiver, who must not change it: other objects may be made from it later.
	// Without it Data is valid inside the call only.
	Keep bool
	// TrustChecksums leaves the zlib checksums unchecked.
	TrustChecksums bool
	// Only, when not TypeUnknown, is the one type whose objects are given; the others are not read. What cannot be read
	// is still reported when its type is not known.
	Only Type
	// VerifyIDs makes each object's id anew and compares.
	VerifyIDs bool
	// Base, when not nil, finds the objects outside of a pack that deltas in it name, as thin packs have. It is
	// called by several goroutines at once; an error means that there is none.
	Base func(id []byte) (Type, []byte, error)
}

// Object is an object of a pack.
type Object struct {
	Pack   int    // its place in the packs of the walk
	Worker int    // which of the goroutines reads it, from 0
	ID     []byte // do not change it; it stays valid
	Type   Type
	Data   []byte
	// Segments says how Data was made of the content of the object that Base belongs to: ascending, without gaps,
	// the copies coalesced. Nil: the object is whole, its base was not given to the visitor, or there are too many to
	// tell. Valid in the call only.
	Segments []Segment
	// Base is what the visitor returned for the object that this one was made from; nil with nil Segments.
	Base any
	// IsBase says that others will be made from this one: what the visitor returns for it comes back as their Base.
	IsBase bool
}

// Segment is a stretch of an object's content: it begins where the one before it ends.
type Segment struct {
	Len  int
	From int // where it begins in the base's content; Inserted when it is new
}

// Inserted marks a [Segment] that was copied from nowhere.
const Inserted = -1

// Unread is an object that could not be read.
type Unread struct {
	Pack   int
	ID     []byte // nil: the index cannot be read, so that nothing of the pack has a name
	Offset uint64 // of its entry
	Reason Reason
	Err    error
	Type   Type  // TypeUnknown when that is not known
	Size   int64 // of an object over a cap; 0 else
}

// Reason says why an object could not be read.
type Reason string

// The reasons.
const (
	ReasonCorrupt     Reason = "corrupt"      // entry, compressed data, delta, or id
	ReasonMissingBase Reason = "missing base" // a delta to an object that is not there
	ReasonCycle       Reason = "delta cycle"  // deltas whose bases go round in a circle
	ReasonBase        Reason = "base unread"  // its base is unread, for a reason of its own
	ReasonTooLarge    Reason = "too large"    // over MaxObjectBytes
	ReasonBudget      Reason = "over budget"  // over MaxHeldBytes or MaxTotalBytes
	ReasonUnsupported Reason = "unsupported"  // a kind of entry that this package does not know
	ReasonChanged     Reason = "pack changed" // the file became shorter or unreadable during the walk
)

// Visitor receives what a walk finds. Both functions are called by several goroutines at once, must be there, and
// end the walk by returning an error. What Object returns may come back as the Base of several objects in several
// goroutines at once.
type Visitor struct {
	Object func(Object) (carry any, err error)
	Unread func(Unread) error
}

// Stats says what a walk went through.
type Stats struct {
	Objects  int64 // given to the visitor
	Bytes    int64 // of these objects
	Inflated int64 // bytes that were decompressed for them; the rest was copied from bases
	Unread   int64
}

// Walk gives every object of packs to v, once, although several packs may have it. The order is not told. Every
// object of the packs' indexes is either given or reported unread; nothing in them ends the walk.
//
// Errors: what v returned first, or ctx's.
func Walk(ctx context.Context, packs []*Pack, options Options, v Visitor) (Stats, error) {
	w := &walk{options: options.withDefaults(), visitor: v}
	w.wake = sync.NewCond(&w.mu)
	w.maxHeld = min(w.options.MaxHeldBytes, math.MaxInt64/int64(w.options.Workers)) * int64(w.options.Workers)
	unwatch := context.AfterFunc(ctx, func() { w.stop(ctx.Err()) })
	defer unwatch()
	w.plan(packs)
	w.run()
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.stats, w.err
}

func (o Options) withDefaults() Options {
	if o.Workers <= 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	o.MaxObjectBytes = cmp.Or(o.MaxObjectBytes, DefaultMaxObjectBytes)
	o.MaxHeldBytes = cmp.Or(o.MaxHeldBytes, DefaultMaxHeldBytes)
	o.MaxTotalBytes = cmp.Or(o.MaxTotalBytes, DefaultMaxTotalBytes)
	return o
}

type walk struct {
	options Options
	maxHeld int64
	visitor Visitor
	forests []*forest
	trees   []task
	next    atomic.Int64 // of trees
	total   atomic.Int64 // bytes of objects that were made
	held    atomic.Int64 // bytes of contents that are kept
	stopped atomic.Bool
	_       [64]byte // what is read for each object stands apart from what is written for each
	hungry  atomic.Int32

	mu     sync.Mutex
	wake   *sync.Cond
	idle   int    // workers without a task
	handed []task // that wait for one of them
	err    error
	stats  Stats
}

func (w *walk) stop(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err == nil {
		w.err = err
	}
	w.stopped.Store(true)
	w.wake.Broadcast()
}

// plan reads the heads of all entries and lists the trees: first those that are more than a fair share of the work,
// so that none of them is left to one worker at the end, then the others in the order of the packs.
func (w *walk) plan(packs []*Pack) {
	errs := make([]error, len(packs))
	for i, p := range packs {
		var f *forest
		f, errs[i] = loadForest(p)
		w.forests = append(w.forests, f)
	}
	copies := findCopies(w.forests)
	nodes := 0
	for i, f := range w.forests {
		if w.stopped.Load() {
			return
		}
		if errs[i] == nil {
			errs[i] = f.grow(copies[i], w.options.Workers)
		}
		if errs[i] != nil {
			f = failWhole(f, copies[i], errs[i])
			w.forests[i] = f
		}
		w.trees = append(w.trees, task{pack: i, root: wholePack})
		for _, root := range f.roots {
			if !f.isDead(root) {
				w.trees = append(w.trees, task{pack: i, root: root, weight: f.weight[root]})
			}
		}
		nodes += f.pack.Len()
	}
	share := int32(max(nodes/(16*w.options.Workers), 64)) //nolint:gosec // far below MaxInt32
	slices.SortStableFunc(w.trees, func(a, b task) int {
		return cmp.Compare(heavy(b.weight, share), heavy(a.weight, share))
	})
}

func heavy(weight, share int32) int32 {
	if weight < share {
		return 0
	}
	return weight
}

// failWhole makes a forest of which every object failed.
func failWhole(f *forest, copies []bool, err error) *forest {
	if errors.Is(err, ErrChanged) {
		f.pack.gone.Store(true)
	}
	whole := &forest{pack: f.pack, ids: f.ids, copies: copies}
	n := f.pack.Len()
	whole.places, whole.offsets = make([]uint32, n), make([]uint64, n)
	for i := range n {
		whole.places[i] = uint32(i)
		whole.failed = append(whole.failed, failure{int32(i), err})
	}
	return whole
}

func (w *walk) run() {
	var wait sync.WaitGroup
	for i := range w.options.Workers {
		wait.Go(func() { newWorker(w, i).run() })
	}
	wait.Wait()
}

// ReasonOf says what an error of reading an object means; ReasonCorrupt when it says nothing else.
func ReasonOf(err error) Reason {
	switch {
	case errors.Is(err, ErrChanged):
		return ReasonChanged
	case errors.Is(err, errCycle):
		return ReasonCycle
	case errors.Is(err, errNoBase):
		return ReasonMissingBase
	case errors.Is(err, errTooLarge):
		return ReasonTooLarge
	case errors.Is(err, errBudget):
		return ReasonBudget
	case errors.Is(err, ErrUnsupported):
		return ReasonUnsupported
	case errors.Is(err, errBase):
		return ReasonBase
	}
	return ReasonCorrupt
}

var (
	errTooLarge = errors.New("object over the cap")
	errBudget   = errors.New("walk over its budget")
	errBase     = errors.New("base of the delta is unread")
)
