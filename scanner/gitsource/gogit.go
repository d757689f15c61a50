package gitsource

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"sort"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/cache"
	"github.com/go-git/go-git/v5/storage/filesystem"

	"github.com/keywright/keywright/internal/packfile"
	"github.com/keywright/keywright/scanner"
)

// goGitCacheBytes is go-git's cache of delta bases. More made it slower (docs: 96 MiB against 1 GiB).
const goGitCacheBytes = 96 << 20

// goGit reads objects without a git program. It sees the shim only: the links to their objects, never their
// configuration, of which it would refuse parts.
type goGit struct {
	shim   *shim
	stores []*filesystem.Storage
}

// reader is git when there is one, else go-git.
func (r *Repository) reader() objectReader {
	if r.options.NoGit {
		return &goGit{shim: r.shim}
	}
	return r.shim
}

// open mounts the objects and opens a store for each object folder.
func (g *goGit) open(ctx context.Context) error {
	if g.stores != nil {
		return nil
	}
	if err := g.shim.mount(ctx); err != nil {
		return fmt.Errorf("%w: %w", errStart, err)
	}
	// The folders are opened one by one, so go-git must not follow the list of them too.
	if err := os.Remove(g.shim.path("objects/info/alternates")); err != nil && !isAbsent(err) {
		return err
	}
	dirs, err := g.folders()
	if err != nil {
		return err
	}
	for _, dir := range dirs {
		store := filesystem.NewStorage(linkedFS{dir}, cache.NewObjectLRU(goGitCacheBytes))
		g.stores = append(g.stores, store)
	}
	return nil
}

// folders are those with an objects folder in them: the shim, and one that is made for each alternate.
func (g *goGit) folders() ([]string, error) {
	dirs := []string{g.shim.dir}
	alternates, err := filepath.Glob(filepath.Join(globQuote(g.shim.dir), "alternate-*"))
	for _, alternate := range alternates {
		dir := g.shim.path("go-git-" + filepath.Base(alternate))
		if err := os.Mkdir(dir, 0o700); err != nil {
			return nil, err
		}
		if err := os.Symlink(alternate, filepath.Join(dir, "objects")); err != nil {
			return nil, err
		}
		dirs = append(dirs, dir)
	}
	return dirs, err
}

// list yields every object's id; types and sizes become known when they are read.
func (g *goGit) list(ctx context.Context) iter.Seq2[entry, error] {
	return func(yield func(entry, error) bool) {
		if g.shim.repo.format != formatSHA1 {
			yield(entry{}, &scanner.Skip{Reason: scanner.SkipUnsupported, Detail: "a SHA-256 repository is read only with a git program"})
			return
		}
		if err := g.open(ctx); err != nil {
			yield(entry{}, err)
			return
		}
		seen := map[oid]bool{}
		for _, store := range g.stores {
			ids, err := g.idsIn(filepath.Join(store.Filesystem().Root(), "objects"))
			if err != nil && !yield(entry{}, err) {
				return
			}
			for _, id := range ids {
				if seen[id] {
					continue
				}
				seen[id] = true
				if !yield(entry{id: id, size: -1}, ctx.Err()) {
					return
				}
			}
		}
	}
}

// idsIn lists a folder's loose objects, then those of its packs in the order of their places, as deltas want it.
func (g *goGit) idsIn(objects string) ([]oid, error) {
	var ids []oid
	loose, err := filepath.Glob(filepath.Join(globQuote(objects), "[0-9a-f][0-9a-f]", "*"))
	if err != nil {
		return nil, err
	}
	for _, path := range loose {
		name := filepath.Base(filepath.Dir(path)) + filepath.Base(path)
		if id, ok := g.shim.repo.format.parse([]byte(name)); ok {
			ids = append(ids, id)
		}
	}
	packs, err := filepath.Glob(filepath.Join(globQuote(objects), "pack", "*.idx"))
	for _, path := range packs {
		inPack, err := g.idsInPack(path)
		if err != nil {
			return ids, fmt.Errorf("list the objects of %s: %w", filepath.Base(path), err)
		}
		ids = append(ids, inPack...)
	}
	return ids, err
}

func (g *goGit) idsInPack(path string) ([]oid, error) {
	data, err := readFile(path, maxIndexBytes)
	if err != nil {
		return nil, err
	}
	x, err := packfile.ParseIndex(data, g.shim.repo.format.size())
	if err != nil {
		return nil, err
	}
	order := make([]int, x.Len())
	for i := range order {
		order[i] = i
	}
	sort.Slice(order, func(i, j int) bool { return x.Offset(order[i]) < x.Offset(order[j]) })
	ids := make([]oid, x.Len())
	for at, i := range order {
		ids[at] = g.shim.repo.format.raw(x.ID(i))
	}
	return ids, nil
}

// contents reads one object after the other.
func (g *goGit) contents(ctx context.Context, entries []entry, limit int64) iter.Seq2[object, error] {
	return func(yield func(object, error) bool) {
		if err := g.open(ctx); err != nil {
			yield(object{}, err)
			return
		}
		failed := 0
		for i, e := range entries {
			if ctx.Err() != nil {
				yield(object{}, ctx.Err())
				return
			}
			o, err := g.read(e.id, limit)
			if err != nil {
				failed++
				err = g.skip(e.id, err)
			}
			if !yield(o, err) {
				return
			}
			if failed > maxDeaths {
				yield(object{}, &scanner.Skip{Reason: scanner.SkipCorruptObject,
					Detail: fmt.Sprintf("%d objects were not read after %d others could not be", len(entries)-i-1, failed)})
				return
			}
		}
	}
}

func (g *goGit) skip(id oid, err error) *scanner.Skip {
	s := g.shim.corrupt(id, err)
	if errors.Is(err, plumbing.ErrObjectNotFound) {
		s.Reason, s.Detail = scanner.SkipUnsupported, "go-git does not find it; a git program may"
	}
	return s
}

// read reads an object from the first store that has it. A broken object may make go-git panic.
func (g *goGit) read(id oid, limit int64) (o object, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = errors.New("go-git cannot read it")
		}
	}()
	var hash plumbing.Hash
	copy(hash[:], id[:])
	err = plumbing.ErrObjectNotFound
	var encoded plumbing.EncodedObject
	for _, store := range g.stores {
		encoded, err = store.EncodedObject(plumbing.AnyObject, hash)
		if !errors.Is(err, plumbing.ErrObjectNotFound) {
			break
		}
	}
	if err != nil {
		return object{}, err
	}
	o = object{entry: entry{id: id, kind: objectType(encoded.Type().String()), size: encoded.Size()}}
	if o.over = o.size > limit; o.over {
		return o, nil
	}
	o.data, err = contentOf(encoded)
	return o, err
}

func contentOf(encoded plumbing.EncodedObject) ([]byte, error) {
	r, err := encoded.Reader()
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(r, encoded.Size()+1))
	if err == nil && int64(len(data)) != encoded.Size() {
		err = errors.New("its content is not as long as its header says")
	}
	return data, errors.Join(err, r.Close())
}
