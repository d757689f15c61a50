package gitsource

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/keywright/keywright/scanner"
)

const progressEvery = 1024 // objects that one goroutine reads between two reports

// History is every object of a repository: file contents, commits, tags, file names and ref names of all refs,
// stashes, notes and reflogs, and what nothing reaches any more.
type History struct {
	repo    *Repository
	reader  objectReader
	graph   *graph
	names   nameSet
	present *presence // nil before anything was read
	learned bool      // the graph has all commits and tags
	only    []ref     // the refs that were asked for; nil: all
	past    *past     // nil: nothing is remembered
	// suspect is set when a tree names an object that is not there or an object could not be read: only then the
	// walk that tells whether something reaches it is worth its time.
	suspect atomic.Bool

	mu     sync.Mutex
	counts scanner.Counts
	done   Progress
	unread map[string]bool // objects that a skip named already
}

// History makes the source of the whole history. It is a scanner.Lender, a scanner.Counter and a scanner.Locator.
func (r *Repository) History() *History {
	return &History{repo: r, reader: r.reader(), graph: newGraph(r.format), names: newNameSet(r.format), unread: map[string]bool{}}
}

// Counts says what was gone through: commits as `git rev-list --all --reflog --count` counts them, blobs as
// `git cat-file --batch-all-objects` lists them.
func (h *History) Counts() scanner.Counts {
	counts := h.counts
	if h.past != nil {
		counts.Remembered = h.past.known
	}
	return counts
}

// counted are the refs from which commits are counted.
func (h *History) counted(ctx context.Context) []ref {
	if h.only != nil {
		return h.only
	}
	return h.repo.allRefs(ctx).counted()
}

// tips are all ids that lead into what is scanned.
func (h *History) tips(ctx context.Context) []ref {
	if h.only != nil {
		return h.only
	}
	return h.repo.allRefs(ctx).tips()
}

// named are the refs themselves.
func (h *History) named(ctx context.Context) []ref {
	if h.only != nil {
		return h.only
	}
	return h.repo.allRefs(ctx).refs
}

func (r *Repository) tooLarge(x entry) *scanner.Skip {
	return &scanner.Skip{Reason: scanner.SkipTooLarge, Object: r.format.hex(x.id),
		Detail: fmt.Sprintf("%s of %d bytes, the cap is %d", x.kind, x.size, r.options.MaxBlobBytes)}
}

// remember keeps the object that a skip names, so that it is not reported as missing too.
func (h *History) remember(s *scanner.Skip) {
	h.suspect.Store(true)
	if s.Object != "" {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.unread[s.Object] = true
	}
}

func commitPlace(id string, c commit) scanner.Location {
	return scanner.Location{Kind: scanner.KindCommit, Commit: id, Author: c.author, Date: c.date}
}

func tagPlace(id string, t tag) scanner.Location {
	return scanner.Location{Kind: scanner.KindTag, Commit: id, Author: t.author, Date: t.date}
}
