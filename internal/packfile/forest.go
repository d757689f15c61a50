package packfile

import (
	"bytes"
	"errors"
	"fmt"
	"math/bits"
	"slices"
	"sync"
)

// Nodes are numbered by the order of their entries in the pack. These stand where a node has no parent in it.
const (
	isRoot     = -1 // a whole object
	isUnread   = -2 // its entry has no readable head
	isExternal = -3 // a delta to an object that this pack does not have
)

const (
	manyEntries = 20_000 // from here on several workers read the heads
	radixBits   = 11
)

// forest are the objects of a pack as trees: a delta is a child of its base.
type forest struct {
	pack    *Pack
	offsets []uint64 // of each node's entry, ascending
	places  []uint32 // of each node's id in the index
	parent  []int32
	first   []int32 // the children of node i are kids[first[i]:first[i+1]], the one with the most below it last
	kids    []int32
	weight  []int32 // nodes of the tree below a node, with itself
	roots   []int32 // whole objects and external deltas
	failed  []failure
	// copies tells for each node, when not nil, that another pack of the walk has it, and dead that this is so
	// for all below it too.
	copies, dead []bool
}

// failure is a node that cannot be read, and why.
type failure struct {
	node int32
	err  error
}

var (
	errCycle  = errors.New("delta whose bases go round in a circle")
	errNoBase = errors.New("base of a delta is not in the pack")
	errClosed = error(&flaw{"pack is closed", ErrChanged})
)

// newForest reads the heads of all entries. copies, when not nil, tells by place in the index what another pack has.
//
// Errors: ErrChanged. What is wrong with single entries stands in failed.
func newForest(p *Pack, copies []bool, workers int) (*forest, error) {
	f := &forest{pack: p}
	if p.gone.Load() {
		return f, errClosed
	}
	f.order()
	refs, err := f.readHeads(workers)
	if err != nil {
		return f, err
	}
	if len(f.failed) > 0 && p.shrank() {
		return f, fmt.Errorf("heads of entries: %w", ErrChanged)
	}
	f.findBases(refs)
	f.link()
	f.weigh(copies)
	return f, nil
}

// order sorts the entries by offset: one pass over them for each radixBits bits of the largest.
func (f *forest) order() {
	n := f.pack.Len()
	offsets, places, highest := make([]uint64, n), make([]uint32, n), uint64(0)
	for i := range n {
		offsets[i], places[i] = f.pack.index.Offset(i), uint32(i)
		highest = max(highest, offsets[i])
	}
	toOffsets, toPlaces := make([]uint64, n), make([]uint32, n)
	for shift := 0; shift < bits.Len64(highest); shift += radixBits {
		var at [1<<radixBits + 1]int
		for _, o := range offsets {
			at[o>>shift&(1<<radixBits-1)+1]++
		}
		for i := range 1 << radixBits {
			at[i+1] += at[i]
		}
		for i, o := range offsets {
			digit := o >> shift & (1<<radixBits - 1)
			toOffsets[at[digit]], toPlaces[at[digit]] = o, places[i]
			at[digit]++
		}
		offsets, toOffsets, places, toPlaces = toOffsets, offsets, toPlaces, places
	}
	f.offsets, f.places = offsets, places
}

// named is a delta whose base is named by id.
type named struct {
	node int32
	base []byte
}

// readHeads finds each node's parent, but for the bases that are named by id, which it returns.
func (f *forest) readHeads(workers int) ([]named, error) {
	n := len(f.offsets)
	f.parent = make([]int32, n)
	if n < manyEntries {
		workers = 1
	}
	var wait sync.WaitGroup
	parts := make([]headReader, workers)
	for i := range parts {
		wait.Go(func() {
			parts[i].err = guard(f.pack, func() error { parts[i].read(f, n*i/workers, n*(i+1)/workers); return nil })
		})
	}
	wait.Wait()
	var refs []named
	for _, part := range parts {
		if part.err != nil {
			return nil, part.err
		}
		refs = append(refs, part.refs...)
		f.failed = append(f.failed, part.failed...)
	}
	return refs, nil
}

// headReader reads the heads of a part of the nodes.
type headReader struct {
	refs   []named
	failed []failure
	err    error
}

func (r *headReader) read(f *forest, from, to int) {
	for i := from; i < to; i++ {
		e, err := parseEntry(f.pack.data, f.offsets[i], f.pack.hashSize)
		switch {
		case err != nil:
			f.parent[i] = isUnread
			r.failed = append(r.failed, failure{int32(i), err}) //nolint:gosec // below MaxInt32
		case e.kind == idDelta:
			f.parent[i] = isExternal
			r.refs = append(r.refs, named{int32(i), bytes.Clone(e.id)}) //nolint:gosec // below MaxInt32
		case e.kind == offsetDelta:
			at, ok := slices.BinarySearch(f.offsets[:i], uint64(e.base)) //nolint:gosec // not negative
			f.parent[i] = int32(at)                                      //nolint:gosec // below MaxInt32
			if !ok {
				f.parent[i] = isUnread
				r.failed = append(r.failed, failure{int32(i), fmt.Errorf("%w: no entry starts there", errNoBase)}) //nolint:gosec // below MaxInt32
			}
		default:
			f.parent[i] = isRoot
		}
	}
}

// findBases looks up the bases that are named by id.
func (f *forest) findBases(refs []named) {
	if len(refs) == 0 {
		return
	}
	nodes := make([]int32, len(f.places))
	for node, place := range f.places {
		nodes[place] = int32(node)
	}
	for _, r := range refs {
		if place, ok := f.pack.index.Find(r.base); ok {
			f.parent[r.node] = nodes[place]
		}
	}
}

// link makes the lists of children.
func (f *forest) link() {
	n := len(f.parent)
	f.first = make([]int32, n+2)
	for _, p := range f.parent {
		if p >= 0 {
			f.first[p+2]++
		}
	}
	for i := range n {
		f.first[i+2] += f.first[i+1]
	}
	f.kids = make([]int32, f.first[n+1])
	for i, p := range f.parent {
		if p >= 0 {
			f.kids[f.first[p+1]] = int32(i)
			f.first[p+1]++
		}
	}
	f.first = f.first[:n+1]
}

func (f *forest) kidsOf(node int32) []int32 { return f.kids[f.first[node]:f.first[node+1]] }

// weigh goes through the nodes from the roots on, counts what lies below each, and names what no root leads to: the
// nodes whose bases go round in a circle.
func (f *forest) weigh(copies []bool) {
	n := len(f.parent)
	order := make([]int32, 0, n)
	for i, p := range f.parent {
		if p < 0 {
			order = append(order, int32(i))
		}
		if p == isRoot || p == isExternal {
			f.roots = append(f.roots, int32(i))
		}
	}
	for i := 0; i < len(order); i++ {
		order = append(order, f.kidsOf(order[i])...)
	}
	f.setCopies(copies)
	f.weight = make([]int32, n)
	for _, node := range slices.Backward(order) {
		f.weight[node]++
		if p := f.parent[node]; p >= 0 {
			f.weight[p] += f.weight[node]
			if f.dead != nil {
				f.dead[p] = f.dead[p] && f.dead[node]
			}
		}
		f.heaviestLast(f.kidsOf(node))
	}
	for i, w := range f.weight {
		if w == 0 {
			f.failed = append(f.failed, failure{int32(i), errCycle})
		}
	}
}

func (f *forest) heaviestLast(kids []int32) {
	heaviest := 0
	for i, kid := range kids {
		if f.weight[kid] >= f.weight[kids[heaviest]] {
			heaviest = i
		}
	}
	if last := len(kids) - 1; last >= 0 {
		kids[heaviest], kids[last] = kids[last], kids[heaviest]
	}
}

func (f *forest) setCopies(copies []bool) {
	if copies == nil {
		return
	}
	f.copies = make([]bool, len(f.places))
	for node, place := range f.places {
		f.copies[node] = copies[place]
	}
	f.dead = slices.Clone(f.copies)
}

func (f *forest) isCopy(node int32) bool { return f.copies != nil && f.copies[node] }

// isBase says whether a node has a child that the visitor will see.
func (f *forest) isBase(node int32) bool {
	for _, kid := range f.kidsOf(node) {
		if !f.isCopy(kid) {
			return true
		}
	}
	return false
}

// id is a node's id.
func (f *forest) id(node int32) []byte { return f.pack.index.ID(int(f.places[node])) }

func (f *forest) isDead(node int32) bool { return f.dead != nil && f.dead[node] }
