package githubapp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

// Range is what a push moved.
type Range struct {
	Ref    string // full name, as it was pushed: names are scanned too
	Before string // empty or all zeros: a new ref
	After  string
}

// Fetched is what a push brought, in a bare repository of its own.
type Fetched struct {
	Dir string
	// Range is what to scan: what After reaches and Before does not. Before is empty when all that After reaches is to
	// be scanned: a new ref, a tag, or a before that GitHub no longer serves. Ref stands in the repository.
	Range
	Notes []string // for people: what was different from the push
}

// depths are tried in turn until what is new does not touch the end of what was fetched. The last is no limit.
var depths = []string{"--depth=32", "--depth=1024", "--unshallow"} //nolint:gochecknoglobals // constant

// Fetch brings the objects that are new between two commits into a fresh bare repository below the App's
// temporary folder: the commits and trees to a depth that covers them, then the new blobs by their ids.
//
// cleanup removes the repository; it is never nil and may be called twice. Cancelled: git is killed and
// nothing stays. Errors: ErrGone when after is not served, ErrTooLarge; the rest may pass.
func (a *App) Fetch(ctx context.Context, r Repository, moved Range) (got Fetched, cleanup func(), err error) {
	g, cleanup, err := a.prepare(ctx, r, moved.After)
	if err != nil {
		return Fetched{}, cleanup, fmt.Errorf("fetch %s: %w", r.FullName(), err)
	}
	got, err = g.bring(ctx, moved)
	if err != nil {
		cleanup()
		return Fetched{}, cleanup, fmt.Errorf("fetch %s: %w", r.FullName(), a.told(r, err))
	}
	return got, cleanup, nil
}

// told forgets a token that git was refused with.
func (a *App) told(r Repository, err error) error {
	if errors.Is(err, errRefused) {
		a.forget(r, toFetch)
	}
	return err
}

// prepare makes the empty repository and what git needs to fill it.
func (a *App) prepare(ctx context.Context, r Repository, after string) (*git, func(), error) {
	nothing := func() {}
	token, err := a.client(r, toFetch).token(ctx)
	if err != nil {
		return nil, nothing, err
	}
	dir, err := os.MkdirTemp(a.o.TempDir, "keywright-fetch-")
	if err != nil {
		return nil, nothing, err
	}
	cleanup := sync.OnceFunc(func() { _ = os.RemoveAll(dir) })
	remote := a.gitURL.JoinPath(r.Owner, r.Name+".git").String()
	g := &git{dir: filepath.Join(dir, "repo.git"), maxBytes: a.o.MaxFetch, env: environment(dir, remote, token)}
	if err := g.init(ctx, remote, after); err != nil {
		cleanup()
		return nil, cleanup, err
	}
	return g, cleanup, nil
}

// refBefore keeps the commit before reachable. It is no name of the repository, so it is not scanned.
const refBefore = "refs/keywright/before"

func (g *git) bring(ctx context.Context, moved Range) (Fetched, error) {
	got := Fetched{Dir: g.dir, Range: moved}
	if strings.Trim(moved.Before, "0") == "" || strings.HasPrefix(moved.Ref, "refs/tags/") {
		return g.all(ctx, got)
	}
	for i, depth := range depths {
		err := g.fetch(ctx, nil, depth, "--filter=blob:none", "--", "origin", moved.Before+":"+refBefore, moved.After+":"+moved.Ref)
		if errors.Is(err, ErrGone) && i == 0 {
			got.Notes = append(got.Notes, "GitHub no longer serves "+moved.Before+": the whole history of the new commit was fetched")
			return g.all(ctx, got)
		}
		if err != nil {
			return got, err
		}
		covered, err := g.covered(ctx, moved.Before, moved.After)
		if err != nil {
			return got, err
		}
		if covered {
			break
		}
	}
	return got, g.blobs(ctx, moved.Before, moved.After)
}

// all fetches everything that after reaches, annotated tags with it.
func (g *git) all(ctx context.Context, got Fetched) (Fetched, error) {
	got.Before = ""
	// A filtered fetch that failed has left its filter in the repository's configuration.
	return got, g.fetch(ctx, nil, "--no-filter", "--", "origin", got.After+":"+got.Ref)
}

// covered says whether none of the new commits is one where the fetch was cut off.
func (g *git) covered(ctx context.Context, before, after string) (bool, error) {
	boundary, err := os.ReadFile(filepath.Join(g.dir, "shallow"))
	if errors.Is(err, os.ErrNotExist) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	list, err := g.run(ctx, nil, "rev-list", after, "^"+before)
	if err != nil {
		return false, err
	}
	cut := strings.Fields(string(boundary))
	for id := range strings.FieldsSeq(string(list)) {
		if slices.Contains(cut, id) {
			return false, nil
		}
	}
	return true, nil
}

// blobs fetches, by id, the blobs that the range brought.
func (g *git) blobs(ctx context.Context, before, after string) error {
	list, err := g.run(ctx, nil, "rev-list", "--objects", "--missing=print", "--no-object-names", after, "^"+before)
	if err != nil {
		return err
	}
	var wanted bytes.Buffer
	for line := range bytes.Lines(list) {
		if id, missing := bytes.CutPrefix(line, []byte("?")); missing {
			wanted.Write(id)
		}
	}
	if wanted.Len() == 0 {
		return nil
	}
	return g.fetch(ctx, wanted.Bytes(), "--filter=blob:none", "--stdin", "--", "origin")
}

// maxObjectBytes is the longest object that [App.Object] reads, as long as what a scan reads at most.
const maxObjectBytes = 64 << 20

// Object returns one object's content by its id: a blob, or a commit or tag as git stores it. r.ID may be 0.
// Errors: ErrGone when it is not served, ErrTooLarge; the rest may pass.
func (a *App) Object(ctx context.Context, r Repository, id string) ([]byte, error) {
	g, cleanup, err := a.prepare(ctx, r, id)
	if err != nil {
		return nil, fmt.Errorf("read %s of %s: %w", id, r.FullName(), err)
	}
	defer cleanup()
	text, err := g.object(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("read %s of %s: %w", id, r.FullName(), a.told(r, err))
	}
	return text, nil
}

func (g *git) object(ctx context.Context, id string) ([]byte, error) {
	if err := g.fetch(ctx, nil, "--depth=1", "--filter=blob:none", "--", "origin", id); err != nil {
		return nil, err
	}
	kind, err := g.run(ctx, nil, "cat-file", "-t", id)
	if err != nil {
		return nil, err
	}
	g.maxList = maxObjectBytes
	return g.run(ctx, nil, "cat-file", strings.TrimSpace(string(kind)), id)
}
