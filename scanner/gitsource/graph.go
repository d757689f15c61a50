package gitsource

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// commit is what places are told by.
type commit struct {
	tree    oid
	parents []oid
	author  string // "Name <email>"
	date    time.Time
}

// tag is an annotated tag.
type tag struct {
	target oid
	kind   objectType
	author string
	date   time.Time
}

// graph is the history of a repository, made of its commit and tag objects. Adding is safe for concurrent use, and
// nothing may be asked meanwhile.
type graph struct {
	format  objectFormat
	mu      sync.Mutex
	commits *commitStore
	tags    map[oid]tag
}

func newGraph(f objectFormat) *graph {
	return &graph{format: f, commits: newCommitStore(f), tags: map[oid]tag{}}
}

// commit is what is known of a commit.
func (g *graph) commit(id oid) (commit, bool) {
	n, ok := g.commits.number(id)
	if !ok {
		return commit{}, false
	}
	return g.commits.commit(n), true
}

// addCommit parses and keeps a commit; false when its header is not one.
func (g *graph) addCommit(id oid, data []byte) (commit, bool) {
	c, ok := parseCommit(g.format, data)
	if ok {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.commits.put(id, c)
	}
	return c, ok
}

// addTag parses and keeps an annotated tag; false when its header is not one.
func (g *graph) addTag(id oid, data []byte) (tag, bool) {
	t, ok := parseTag(g.format, data)
	if ok {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.tags[id] = t
	}
	return t, ok
}

func parseCommit(f objectFormat, data []byte) (c commit, ok bool) {
	for line := range headerLines(data) {
		key, value, _ := bytes.Cut(line, []byte(" "))
		switch string(key) {
		case "tree":
			c.tree, ok = f.parse(value)
		case "parent":
			if p, isID := f.parse(value); isID {
				c.parents = append(c.parents, p)
			}
		case "author":
			c.author, _ = person(value)
		case "committer":
			_, c.date = person(value)
		}
	}
	return c, ok
}

func parseTag(f objectFormat, data []byte) (t tag, ok bool) {
	for line := range headerLines(data) {
		key, value, _ := bytes.Cut(line, []byte(" "))
		switch string(key) {
		case "object":
			t.target, ok = f.parse(value)
		case "type":
			t.kind = objectType(value)
		case "tagger":
			t.author, t.date = person(value)
		}
	}
	return t, ok
}

// headerLines yields the lines before the first empty one.
func headerLines(data []byte) func(yield func([]byte) bool) {
	return func(yield func([]byte) bool) {
		for line := range bytes.Lines(data) {
			line = bytes.TrimSuffix(line, []byte("\n"))
			if len(line) == 0 || !yield(line) {
				return
			}
		}
	}
}

// The years 0 to 9999, which are all that RFC 3339 can write.
const (
	minSeconds = -62167219200
	maxSeconds = 253402300799
)

// person splits "Name <email> seconds zone". A time that is none, or that no report can write, is the zero time.
func person(value []byte) (string, time.Time) {
	end := bytes.LastIndexByte(value, '>')
	name := strings.TrimSpace(string(value[:end+1]))
	fields := bytes.Fields(value[end+1:])
	if len(fields) == 0 {
		return name, time.Time{}
	}
	seconds, err := strconv.ParseInt(string(fields[0]), 10, 64)
	if err != nil || seconds < minSeconds || seconds > maxSeconds {
		return name, time.Time{}
	}
	return name, time.Unix(seconds, 0).UTC()
}

// reached is what a set of refs leads to.
type reached struct {
	commits map[oid]string // with the first ref that leads there; nil when only numbers were asked for
	numbers []bool         // of the commits, by their numbers in the graph
	count   int
	missing []oid // ids that are named and are not among the commits and tags, in the order found
	others  []ref // blobs and trees that refs or tags point to
	seen    map[oid]bool
}

func (r *reached) has(n int) bool { return n < len(r.numbers) && r.numbers[n] }

// reach walks from refs along parents and tags. At a shallow commit it stops, as git does.
func (g *graph) reach(refs []ref, shallow map[oid]bool) reached {
	return g.cover(refs, shallow, map[oid]string{})
}

// cover is reach for whoever needs no names of refs: names, when not nil, is filled with them.
func (g *graph) cover(refs []ref, shallow map[oid]bool, names map[oid]string) reached {
	out := reached{commits: names, numbers: make([]bool, g.commits.len()), seen: map[oid]bool{}}
	for _, start := range refs {
		if id, ok := g.peel(start, &out); ok {
			g.reachFrom(id, start.name, shallow, &out)
		}
	}
	return out
}

// maxTagHops is how many tags of tags are followed; git itself knows no limit.
const maxTagHops = 1000

// follow goes from tag to tag, to where they end, and says whether that is a commit.
func (g *graph) follow(id oid) (end oid, isCommit bool) {
	for range maxTagHops {
		if _, ok := g.commits.number(id); ok {
			return id, true
		}
		t, ok := g.tags[id]
		if !ok {
			break
		}
		id = t.target
	}
	return id, false
}

// peel follows tags to a commit; anything else it ends at is noted.
func (g *graph) peel(start ref, out *reached) (oid, bool) {
	id, isCommit := g.follow(start.id)
	if isCommit {
		return id, true
	}
	if !out.seen[id] {
		out.seen[id] = true
		out.others = append(out.others, ref{name: start.name, id: id, worktree: start.worktree, tagged: id != start.id})
	}
	return oid{}, false
}

func (g *graph) reachFrom(id oid, name string, shallow map[oid]bool, out *reached) {
	stack := []oid{id}
	for len(stack) > 0 {
		id := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		n, ok := g.commits.number(id)
		switch {
		case !ok && !out.seen[id]:
			out.seen[id] = true
			out.missing = append(out.missing, id)
		case !ok || out.numbers[n]:
		default:
			out.numbers[n] = true
			out.count++
			if out.commits != nil {
				out.commits[id] = name
			}
			if !shallow[id] {
				stack = g.commits.parents(n, stack)
			}
		}
	}
}

func compareIDs(a, b oid) int { return bytes.Compare(a[:], b[:]) }

func sortIDs(ids []oid) { slices.SortFunc(ids, compareIDs) }
