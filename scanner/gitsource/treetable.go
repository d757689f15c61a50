package gitsource

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"

	"github.com/keywright/keywright/internal/packfile"
)

// maxHeldEntries is how many entries of trees are kept in memory, 16 bytes each. A history with more is compared by
// git.
const maxHeldEntries = 12 << 20

var errManyEntries = errors.New("more entries of trees than are kept in memory")

// treeNode is what is known of a tree. The zero value: it was not read.
type treeNode struct {
	held  []held
	files bool // files or links stand in it
	read  bool
}

// treeTable is every tree of the store, by number, with what it holds that matters for places.
type treeTable struct {
	repo   *Repository
	wanted *wanted
	trees  numbering
	names  *wordNumbers
	nodes  []treeNode
	kept   atomic.Int64 // held entries
}

// readTrees goes through the trees of the store, once.
//
// Errors: errManyEntries, what ctx says. A tree that cannot be read is left out.
func (st *store) readTrees(ctx context.Context, w *wanted) (*treeTable, error) {
	t := &treeTable{repo: st.repo, wanted: w, names: newWordNumbers()}
	own := t.newReader()
	readers, left, err := t.readPacks(ctx, st)
	if err != nil {
		return nil, err
	}
	more, err := own.readLoose(ctx, st)
	if err != nil {
		return nil, err
	}
	if err := own.readLeft(ctx, append(left, more...)); err != nil {
		return nil, err
	}
	empty, _ := st.repo.format.parse([]byte(st.repo.format.emptyTree()))
	own.keep(t.trees.of(empty), treeNode{read: true})
	t.gather(append(readers, own))
	return t, nil
}

// treeReader is one goroutine's part of a treeTable.
type treeReader struct {
	table  *treeTable
	reader outliner
	chunk  []held // where held entries are copied to
	found  []foundTree
}

type foundTree struct {
	number int32
	node   treeNode
}

func (t *treeTable) newReader() *treeReader {
	return &treeReader{table: t, reader: outliner{format: t.repo.format, wanted: t.wanted, trees: &t.trees, names: t.names, known: map[string]int32{}}}
}

// readPacks walks the trees of the packs, and nothing else in them.
func (t *treeTable) readPacks(ctx context.Context, st *store) (readers []*treeReader, left []entry, err error) {
	options := packfile.Options{Only: packfile.TypeTree, MaxObjectBytes: min(t.repo.options.MaxBlobBytes, maxTreeBytes), Workers: attributionWorkers()}
	for range options.Workers {
		readers = append(readers, t.newReader())
	}
	unread := make(chan []entry, 1)
	unread <- nil
	_, err = packfile.Walk(ctx, st.packs, options, packfile.Visitor{
		Object: func(o packfile.Object) (any, error) { return readers[o.Worker].packed(&o) },
		Unread: func(u packfile.Unread) error {
			if u.Type == packfile.TypeTree || u.Type == packfile.TypeUnknown {
				unread <- append(<-unread, entry{id: t.repo.format.raw(u.ID)})
			}
			return nil
		},
	})
	return readers, <-unread, err
}

// packed takes a tree of a pack; its outline is carried when others are made from it.
func (r *treeReader) packed(o *packfile.Object) (any, error) {
	base, _ := o.Base.(*outline)
	if !r.reader.read(o.Data, base, o.Segments) {
		return nil, nil // git would not take it for a tree either
	}
	kept, err := r.take(r.table.trees.of(r.table.repo.format.raw(o.ID)), base)
	if err != nil || !o.IsBase {
		return nil, err
	}
	return &outline{starts: slices.Clone(r.reader.now.starts), held: kept}, nil
}

// take keeps what the tree in work holds. Often it is what its base holds.
func (r *treeReader) take(number int32, base *outline) ([]held, error) {
	now := &r.reader.now
	var kept []held
	if base != nil && slices.Equal(base.held, now.held) {
		kept = base.held
	} else {
		kept = r.copyHeld(now.held)
		if r.table.kept.Add(int64(len(kept))) > maxHeldEntries {
			return nil, errManyEntries
		}
	}
	r.keep(number, treeNode{held: kept, files: now.hasFiles(), read: true})
	return kept, nil
}

func (r *treeReader) keep(number int32, node treeNode) {
	r.found = append(r.found, foundTree{number, node})
}

const heldChunk = 4096

func (r *treeReader) copyHeld(h []held) []held {
	if len(h) > cap(r.chunk)-len(r.chunk) {
		r.chunk = make([]held, 0, max(heldChunk, len(h)))
	}
	at := len(r.chunk)
	r.chunk = append(r.chunk, h...)
	return r.chunk[at:len(r.chunk):len(r.chunk)]
}

// readLoose reads the trees among the loose objects; what cannot be read is left.
func (r *treeReader) readLoose(ctx context.Context, st *store) (left []entry, err error) {
	var reader looseReader
	for _, x := range st.loose {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		o, err := reader.readOnly(x.id, st.path(x), min(st.repo.options.MaxBlobBytes, maxTreeBytes), typeTree)
		switch {
		case err != nil:
			left = append(left, entry{id: x.id})
		case o.kind == typeTree:
			if err := r.whole(x.id, o.data); err != nil {
				return nil, err
			}
		}
	}
	return left, nil
}

func (r *treeReader) whole(id oid, data []byte) error {
	if !r.reader.read(data, nil, nil) {
		return nil
	}
	_, err := r.take(r.table.trees.of(id), nil)
	return err
}

// readLeft reads through git what is a tree. What git cannot read either was reported by the scan.
func (r *treeReader) readLeft(ctx context.Context, left []entry) error {
	if len(left) == 0 || r.table.repo.options.NoGit {
		return nil
	}
	s := r.table.repo.shim
	var trees []entry
	for x, err := range s.check(ctx, left) {
		if err == nil && x.kind == typeTree {
			trees = append(trees, x)
		}
	}
	for o, err := range s.contents(ctx, trees, maxTreeBytes) {
		if err != nil || o.over || o.kind != typeTree {
			continue
		}
		if err := r.whole(o.id, o.data); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// gather puts together what the goroutines found.
func (t *treeTable) gather(readers []*treeReader) {
	t.nodes = make([]treeNode, t.trees.len())
	for _, r := range readers {
		for _, x := range r.found {
			t.nodes[x.number] = x.node
		}
	}
}

// number is that of a tree that is named by a commit or a ref.
func (t *treeTable) number(id oid) int32 {
	n := t.trees.of(id)
	if int(n) >= len(t.nodes) {
		t.nodes = append(t.nodes, make([]treeNode, int(n)+1-len(t.nodes))...)
	}
	return n
}

// has says whether a tree of this id was read.
func (t *treeTable) has(id oid) bool { return t.nodes[t.number(id)].read }
