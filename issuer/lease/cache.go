package lease

import (
	"hash/maphash"
	"sync"
	"sync/atomic"
	"time"

	"github.com/keywright/keywright/issuer"
)

// Sizes of a cache.
const (
	DefaultEntries = 1 << 17 // keys
	DefaultAbsent  = 1 << 14 // ids that no key has
	ways           = 8       // places that one id may be in
	lockStripes    = 64
)

// maxAge is for how long an entry counts the store's clock on by ours: two clocks a drift apart part by a minute in
// ten, and a real one's drift by milliseconds.
const maxAge = 10 * time.Minute

// cache holds what was read of keys, within one generation. Reads take no lock.
//
// An entry is what one statement read, with the number of changes in that statement's snapshot. It is right as of any
// later number up to which all invalidations were applied; whoever reads it asks a [granted] lease for that.
type cache struct {
	seed   maphash.Seed
	keys   table
	absent table // apart, so that a flood of invented ids pushes out no key
	marks  marks
}

// entry is immutable but for used.
type entry struct {
	id            issuer.KeyID
	key           *issuer.Key // nil: no such key
	seq           issuer.Seq
	owner, family *mark
	storeTime     time.Time     // the store's clock, not before
	at            time.Duration // this, of ours
	used          atomic.Bool   // since something was last put beside it
}

func newCache(entries, absent int) *cache {
	c := &cache{seed: maphash.MakeSeed()}
	c.keys.make(entries)
	c.absent.make(absent)
	c.marks.limit = 2 * entries
	return c
}

// get returns what is known of an id, nil when nothing is.
func (c *cache) get(id issuer.KeyID) *entry {
	hash := maphash.String(c.seed, string(id))
	found := c.keys.get(hash, id)
	if found == nil {
		found = c.absent.get(hash, id)
	}
	if found == nil || c.marks.after(found) {
		return nil
	}
	return found
}

// fill keeps what was read at our clock's reading sent or later. It is refused, which costs nothing but another read,
// when something that was read later may have been invalidated already: numbers decide that, not what began first.
func (c *cache) fill(id issuer.KeyID, s issuer.Snapshot, sent time.Duration) {
	e := &entry{id: id, key: s.Key, seq: s.At.Seq, storeTime: s.Now, at: sent}
	hash := maphash.String(c.seed, string(id))
	if s.Key == nil {
		c.absent.put(hash, e)
		return
	}
	e.owner = c.marks.of(Scope{ScopeOwner, s.Key.Owner})
	e.family = c.marks.of(Scope{ScopeFamily, string(s.Key.Family)})
	if e.owner == nil || e.family == nil || c.marks.after(e) {
		return
	}
	c.keys.put(hash, e)
}

// apply makes everything that was read before these changes unfindable. False: a kind that is not known.
func (c *cache) apply(changes []Invalidation) bool {
	for _, change := range changes {
		switch change.Scope.Kind {
		case ScopeNone:
		case ScopeKey:
			hash := maphash.String(c.seed, change.Scope.ID)
			c.keys.drop(hash, issuer.KeyID(change.Scope.ID), change.Seq)
			c.absent.drop(hash, issuer.KeyID(change.Scope.ID), change.Seq)
		case ScopeOwner, ScopeFamily, ScopeWorkspace:
			c.marks.move(change.Scope, change.Seq)
		default:
			return false
		}
	}
	return true
}

// table is sets of places; an id may stand in the places of one set only.
type table struct {
	places []atomic.Pointer[entry]
	mask   uint64 // of set numbers
	stripe [lockStripes]stripe
}

// stripe guards the writes of some sets.
type stripe struct {
	mu sync.Mutex
	// last is the highest number that was applied to any id of these sets. An id's own would do; this is at most that
	// much stricter, and needs no memory for ids that are not here.
	last issuer.Seq
}

func (t *table) make(entries int) {
	sets := uint64(1)
	for sets*ways < uint64(max(entries, ways)) {
		sets *= 2
	}
	t.places, t.mask = make([]atomic.Pointer[entry], sets*ways), sets-1
}

func (t *table) set(hash uint64) (places []atomic.Pointer[entry], guard *stripe) {
	number := hash & t.mask
	return t.places[number*ways : number*ways+ways], &t.stripe[number%lockStripes]
}

func (t *table) get(hash uint64, id issuer.KeyID) *entry {
	places, _ := t.set(hash)
	for i := range places {
		if e := places[i].Load(); e != nil && e.id == id {
			if !e.used.Load() { // not written at each hit: that would send the line from core to core
				e.used.Store(true)
			}
			return e
		}
	}
	return nil
}

func (t *table) put(hash uint64, e *entry) {
	places, guard := t.set(hash)
	guard.mu.Lock()
	defer guard.mu.Unlock()
	if e.seq < guard.last {
		return
	}
	best := -1
	for i := range places {
		old := places[i].Load()
		switch {
		case old == nil:
			if best < 0 || places[best].Load() != nil {
				best = i
			}
		case old.id == e.id:
			if old.seq <= e.seq {
				places[i].Store(e)
			}
			return
		case !old.used.Swap(false) && best < 0:
			best = i
		}
	}
	// All were used since the last put: the hash's high bits choose, which no one outside can.
	if best < 0 {
		best = int(hash >> 61)
	}
	places[best].Store(e)
}

func (t *table) drop(hash uint64, id issuer.KeyID, seq issuer.Seq) {
	places, guard := t.set(hash)
	guard.mu.Lock()
	defer guard.mu.Unlock()
	guard.last = max(guard.last, seq)
	for i := range places {
		if e := places[i].Load(); e != nil && e.id == id && e.seq < seq {
			places[i].Store(nil)
		}
	}
}

// mark is the number of the last change of a scope with many keys.
type mark struct{ seq atomic.Int64 }

func (m *mark) move(seq issuer.Seq) {
	if int64(seq) > m.seq.Load() { // one goroutine applies
		m.seq.Store(int64(seq))
	}
}

// marks are the scopes of the keys in a cache. An entry points to its two, so that a lookup compares two numbers.
type marks struct {
	all   mark // of the workspace
	limit int
	full  atomic.Bool // a scope found no place: the cache is to be replaced

	mu    sync.Mutex
	cells map[Scope]*mark
	other issuer.Seq // the last change of any scope without a cell
}

// of finds or makes a scope's mark; nil when there are too many.
func (m *marks) of(scope Scope) *mark {
	m.mu.Lock()
	defer m.mu.Unlock()
	if found := m.cells[scope]; found != nil {
		return found
	}
	if len(m.cells) >= m.limit {
		m.full.Store(true)
		return nil
	}
	if m.cells == nil {
		m.cells = map[Scope]*mark{}
	}
	made := new(mark)
	made.move(m.other)
	m.cells[scope] = made
	return made
}

// move notes a change of a scope.
func (m *marks) move(scope Scope, seq issuer.Seq) {
	if scope.Kind == ScopeWorkspace {
		m.all.move(seq)
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if found := m.cells[scope]; found != nil {
		found.move(seq)
		return
	}
	m.other = max(m.other, seq)
}

// after says whether a scope of the entry changed after it was read.
func (m *marks) after(e *entry) bool {
	seq := int64(e.seq)
	return m.all.seq.Load() > seq || e.owner != nil && e.owner.seq.Load() > seq ||
		e.family != nil && e.family.seq.Load() > seq
}
