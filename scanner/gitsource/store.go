package gitsource

import (
	"context"
	"errors"
	"path/filepath"
	"slices"

	"github.com/keywright/keywright/internal/packfile"
)

// maxOpenPacks is how many packs are mapped at a time. A repository with more is read through git.
const maxOpenPacks = 4096

// store is a repository's objects, read without a git program: packs by their delta trees, loose objects one by one.
// It has what the shim links to, and is filled together with it. What it cannot read is left to git, which also says
// what is wrong with it. Safe for concurrent use once it is filled.
type store struct {
	repo    *Repository
	packs   []*packfile.Pack
	late    []*packfile.Pack // opened after the others: only to be linked
	folders []string         // of loose objects: each an objects folder
	loose   []looseObject
	sorted  bool
	tooMany bool
}

// looseObject is a file of an objects folder whose name is an id.
type looseObject struct {
	id     oid
	folder int // of store.folders
}

var errManyPacks = errors.New("more packs than are mapped at a time")

// openStore fills the store and returns it; an error when git has to read this repository.
func (s *shim) openStore(ctx context.Context) (*store, error) {
	if err := s.mount(ctx); err != nil {
		return nil, err
	}
	if s.store.tooMany {
		return nil, errManyPacks
	}
	s.store.sort()
	return s.store, nil
}

// openPack opens a pack, sees that its index belongs to it, and keeps it.
func (st *store) openPack(base string, late bool) error {
	p, err := packfile.Open(base+".pack", base+".idx", st.repo.format.size())
	if err != nil {
		return err
	}
	switch {
	case len(st.packs)+len(st.late) >= maxOpenPacks:
		st.tooMany = st.tooMany || !late
		return p.Close()
	case late:
		st.late = append(st.late, p)
		return nil
	}
	st.packs = append(st.packs, p)
	return nil
}

// addFolder takes note of an objects folder, whose loose objects addLoose adds.
func (st *store) addFolder(objects string) { st.folders = append(st.folders, objects) }

// addLoose takes note of a file of the folder that was added last.
func (st *store) addLoose(fan, name string) {
	if id, ok := st.repo.format.parse([]byte(fan + name)); ok {
		st.loose, st.sorted = append(st.loose, looseObject{id, len(st.folders) - 1}), false
	}
}

func (st *store) path(x looseObject) string {
	name := st.repo.format.hex(x.id)
	return filepath.Join(st.folders[x.folder], name[:2], name[2:])
}

// sort orders the loose objects and drops those that a pack or a folder before has too.
func (st *store) sort() {
	if st.sorted {
		return
	}
	slices.SortStableFunc(st.loose, func(a, b looseObject) int { return compareIDs(a.id, b.id) })
	hint, only := 0, st.loose[:0]
	for i, x := range st.loose {
		if (i == 0 || x.id != st.loose[i-1].id) && !st.packed(x.id, &hint) {
			only = append(only, x)
		}
	}
	st.loose, st.sorted = only, true
}

// has says whether an object is in a pack or loose. hint is the caller's, see packed.
func (st *store) has(id oid, hint *int) bool {
	if st.packed(id, hint) {
		return true
	}
	_, loose := slices.BinarySearchFunc(st.loose, id, func(x looseObject, id oid) int { return compareIDs(x.id, id) })
	return loose
}

// packed looks for an object in the packs: first in the one that hint names, where the last one was found.
func (st *store) packed(id oid, hint *int) bool {
	want := id[:st.repo.format.size()]
	if *hint < len(st.packs) && inPack(st.packs[*hint], want) {
		return true
	}
	for i, p := range st.packs {
		if i != *hint && inPack(p, want) {
			*hint = i
			return true
		}
	}
	return false
}

func inPack(p *packfile.Pack, id []byte) bool {
	_, ok := p.Find(id)
	return ok
}

// count is how many objects there are; one that several packs have counts for each.
func (st *store) count() int {
	n := len(st.loose)
	for _, p := range st.packs {
		n += p.Len()
	}
	return n
}

func (st *store) close() error {
	var errs []error
	for _, p := range append(st.packs, st.late...) {
		errs = append(errs, p.Close())
	}
	st.packs, st.late = nil, nil
	return errors.Join(errs...)
}

// walkOptions are those for objects of at most limit bytes.
func walkOptions(limit int64) packfile.Options {
	return packfile.Options{MaxObjectBytes: limit, MaxHeldBytes: max(packfile.DefaultMaxHeldBytes, 4*min(limit, 1<<40))}
}

func kindOf(t packfile.Type) objectType {
	if t == packfile.TypeUnknown {
		return typeUnknown
	}
	return objectType(t.String())
}
