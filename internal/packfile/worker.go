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
type worker struct {
	walk     *walk
	number   int
	inflater Inflater
	buffers  buffers
	scratch  []byte // instructions of the delta in work
	stack    []frame
	pending  []int32 // nodes of a subtree that is reported unread
	held     int64   // bytes of contents that are kept
	id       []byte  // of the node in work, a part of the index
	hash     hash.Hash
	stats    Stats

	pack   int
	forest *forest
	kind   Type // of all objects of the tree in work
}

// frame is a node whose content is kept.
type frame struct {
	node    int32
	next    int32 // of its children
	content []byte
}

func newWorker(w *walk, number int) *worker {
	return &worker{walk: w, number: number, buffers: buffers{fresh: w.options.Keep}}
}

func (k *worker) run() {
	debug.SetPanicOnFault(true) // for this goroutine, which ends with run
	for !k.walk.stopped.Load() {
		i := k.walk.next.Add(1) - 1
		if i >= int64(len(k.walk.trees)) {
			break
		}
		t := k.walk.trees[i]
		k.pack, k.forest = t.pack, k.walk.forests[t.pack]
		if t.root == wholePack {
			k.reportFailed()
		} else {
			k.tree(t.root)
		}
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

// reportFailed reports the nodes that have no place in a tree, with what hangs on them.
func (k *worker) reportFailed() {
	k.kind = TypeUnknown
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

func (k *worker) tree(root int32) {
	k.kind = TypeUnknown
	if k.skips(root) {
		return
	}
	k.step(root, nil)
	for len(k.stack) > 0 && !k.walk.stopped.Load() {
		top := len(k.stack) - 1
		f := &k.stack[top]
		kids := k.forest.kidsOf(f.node)
		kid := kids[f.next]
		f.next++
		base, last := f.content, int(f.next) == len(kids)
		if last {
			k.stack = k.stack[:top]
		}
		if !k.forest.isDead(kid) {
			k.stepFrom(kid, base, last)
		} else if last {
			k.release(base)
		}
	}
	for _, f := range k.stack { // the walk was stopped
		k.release(f.content)
	}
	k.stack = k.stack[:0]
}

// stepFrom makes a child and gives its base back before it goes on, when it was the last.
func (k *worker) stepFrom(kid int32, base []byte, last bool) {
	content, size, err := k.read(kid, base)
	if last {
		k.release(base)
	}
	k.finish(kid, content, size, err)
}

// step makes a root.
func (k *worker) step(root int32, base []byte) {
	content, size, err := k.read(root, base)
	k.finish(root, content, size, err)
}

// finish gives a node's content to the visitor, and keeps it for the node's children.
func (k *worker) finish(node int32, content []byte, size int64, err error) {
	if err != nil {
		k.reportTree(node, err, size)
		return
	}
	if !k.forest.isCopy(node) && k.gives() {
		k.deliver(content)
	}
	if len(k.forest.kidsOf(node)) == 0 {
		k.release(content)
		return
	}
	k.stack = append(k.stack, frame{node: node, content: content})
}

// read makes a node's content: from its base when it is a delta, whose own content base is. The size is told with
// errTooLarge and errBudget.
func (k *worker) read(node int32, base []byte) (content []byte, size int64, err error) {
	p := k.forest.pack
	if p.gone.Load() {
		return nil, 0, errClosed
	}
	held := k.held
	content, size, err = k.readMapped(node, base)
	if err != nil {
		k.held = held // a fault leaves no time to give anything back
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
	defer recoverFault(k.forest.pack.mapped, &err)
	f := k.forest
	k.id = f.pack.index.ID(int(f.places[node]))
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
	if err == nil && k.walk.options.VerifyIDs && !k.idHolds(content) {
		k.release(content)
		return nil, 0, errID
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
	if err := k.inflate(content, e); err != nil {
		k.release(content)
		return nil, 0, err
	}
	return content[:e.size], 0, nil
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
		return nil, 0, fmt.Errorf("%w: %w", errNoBase, err)
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
	if err := applyDelta(content, base, instructions); err != nil {
		k.release(content)
		return nil, 0, err
	}
	return content, 0, nil
}

// room gives a buffer for an object of size bytes and more to work in, within all caps.
func (k *worker) room(size uint64, more int) ([]byte, error) {
	o := &k.walk.options
	if size > uint64(o.MaxObjectBytes) { //nolint:gosec // positive
		return nil, errTooLarge
	}
	n := int64(size) //nolint:gosec // within the cap
	if k.held+n > o.MaxHeldBytes || k.walk.total.Add(n) > o.MaxTotalBytes {
		return nil, errBudget
	}
	content := k.buffers.get(int(n) + more)
	k.held += int64(cap(content))
	return content, nil
}

func (k *worker) release(content []byte) {
	k.held -= int64(cap(content))
	k.buffers.put(content)
}

func (k *worker) idHolds(content []byte) bool {
	if k.hash == nil || k.hash.Size() != k.forest.pack.hashSize {
		k.hash = newHash(k.forest.pack.hashSize)
	}
	k.hash.Reset()
	head := append(strconv.AppendInt(append([]byte(k.kind.String()), ' '), int64(len(content)), 10), 0)
	k.hash.Write(head)
	k.hash.Write(content)
	return bytes.Equal(k.hash.Sum(nil), k.id)
}

// deliver gives an object to the visitor, outside of the border: a fault in the visitor is none of ours.
func (k *worker) deliver(content []byte) {
	k.stats.Objects++
	k.stats.Bytes += int64(len(content))
	_, err := k.walk.visitor.Object(Object{Pack: k.pack, Worker: k.number, ID: k.id, Type: k.kind, Data: content})
	if err != nil {
		k.walk.stop(err)
	}
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
	u := Unread{Pack: k.pack, Offset: k.forest.offsets[node], Reason: reasonOf(err), Err: err, Type: k.kind, Size: size}
	u.ID = bytes.Clone(k.forest.pack.index.ID(int(k.forest.places[node])))
	if err := k.walk.visitor.Unread(u); err != nil {
		k.walk.stop(err)
	}
}
