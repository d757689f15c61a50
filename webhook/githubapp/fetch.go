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

// Fetched is what a push brought, in a bare repository of its own.
type Fetched struct {
	Dir string
	// Before and After are the range to scan: what After reaches and Before does not. Before is empty when all
	// that After reaches is to be scanned: a new ref, or a before that GitHub no longer serves.
	Before, After string
	Notes         []string // for people: what was different from the push
}

// depths are tried in turn until what is new does not touch the end of what was fetched. The last is no limit.
var depths = []string{"--depth=32", "--depth=1024", "--unshallow"} //nolint:gochecknoglobals // constant

// Fetch brings the objects that are new between two commits into a fresh bare repository below the App's
// temporary folder: the commits and trees to a depth that covers them, then the new blobs by their ids.
// An empty or all-zero before means everything that after reaches.
//
// cleanup removes the repository; it is never nil and may be called twice. Cancelled: git is killed and
// nothing stays. Errors: ErrGone when after is not served, ErrTooLarge; the rest may pass.
func (a *App) Fetch(ctx context.Context, r Repository, before, after string) (got Fetched, cleanup func(), err error) {
	g, cleanup, err := a.prepare(ctx, r, after)
	if err != nil {
		return Fetched{}, cleanup, fmt.Errorf("fetch %s: %w", r.FullName(), err)
	}
	got, err = g.bring(ctx, strings.Trim(before, "0"), before, after)
	if errors.Is(err, errRefused) {
		a.forget(r, toFetch)
	}
	if err != nil {
		cleanup()
		return Fetched{}, cleanup, fmt.Errorf("fetch %s: %w", r.FullName(), err)
	}
	return got, cleanup, nil
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

// bring fetches the range. set is before without its zeros.
func (g *git) bring(ctx context.Context, set, before, after string) (Fetched, error) {
	got := Fetched{Dir: g.dir, After: after}
	if set == "" {
		return got, g.fetch(ctx, nil, "--", "origin", after+":"+refAfter)
	}
	got.Before = before
	for i, depth := range depths {
		err := g.fetchRange(ctx, depth, before, after)
		if errors.Is(err, ErrGone) && i == 0 {
			return g.withoutBefore(ctx, got)
		}
		if err != nil {
			return got, err
		}
		covered, err := g.covered(ctx, before, after)
		if err != nil {
			return got, err
		}
		if covered {
			break
		}
	}
	return got, g.blobs(ctx, before, after)
}

func (g *git) fetchRange(ctx context.Context, depth, before, after string) error {
	return g.fetch(ctx, nil, depth, "--filter=blob:none", "--", "origin", before+":"+refBefore, after+":"+refAfter)
}

// withoutBefore is for a before that a force push left behind: all of after is new, as far as we can tell.
func (g *git) withoutBefore(ctx context.Context, got Fetched) (Fetched, error) {
	got.Notes = append(got.Notes, "GitHub no longer serves "+got.Before+": the whole history of the new commit was fetched")
	got.Before = ""
	return got, g.fetch(ctx, nil, "--", "origin", got.After+":"+refAfter)
}

// The refs that keep what was fetched reachable.
const (
	refBefore = "refs/keywright/before"
	refAfter  = "refs/keywright/after"
)

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
