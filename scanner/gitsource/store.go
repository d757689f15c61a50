package gitsource

import (
	"context"
	"errors"
	"path/filepath"

	"github.com/keywright/keywright/internal/packfile"
)

// maxOpenPacks is how many packs are mapped at a time. A repository with more is read through git.
const maxOpenPacks = 512

// store is a repository's objects, read without a git program: packs by their delta trees, loose objects one by one.
// It sees what the shim links to. What it cannot read is left to git, which also says what is wrong with it.
type store struct {
	repo  *Repository
	packs []*packfile.Pack
	loose []looseObject
}

// looseObject is a file of an objects folder whose name is an id.
type looseObject struct {
	id   oid
	path string
}

// openStore opens all packs and lists the loose objects; nil when git has to read this repository: there may be a
// pack that cannot be opened although it could a moment before, or too many.
func (s *shim) openStore(ctx context.Context) (*store, error) {
	if err := s.mount(ctx); err != nil {
		return nil, err
	}
	folders, err := filepath.Glob(filepath.Join(globQuote(s.dir), "alternate-*"))
	if err != nil {
		return nil, err
	}
	st := &store{repo: s.repo}
	for _, folder := range append([]string{s.path("objects")}, folders...) {
		if err := errors.Join(st.openPacks(folder), st.listLoose(folder)); err != nil {
			return nil, errors.Join(err, st.close())
		}
	}
	return st, nil
}

var errManyPacks = errors.New("more packs than are mapped at a time")

func (st *store) openPacks(folder string) error {
	files, err := filepath.Glob(filepath.Join(globQuote(folder), "pack", "*.idx"))
	if err != nil {
		return err
	}
	if len(st.packs)+len(files) > maxOpenPacks {
		return errManyPacks
	}
	for _, index := range files {
		p, err := packfile.Open(index[:len(index)-len(".idx")]+".pack", index, st.repo.format.size())
		if err != nil {
			return err
		}
		st.packs = append(st.packs, p)
	}
	return nil
}

func (st *store) listLoose(folder string) error {
	files, err := filepath.Glob(filepath.Join(globQuote(folder), "[0-9a-f][0-9a-f]", "*"))
	for _, path := range files {
		name := filepath.Base(filepath.Dir(path)) + filepath.Base(path)
		if id, ok := st.repo.format.parse([]byte(name)); ok {
			st.loose = append(st.loose, looseObject{id, path})
		}
	}
	return err
}

func (st *store) close() error {
	var errs []error
	for _, p := range st.packs {
		errs = append(errs, p.Close())
	}
	return errors.Join(errs...)
}

// ids lists every object once, and drops the loose ones that a pack or a folder before has too.
func (st *store) ids() map[oid]struct{} {
	all := map[oid]struct{}{}
	for _, p := range st.packs {
		for i := range p.Len() {
			all[st.repo.format.raw(p.ID(i))] = struct{}{}
		}
	}
	only := st.loose[:0]
	for _, x := range st.loose {
		if _, there := all[x.id]; !there {
			all[x.id] = struct{}{}
			only = append(only, x)
		}
	}
	st.loose = only
	return all
}

const (
	parcelObjects = 64
	parcelBytes   = 1 << 20
)

// parcel are objects on their way from the walk to the receiver: sent one by one, the waiting costs more than the
// reading.
type parcel struct {
	objects []object
	bytes   int64
	unread  []packfile.Unread
}

func (p *parcel) full() bool {
	return len(p.objects)+len(p.unread) >= parcelObjects || p.bytes >= parcelBytes
}

// walk sends all objects of the packs. One worker keeps their order the same in each run; the receiver scans
// meanwhile on the other cores.
func (st *store) walk(ctx context.Context, limit int64, out chan<- parcel) error {
	var next parcel
	flush := func() error {
		select {
		case out <- next:
			next = parcel{}
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	sendFull := func() error {
		if next.full() {
			return flush()
		}
		return nil
	}
	options := packfile.Options{Workers: 1, Keep: true, MaxObjectBytes: limit,
		MaxHeldBytes: max(packfile.DefaultMaxHeldBytes, 4*min(limit, 1<<40))}
	_, err := packfile.Walk(ctx, st.packs, options, packfile.Visitor{
		Object: func(o packfile.Object) (any, error) {
			size := int64(len(o.Data))
			next.objects = append(next.objects, object{entry: entry{id: st.repo.format.raw(o.ID), kind: kindOf(o.Type), size: size}, data: o.Data})
			next.bytes += size
			return nil, sendFull()
		},
		Unread: func(u packfile.Unread) error {
			next.unread = append(next.unread, u)
			return sendFull()
		},
	})
	if err != nil {
		return err
	}
	return flush()
}

func kindOf(t packfile.Type) objectType {
	if t == packfile.TypeUnknown {
		return typeUnknown
	}
	return objectType(t.String())
}
