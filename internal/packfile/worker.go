package packfile

import (
	"bytes"
	"errors"
	"fmt"
	"hash"
	"runtime/debug"
	"strconv"
)

// worker goes through trees, one after another.
//
// A tree is walked depth first. A node's content is kept while its children are made from it, and given back as soon
// as the last of them is made, before that one's own children are looked at. That last child has the most below it,
// so each content that is kept has at least as much below the child in work as elsewhere, and about log2 of the
// nodes are kept, however long the chains are. The stack is a slice: a chain of 4,095 deltas is no deep call.
//
// A worker that has colleagues without work gives them a part of its stack: see share.go.
type worker struct {
	walk     *walk
	number   int
	inflater Inflater
	buffers  buffers
	scratch  []byte // instructions of the delta in work
	segments []Segment
	stack    []frame
	pending  []int32 // nodes of a subtree that is reported unread
	bases    []*base // that wait for their next use
	making   []byte  // the buffer that is being filled
	hash     hash.Hash
	stats    Stats

	pack   int
	forest *forest
	kind   Type // of all objects of the tree in work
}

// frame are children that are to be made, forest.kids[next:end], and what from.
type frame struct {
	base      *base
	next, end int32
}

func newWorker(w *walk, number int) *worker {
	return &worker{walk: w, number: number, buffers: buffers{fresh: w.options.Keep}, segments: make([]Segment, 0, 64)}
}

func (k *worker) run() {
	debug.SetPanicOnFault(true) // for this goroutine, which ends with run
	for {
		t, ok := k.walk.take()
		if !ok {
			break
		}
		k.do(t)
	}
	k.walk.mu.Lock()
	defer k.walk.mu.Unlock()
	k.walk.stats.add(k.stats)
}

func (s *Stats) add(more Stats) {
	s.Objects += more.Objects
	s.Bytes += more.Bytes
	s.Inflated += more.Inflated
	s.Unread += more.Unread
}

func (k *worker) do(t task) {
	k.pack, k.forest, k.kind = t.pack, k.walk.forests[t.pack], TypeUnknown
	switch {
	case t.handed.base != nil:
		k.kind = t.handed.base.kind
		k.stack = append(k.stack, t.handed)
		k.climb()
	case t.root == wholePack:
		k.reportFailed()
	case k.skips(t.root):
	default:
		content, size, err := k.read(t.root, nil)
		k.finish(t.root, content, source{}, size, err)
		k.climb()
	}
}

// reportFailed reports the nodes that have no place in a tree, with what hangs on them.
func (k *worker) reportFailed() {
	for _, x := range k.forest.failed {
		if k.walk.stopped.Load() {
			return
		}
		if errors.Is(x.err, errCycle) || k.forest.first == nil {
			k.report(x.node, x.err, 0)
		} else {
			k.reportTree(x.node, x.err, 0)
		}
	}
}

// climb makes what the stack's frames lead to.
func (k *worker) climb() {
	for len(k.stack) > 0 && !k.walk.stopped.Load() {
		if k.walk.hungry.Load() > 0 {
			k.share()
		}
		top := len(k.stack) - 1
		f := &k.stack[top]
		b, kid := f.base, k.forest.kids[f.next]
		f.next++
		last := f.next == f.end
		if last {
			k.stack = k.stack[:top]
		}
		if !k.forest.isDead(kid) {
			k.stepFrom(kid, b, last)
		} else if last {
			k.drop(b)
		}
	}
	for _, f := range k.stack { // the walk was stopped
		k.drop(f.base)
	}
	k.stack = k.stack[:0]
}

// source says what an object was made from, in the visitor's words.
type source struct {
	given bool // the visitor saw the base
	carry any  // what it said
}

// stepFrom makes a child and gives its base back before it goes on, when it was the last.
func (k *worker) stepFrom(kid int32, b *base, last bool) {
	content, size, err := k.read(kid, b.content)
	from := b.source
	if last {
		k.drop(b)
	}
	k.finish(kid, content, from, size, err)
}

// finish gives a node's content to the visitor, and keeps it for the node's children.
func (k *worker) finish(node int32, content []byte, from source, size int64, err error) {
	if err != nil {
		k.reportTree(node, err, size)
		return
	}
	var own source
	if !k.forest.isCopy(node) && k.gives() {
		own = source{true, k.deliver(node, content, from)}
	}
	next, end := k.forest.first[node], k.forest.first[node+1]
	if next == end {
		k.release(content)
		return
	}
	k.stack = append(k.stack, frame{k.keep(content, own), next, end})
}

// read makes a node's content: from its base when it is a delta, whose own content base is. The size is told with
// errTooLarge and errBudget.
func (k *worker) read(node int32, base []byte) (content []byte, size int64, err error) {
	p := k.forest.pack
	if p.gone.Load() {
		return nil, 0, errClosed
	}
	k.making = nil
	content, size, err = k.readMapped(node, base)
	if err == nil && k.walk.options.VerifyIDs && !k.idHolds(node, content) {
		content, err = nil, errID
	}
	if err != nil && k.making != nil {
		k.release(k.making)
	}
	if err != nil && !errors.Is(err, ErrChanged) && p.shrank() {
		err = fmt.Errorf("%w: %w", ErrChanged, err)
	}
	if errors.Is(err, ErrChanged) {
		p.gone.Store(true)
	}
	return content, size, err
}

// readMapped is the border behind which a fault in the pack becomes an error.
func (k *worker) readMapped(node int32, base []byte) (content []byte, size int64, err error) {
	defer recoverFault(k.forest.pack, &err)
	f := k.forest
	e, err := parseEntry(f.pack.data, f.offsets[node], f.pack.hashSize)
	if err != nil {
		return nil, 0, err
	}
	if !couldHold(len(f.pack.data)-e.body, e.size) {
		return nil, 0, errLength
	}
	switch {
	case e.kind < offsetDelta:
		k.kind = Type(e.kind)
		content, size, err = k.readWhole(e)
	case f.parent[node] == isExternal:
		content, size, err = k.readThin(e)
	default:
		content, size, err = k.readDelta(e, base)
	}
	if len(k.scratch) > maxScratchBytes {
		k.scratch = nil
	}
	return content, size, err
}

// maxScratchBytes is how large a worker's room for delta instructions may stay.
const maxScratchBytes = 4 << 20

var errID = error(&flaw{"object is not the one of its id", ErrCorrupt})

func (k *worker) readWhole(e entry) ([]byte, int64, error) {
	content, err := k.room(e.size, Slack)
	if err != nil {
		return nil, int64(e.size), err //nolint:gosec // at most 60 bits
	}
	return content[:e.size], 0, k.inflate(content, e)
}

func (k *worker) inflate(dst []byte, e entry) error {
	k.stats.Inflated += int64(e.size)                                                                           //nolint:gosec // within a cap
	_, err := k.inflater.Inflate(dst, int(e.size), k.forest.pack.data[e.body:], !k.walk.options.TrustChecksums) //nolint:gosec // within a cap
	return err
}

// readThin makes an object from a base that another pack or a file has.
func (k *worker) readThin(e entry) ([]byte, int64, error) {
	if k.walk.options.Base == nil {
		return nil, 0, errNoBase
	}
	kind, base, err := k.walk.options.Base(bytes.Clone(e.id))
	if err != nil {
		return nil, 0, fmt.Errorf("%w: %s", errNoBase, err.Error()) // a change elsewhere is none here
	}
	k.kind = kind
	return k.readDelta(e, base)
}

func (k *worker) readDelta(e entry, base []byte) ([]byte, int64, error) {
	if e.size > uint64(k.walk.options.MaxObjectBytes) { //nolint:gosec // positive
		return nil, 0, errTooLarge
	}
	if need := int(e.size) + Slack; len(k.scratch) < need { //nolint:gosec // within a cap
		k.scratch = make([]byte, need+need/4)
	}
	if err := k.inflate(k.scratch, e); err != nil {
		return nil, 0, err
	}
	from, to, instructions, err := deltaSizes(k.scratch[:e.size])
	if err != nil || from != uint64(len(base)) {
		return nil, 0, errDelta
	}
	content, err := k.room(to, 0)
	if err != nil {
		return nil, int64(min(to, 1<<62)), err
	}
	k.segments, err = applyDelta(content, base, instructions, k.segments[:0])
	return content, 0, err
}

// room gives a buffer for an object of size bytes and more to work in, within all caps.
func (k *worker) room(size uint64, more int) ([]byte, error) {
	o := &k.walk.options
	if size > uint64(o.MaxObjectBytes) { //nolint:gosec // positive
		return nil, errTooLarge
	}
	n := int64(size) //nolint:gosec // within the cap
	if k.walk.held.Load()+n > k.walk.maxHeld || k.walk.total.Add(n) > o.MaxTotalBytes {
		return nil, errBudget
	}
	k.making = k.buffers.get(int(n) + more)
	k.walk.held.Add(int64(cap(k.making)))
	return k.making, nil
}

func (k *worker) release(content []byte) {
	k.walk.held.Add(-int64(cap(content)))
	k.buffers.put(content)
}

func (k *worker) idHolds(node int32, content []byte) bool {
	if k.hash == nil || k.hash.Size() != k.forest.pack.hashSize {
		k.hash = newHash(k.forest.pack.hashSize)
	}
	k.hash.Reset()
	head := append(strconv.AppendInt(append([]byte(k.kind.String()), ' '), int64(len(content)), 10), 0)
	k.hash.Write(head)
	k.hash.Write(content)
	return bytes.Equal(k.hash.Sum(nil), k.forest.id(node))
}

// deliver gives an object to the visitor, outside of the border: a fault in the visitor is none of ours.
func (k *worker) deliver(node int32, content []byte, from source) (carry any) {
	k.stats.Objects++
	k.stats.Bytes += int64(len(content))
	o := Object{Pack: k.pack, Worker: k.number, ID: k.forest.id(node), Type: k.kind, Data: content, IsBase: k.forest.isBase(node)}
	if from.given && len(k.segments) <= maxSegments {
		o.Base, o.Segments = from.carry, k.segments
	}
	carry, err := k.walk.visitor.Object(o)
	if err != nil {
		k.walk.stop(err)
	}
	return carry
}

// reportTree reports a node that cannot be read, and all below it as nodes whose base is unread. In a pack that
// changed that is their reason too.
func (k *worker) reportTree(node int32, err error, size int64) {
	k.report(node, err, size)
	below := errBase
	if errors.Is(err, ErrChanged) {
		below = err
	}
	k.pending = append(k.pending[:0], k.forest.kidsOf(node)...)
	for len(k.pending) > 0 && !k.walk.stopped.Load() {
		last := len(k.pending) - 1
		next := k.pending[last]
		k.pending = append(k.pending[:last], k.forest.kidsOf(next)...)
		k.report(next, below, 0)
	}
}

// report reports one node, unless another pack has it.
func (k *worker) report(node int32, err error, size int64) {
	if k.forest.isCopy(node) {
		return
	}
	k.stats.Unread++
	u := Unread{Pack: k.pack, Offset: k.forest.offsets[node], Reason: ReasonOf(err), Err: err, Type: k.kind, Size: size}
	u.ID = bytes.Clone(k.forest.id(node))
	if err := k.walk.visitor.Unread(u); err != nil {
		k.walk.stop(err)
	}
}
