package packfile

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"runtime/debug"
)

// ErrNotFound says that no pack has an object.
var ErrNotFound = errors.New("object is in no pack")

// The caps of a Reader where its options name none.
const (
	DefaultMaxCacheBytes = 32 << 20
	DefaultMaxChainBytes = 8 << 30
)

// maxChainLinks is how many deltas may stand between an object and the whole one that it is made from. Git makes at
// most 4,095: Documentation/git-pack-objects.txt, read 2026-11-24.
const maxChainLinks = 1 << 16

// ReaderOptions are those of [NewReader]. The zero value is right.
type ReaderOptions struct {
	// MaxObjectBytes is the size over which an object is not read; 0: DefaultMaxObjectBytes.
	MaxObjectBytes int64
	// MaxCacheBytes is how much is kept of what was read last; 0: DefaultMaxCacheBytes, less than 0: nothing.
	MaxCacheBytes int64
	// MaxChainBytes is the most that may be made in order to read one object: itself and the bases that are not in
	// the cache; 0: DefaultMaxChainBytes.
	MaxChainBytes int64
	// MaxTotalBytes is the most that may be made in all; 0: DefaultMaxTotalBytes.
	MaxTotalBytes int64
	// TrustChecksums leaves the zlib checksums unchecked.
	TrustChecksums bool
	// Base, when not nil, finds the bases of deltas that no pack has. The Reader does not change what it returns.
	Base func(id []byte) (Type, []byte, error)
}

// Reader reads objects of packs by their ids. It is not for use by two goroutines at once; the packs are.
type Reader struct {
	packs    []*Pack
	options  ReaderOptions
	inflater Inflater
	memory   memory
	chain    []link
	scratch  []byte
	segments []Segment // of no use here but to the function that makes them
	last     int       // the pack in which something was found last
	touching *Pack     // the pack whose mapped bytes are being read
	made     int64     // bytes for the object in work
	total    int64
}

// link is a delta between an object and the whole one that it is made from.
type link struct {
	spot
	entry entry
}

// NewReader makes a reader of packs, which must stay open as long as it is used.
func NewReader(packs []*Pack, options ReaderOptions) *Reader {
	options.MaxObjectBytes = cmp.Or(options.MaxObjectBytes, DefaultMaxObjectBytes)
	options.MaxCacheBytes = cmp.Or(options.MaxCacheBytes, DefaultMaxCacheBytes)
	options.MaxChainBytes = cmp.Or(options.MaxChainBytes, DefaultMaxChainBytes)
	options.MaxTotalBytes = cmp.Or(options.MaxTotalBytes, DefaultMaxTotalBytes)
	return &Reader{packs: packs, options: options, memory: memory{limit: options.MaxCacheBytes}}
}

// Find says which pack has an object, and at which place of its index. Of several packs any may be named. A pack
// that changed has none.
func (r *Reader) Find(id []byte) (pack, place int, ok bool) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	for n := -1; n < len(r.packs); n++ {
		if pack, ok = r.turn(n); !ok {
			continue
		}
		if place, ok, err := r.findIn(pack, id); ok && err == nil {
			r.last = pack
			return pack, place, true
		}
	}
	return 0, 0, false
}

// turn is the pack that is looked at as the n-th, from -1 on: first the one in which something was found last.
func (r *Reader) turn(n int) (pack int, ok bool) {
	if n < 0 {
		return r.last, r.last < len(r.packs)
	}
	return n, n != r.last
}

// Read returns an object. The content must not be changed: the reader may make others from it. It stays valid.
// A copy that cannot be read is replaced by that of another pack, if there is one.
//
// Errors: ErrNotFound; ErrChanged also when it may have been in a pack that changed; ErrCorrupt, ErrUnsupported and the
// other kinds that [ReasonOf] tells apart: of the first copy that was tried.
func (r *Reader) Read(id []byte) (Type, []byte, error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	var first error
	for n := -1; n < len(r.packs); n++ {
		pack, ok := r.turn(n)
		if !ok {
			continue
		}
		place, ok, err := r.findIn(pack, id)
		switch {
		case err == nil && !ok:
			continue
		case err == nil:
			var k kept
			if k, err = r.readAt(pack, place); err == nil {
				r.last = pack
				return k.kind, k.content, nil
			}
		}
		if first == nil {
			first = err
		}
	}
	if first == nil {
		first = ErrNotFound
	}
	return TypeUnknown, nil, fmt.Errorf("read object %x: %w", id, first)
}

// holds says whether an address is in the pack that is being read.
func (r *Reader) holds(address uintptr) bool { return r.touching != nil && r.touching.holds(address) }

// findIn looks an object up in one pack. Errors: ErrChanged.
func (r *Reader) findIn(pack int, id []byte) (place int, ok bool, err error) {
	r.touching = r.packs[pack]
	if r.touching.gone.Load() {
		return 0, false, errClosed
	}
	defer func() { r.closeIfChanged(err) }()
	defer recoverFault(r, &err)
	place, ok = r.touching.index.Find(id)
	return place, ok, nil
}

// readAt reads the object at a place of a pack's index.
func (r *Reader) readAt(pack, place int) (k kept, err error) {
	r.touching, r.made = r.packs[pack], 0
	defer func() { r.closeIfChanged(err) }()
	defer recoverFault(r, &err)
	k, err = r.resolve(spot{pack, r.touching.index.Offset(place)})
	if err != nil && !errors.Is(err, ErrChanged) && r.touching.shrank() {
		err = fmt.Errorf("%w: %w", ErrChanged, err)
	}
	if len(r.scratch) > maxScratchBytes {
		r.scratch = nil
	}
	return k, err
}

// closeIfChanged keeps a pack that changed from being read again.
func (r *Reader) closeIfChanged(err error) {
	if errors.Is(err, ErrChanged) {
		r.touching.gone.Store(true)
	}
}

// resolve makes the object of an entry: down to the whole one or one that is in memory, and up again.
func (r *Reader) resolve(s spot) (kept, error) {
	k, err := r.descend(s)
	for err == nil && len(r.chain) > 0 {
		l := &r.chain[len(r.chain)-1]
		k.content, err = r.applied(l, k.content)
		if err == nil {
			r.memory.put(l.spot, k)
		}
		r.chain = r.chain[:len(r.chain)-1]
	}
	return k, err
}

// descend lists the deltas down to what they all are made from, which it returns.
func (r *Reader) descend(s spot) (kept, error) {
	r.chain = r.chain[:0]
	for {
		if k, ok := r.memory.get(s); ok {
			return k, nil
		}
		p := r.packs[s.pack]
		r.touching = p
		if p.gone.Load() {
			return kept{}, errClosed
		}
		e, err := parseEntry(p.data, s.at, p.hashSize)
		if err != nil {
			return kept{}, err
		}
		if !couldHold(len(p.data)-e.body, e.size) {
			return kept{}, errLength
		}
		if e.kind < offsetDelta {
			k := kept{kind: Type(e.kind)}
			if k.content, err = r.whole(e); err == nil {
				r.memory.put(s, k)
			}
			return k, err
		}
		if len(r.chain) >= maxChainLinks {
			return kept{}, errChain
		}
		r.chain = append(r.chain, link{s, e})
		if e.kind == offsetDelta {
			s.at = uint64(e.base) //nolint:gosec // not negative
			continue
		}
		next, k, err := r.named(s.pack, e.id)
		if err != nil || k.kind != TypeUnknown {
			return k, err
		}
		s = next
	}
}

// errChain is a circle too: one that leads through several packs ends here.
var errChain = error(&flaw{"too long a chain of deltas", errCycle})

// named finds a base by its id: in the delta's own pack, in another, or outside, when it is returned itself.
func (r *Reader) named(pack int, id []byte) (spot, kept, error) {
	if place, ok, err := r.findIn(pack, id); err != nil || ok {
		return spot{pack, r.packs[pack].index.Offset(place)}, kept{}, err
	}
	id = bytes.Clone(id) // another pack's fault must not be taken for this one's
	for other := range r.packs {
		if other == pack {
			continue
		}
		if place, ok, err := r.findIn(other, id); err == nil && ok {
			return spot{other, r.packs[other].index.Offset(place)}, kept{}, nil
		}
	}
	if r.options.Base == nil {
		return spot{}, kept{}, errNoBase
	}
	kind, content, err := r.options.Base(id)
	if err == nil && kind == TypeUnknown {
		err = errors.New("no type")
	}
	if err != nil {
		return spot{}, kept{}, fmt.Errorf("%w: %s", errNoBase, err.Error()) // a change elsewhere is none here
	}
	return spot{}, kept{kind, content}, nil
}

// largeObject is the size from which an object is decompressed where it will stay: below, the room that makes the
// decoder fast would cost more than a copy.
const largeObject = 1 << 16

func (r *Reader) whole(e entry) ([]byte, error) {
	if err := r.spend(e.size); err != nil {
		return nil, err
	}
	if e.size >= largeObject {
		content := make([]byte, e.size+Slack)
		return content[:e.size], r.inflate(content, e)
	}
	inflated, err := r.inflateScratch(e)
	return bytes.Clone(inflated), err
}

// applied makes an object from its base.
func (r *Reader) applied(l *link, base []byte) ([]byte, error) {
	p := r.packs[l.pack]
	r.touching = p
	if p.gone.Load() {
		return nil, errClosed
	}
	if l.entry.size > uint64(r.options.MaxObjectBytes) { //nolint:gosec // positive
		return nil, errTooLarge
	}
	delta, err := r.inflateScratch(l.entry)
	if err != nil {
		return nil, err
	}
	from, to, instructions, err := deltaSizes(delta)
	if err != nil || from != uint64(len(base)) {
		return nil, errDelta
	}
	if err := r.spend(to); err != nil {
		return nil, err
	}
	content := make([]byte, to)
	r.segments, err = applyDelta(content, base, instructions, r.segments[:0])
	return content, err
}

// inflateScratch decompresses an entry into the scratch, which is good until the next call.
func (r *Reader) inflateScratch(e entry) ([]byte, error) {
	if need := int(e.size) + Slack; len(r.scratch) < need { //nolint:gosec // within a cap
		r.scratch = make([]byte, need+need/4)
	}
	return r.scratch[:e.size], r.inflate(r.scratch, e)
}

func (r *Reader) inflate(dst []byte, e entry) error {
	_, err := r.inflater.Inflate(dst, int(e.size), r.touching.data[e.body:], !r.options.TrustChecksums) //nolint:gosec // within a cap
	return err
}

// spend takes the bytes of an object off the budgets.
func (r *Reader) spend(size uint64) error {
	if size > uint64(r.options.MaxObjectBytes) { //nolint:gosec // positive
		return errTooLarge
	}
	r.made += int64(size)  //nolint:gosec // within the cap
	r.total += int64(size) //nolint:gosec // within the cap
	if r.made > r.options.MaxChainBytes || r.total > r.options.MaxTotalBytes {
		return errBudget
	}
	return nil
}
