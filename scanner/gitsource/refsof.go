package gitsource

import (
	"context"
	"slices"
	"strings"

	"github.com/keywright/keywright/scanner"
)

// RefsOf tells which branches, local and remote ones, and tags lead to commits, or to tags that are asked for by
// their object's id. A source of chosen refs knows those only.
func (h *History) RefsOf(ctx context.Context, commits []string) (map[string][]string, error) {
	if err := h.learnGraph(ctx); err != nil {
		return nil, err
	}
	var refs []ref
	for _, x := range h.named(ctx) {
		if h.only != nil || scanner.IsBranchOrTag(x.name) {
			refs = append(refs, x)
		}
	}
	slices.SortStableFunc(refs, func(a, b ref) int { return strings.Compare(a.name, b.name) })
	return h.graph.refsOf(commits, refs, h.shallowSet()), nil
}

// RefsOf is that of a [History]: a range is not the whole way to the tips.
func (c *Commits) RefsOf(ctx context.Context, commits []string) (map[string][]string, error) {
	return c.repo.History().RefsOf(ctx, commits)
}

// askedAtOnce is how many commits are looked for in one pass over the history: one bit of each commit for each.
const askedAtOnce = 64

// refsOf needs one pass over the commits for each 64 that are asked for, whatever the number of refs. Refs that are
// the same for several commits are one list.
func (g *graph) refsOf(commits []string, refs []ref, shallow map[oid]bool) map[string][]string {
	line := g.timelineOf(g.reach(refs, shallow).commits)
	number := make(map[oid]int32, len(line.ids))
	for i, id := range line.ids {
		number[id] = int32(i)
		if shallow[id] {
			line.parents[i] = nil
		}
	}
	tips := make([]int32, len(refs))
	for i, x := range refs {
		tips[i] = -1
		if id, ok := g.follow(x.id); ok {
			tips[i] = number[id]
		}
	}
	out := map[string][]string{}
	lists := map[string][]string{}
	bits := make([]uint64, len(line.ids))
	for part := range slices.Chunk(commits, askedAtOnce) {
		clear(bits)
		for k, hex := range part {
			if id, ok := g.format.parse([]byte(hex)); ok {
				if n, ok := number[id]; ok {
					bits[n] |= 1 << k
				}
			}
		}
		line.inherit(bits)
		for k, hex := range part {
			id, _ := g.format.parse([]byte(hex))
			has := func(i int) bool { return tips[i] >= 0 && bits[tips[i]]>>k&1 != 0 || g.leadsToTag(refs[i].id, id) }
			if names := namesOf(refs, has, lists); len(names) > 0 {
				out[hex] = names
			}
		}
	}
	return out
}

// inherit gives each commit the bits of its parents, which come before it.
func (t *timeline) inherit(bits []uint64) {
	for i, parents := range t.parents {
		for _, p := range parents {
			bits[i] |= bits[p]
		}
	}
}

// namesOf lists the refs that have it. Equal lists share their memory.
func namesOf(refs []ref, has func(i int) bool, lists map[string][]string) []string {
	set := make([]byte, (len(refs)+7)/8)
	n := 0
	for i := range refs {
		if has(i) {
			set[i/8] |= 1 << (i % 8)
			n++
		}
	}
	if known, ok := lists[string(set)]; ok || n == 0 {
		return known
	}
	names := make([]string, 0, n)
	for i := range refs {
		if set[i/8]>>(i%8)&1 != 0 {
			names = append(names, refs[i].name)
		}
	}
	lists[string(set)] = names
	return names
}

// leadsToTag says whether id is the tag that is looked for, or a tag of it.
func (g *graph) leadsToTag(id, wanted oid) bool {
	if _, isTag := g.tags[wanted]; !isTag {
		return false
	}
	for range maxTagHops {
		if id == wanted {
			return true
		}
		t, ok := g.tags[id]
		if !ok {
			return false
		}
		id = t.target
	}
	return false
}
