package gitsource

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"maps"
	"slices"
	"strconv"
	"sync/atomic"

	"github.com/keywright/keywright/scanner"
	"github.com/keywright/keywright/scanner/memory"
)

// Remember has Lend leave out what m says is clean. m is of a scan of this repository that would have said the same of
// each object; the zero Memory has everything read, and Draft made. Called before Lend; a source of chosen refs, and one
// that git or go-git has to read, remembers nothing.
//
// Findings, counts and skips are those of a scan that remembers nothing, but for one thing: an object that was not clean
// and is gone is a skip, once. Content that was damaged on disk after it was read is not noticed.
func (h *History) Remember(m *memory.Memory) {
	if h.only == nil {
		h.past = &past{memory: m, format: h.repo.format}
	}
}

// Draft is what the next scan may rely on. Nil: Lend did not come to its end, nothing can be remembered, or all is as
// the memory has it.
func (h *History) Draft() *memory.Draft {
	if h.past == nil {
		return nil
	}
	return h.past.draft
}

// past is what is known of the objects from the last scan, and what the next one will know.
type past struct {
	memory  *memory.Memory
	format  objectFormat
	present []byte // the ids of the store, ascending, each once
	note    pastNote
	known   int   // objects that are there and known to be clean
	unknown []oid // the others, ascending
	few     bool  // only the others are read; else everything, and what is clean is not scanned
	same    bool  // the objects are those of the last scan
	gone    []oid // that were not clean and are not there any more

	dirtyName atomic.Bool // some file name is not clean
	left      []entry     // what we could not read ourselves
	draft     *memory.Draft
}

// look compares what is there with what is remembered, and changes the plan, which is to read all, when there is less to
// do. False when the ids cannot be read: then nothing can be remembered.
func (p *past) look(st *store, plan *storePlan) bool {
	var err error
	if p.present, err = st.ids(); err != nil {
		return false
	}
	size, marked := p.format.size(), map[oid]bool{}
	for id := range p.memory.Marked() {
		marked[p.format.raw(id)] = true
	}
	was := len(marked)
	for i := 0; i < len(p.present); i += size {
		if p.memory.Clean(p.present[i : i+size]) {
			p.known++
			continue
		}
		id := p.format.raw(p.present[i:])
		p.unknown = append(p.unknown, id)
		delete(marked, id)
	}
	p.gone = slices.SortedFunc(maps.Keys(marked), compareIDs)
	// What names an object was clean only because that was there: when one is gone, trees and commits are read again.
	whole := p.known == p.memory.Len() && len(p.gone) == 0
	p.same = whole && len(p.unknown) == was
	if whole && p.known > 0 && p.note.parse(p.memory.Note()) {
		if few, cost := p.plan(st); cost < len(p.present)/size {
			p.few, *plan = true, few
		}
	}
	return true
}

// singleCost is how many objects a walk makes in the time in which one is read by itself, with all it is made from.
const singleCost = 30

// plan is how to read only what is not known, and what that costs: as many objects of a walk.
func (p *past) plan(st *store) (plan storePlan, cost int) {
	loose := len(st.packs)
	of, count := make([]int, len(p.unknown)), make([]int, len(st.packs)+1)
	hint := 0
	for i, id := range p.unknown {
		of[i] = loose
		if st.packed(id, &hint) {
			of[i] = hint
		}
		count[of[i]]++
	}
	walked := make([]bool, len(st.packs))
	for i, pack := range st.packs {
		if walked[i] = count[i]*singleCost > pack.Len(); walked[i] {
			plan.packs = append(plan.packs, pack)
			cost += pack.Len()
		}
	}
	for i, id := range p.unknown {
		if of[i] != loose && !walked[of[i]] {
			plan.single = append(plan.single, id)
		}
	}
	plan.loose, plan.total = st.looseOf(p.unknown), len(p.unknown)
	return plan, cost + len(plan.single)*singleCost + len(plan.loose)
}

func (p *past) readsFew() bool { return p != nil && p.few }

// clean says whether an object need not be scanned.
func (p *past) clean(id oid) bool { return p != nil && p.memory.Clean(id[:p.format.size()]) }

// passes says whether an object is not even to be looked at: it came only because it lies among others that are.
func (p *past) passes(id oid) bool { return p != nil && p.few && p.clean(id) }

// seen is what a giver says of objects for the next scan.
type seen struct {
	dirty  []oid
	trees  []oid
	given  int // objects that we read ourselves
	blobs  int // clean ones
	bytes  int64
	unsure bool // what is read is what was left to git: never clean
}

// mark says that an object is not clean.
func (g *giver) mark(id oid) {
	if g.history.past != nil {
		g.seen.dirty = append(g.seen.dirty, id)
	}
}

// noted takes what the borrower said of an object.
func (g *giver) noted(o object, clean bool) {
	switch {
	case g.history.past == nil || g.seen.unsure: // all that was left is marked
	case !clean:
		g.mark(o.id)
	case o.kind == typeBlob:
		g.seen.blobs++
		g.seen.bytes += o.size
	}
}

// asBefore says whether nothing can be missing because nothing was when all was the same.
func (p *past) asBefore(ctx context.Context, h *History) bool {
	return p.readsFew() && p.same && p.note.commits >= 0 && !h.suspect.Load() && p.note.state == h.state(h.counted(ctx))
}

// missing reports the objects that were not clean and are gone: a finding must not vanish in silence.
func (p *past) missing() []scanner.Skip {
	if p == nil {
		return nil
	}
	var skips []scanner.Skip
	for _, id := range p.gone {
		skips = append(skips, scanner.Skip{Reason: scanner.SkipMissingObject, Object: p.format.hex(id),
			Detail: "the last scan did not find it clean, and it is not there any more"})
	}
	return skips
}

// remember makes the draft of the next memory, unless an object was neither read nor left, or there is nothing new in
// it. whole: nothing was missing.
func (l *lending) remember(state [sha256.Size]byte, whole bool) {
	h, p := l.history, l.history.past
	marked, given := map[oid]struct{}{}, len(p.left)
	next := pastNote{state: state, commits: -1}
	if whole {
		next.commits = h.counts.Commits
	}
	if p.few {
		next.blobs, next.bytes = p.note.blobs, p.note.bytes
	}
	for _, x := range p.left {
		marked[x.id] = struct{}{}
	}
	badTrees := p.dirtyName.Load() || h.suspect.Load()
	for _, g := range l.givers {
		given += g.seen.given
		next.blobs += g.seen.blobs
		next.bytes += g.seen.bytes
		for _, id := range g.seen.dirty {
			marked[id] = struct{}{}
		}
		if badTrees { // which of them it is that holds the name, or names what is not there, is not known
			for _, id := range g.seen.trees {
				marked[id] = struct{}{}
			}
		}
	}
	expected := len(p.present) / p.format.size()
	if p.few {
		expected = len(p.unknown)
	}
	if given == expected && !(p.few && p.same && next == p.note && len(marked) == len(p.unknown)) {
		p.draft = p.newDraft(marked, next)
	}
}

func (p *past) newDraft(marked map[oid]struct{}, note pastNote) *memory.Draft {
	size := p.format.size()
	d := memory.NewDraft(size)
	for i := 0; i < len(p.present); i += size {
		id := p.present[i : i+size]
		if _, is := marked[p.format.raw(id)]; is {
			d.Mark(id)
		} else {
			d.Clean(id)
		}
	}
	d.Note(note.append(nil))
	return d
}

// pastNote is what a scan leaves for the next one beside the ids.
type pastNote struct {
	blobs   int   // clean ones
	bytes   int64 // of these
	commits int   // that were reached, when nothing was missing; else -1
	state   [sha256.Size]byte
}

const pastNoteBytes = 3*8 + sha256.Size

func (n *pastNote) append(to []byte) []byte {
	for _, x := range []int64{int64(n.blobs), n.bytes, int64(n.commits)} {
		to = binary.BigEndian.AppendUint64(to, uint64(x)) //nolint:gosec // read back the same way
	}
	return append(to, n.state[:]...)
}

func (n *pastNote) parse(data []byte) bool {
	if len(data) != pastNoteBytes {
		return false
	}
	at := func(i int) int64 { return int64(binary.BigEndian.Uint64(data[8*i:])) } //nolint:gosec // written the same way
	n.blobs, n.bytes, n.commits = int(at(0)), at(1), int(at(2))
	copy(n.state[:], data[3*8:])
	return n.blobs >= 0 && n.bytes >= 0 && n.commits >= -1
}

// state names all that decides, beside the objects, what is reached and what is missing.
func (h *History) state(tips []ref) (sum [sha256.Size]byte) {
	digest := sha256.New()
	for _, x := range tips {
		digestRef(digest, x)
	}
	shallow := h.repo.shallow()
	sortIDs(shallow)
	for _, id := range shallow {
		digestRef(digest, ref{name: "shallow", id: id})
	}
	copy(sum[:], digest.Sum(nil))
	return sum
}

func digestRef(to hash.Hash, x ref) {
	line := strconv.AppendQuote(nil, x.name)
	line = strconv.AppendBool(line, x.worktree)
	to.Write(append(line, x.id[:]...)) // a hash does not fail
}

// ids are those of all objects, ascending, each once.
//
// Errors: packfile.ErrChanged.
func (st *store) ids() ([]byte, error) {
	size := st.repo.format.size()
	lists := make([][]byte, 0, len(st.packs)+1)
	for _, p := range st.packs {
		ids, err := p.IDs()
		if err != nil {
			return nil, err
		}
		lists = append(lists, ids)
	}
	loose := make([]byte, 0, len(st.loose)*size)
	for _, x := range st.loose {
		loose = append(loose, x.id[:size]...)
	}
	lists = append(lists, loose)
	for len(lists) > 1 {
		half := (len(lists) + 1) / 2
		for i := half; i < len(lists); i++ {
			lists[i-half] = mergeIDs(lists[i-half], lists[i], size)
		}
		lists = lists[:half]
	}
	return lists[0], nil
}

// mergeIDs makes one list of two, both ascending.
func mergeIDs(a, b []byte, size int) []byte {
	switch {
	case len(a) == 0:
		return b
	case len(b) == 0:
		return a
	}
	out := make([]byte, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		order := bytes.Compare(a[:size], b[:size])
		if order <= 0 {
			out, a = append(out, a[:size]...), a[size:]
		} else {
			out = append(out, b[:size]...)
		}
		if order >= 0 {
			b = b[size:]
		}
	}
	return append(append(out, a...), b...)
}

// looseOf are the loose objects among ids, which ascend.
func (st *store) looseOf(ids []oid) []looseObject {
	var out []looseObject
	for _, x := range st.loose { // ascending too
		n, is := slices.BinarySearchFunc(ids, x.id, compareIDs)
		ids = ids[n:]
		if is {
			out = append(out, x)
		}
	}
	return out
}
