package gitsource

import (
	"math"
	"slices"

	"github.com/keywright/keywright/internal/packfile"
)

// treeStarts are the places where the entries of a tree begin, ascending, with the tree's length at the end. Only of
// a tree that was checked whole: so what a tree made from it copies at the same borders needs no look.
type treeStarts []uint32

// tree yields the file names that were not seen before, and looks whether what the tree names is there. Of a tree
// that was made from another it looks only at the entries that the other does not have.
func (g *giver) tree(o object, from origin) (carry any, err error) {
	if g.history.past != nil {
		g.seen.trees = append(g.seen.trees, o.id)
	}
	base, _ := from.base.(treeStarts)
	known := copiedEntries{base: base, segments: from.segments}
	starts, at := g.starts[:0], 0
	for at < len(o.data) {
		if i, j := known.at(at); i < j {
			if from.isBase {
				starts = shifted(starts, base[i:j], at)
			}
			at += int(base[j] - base[i])
			continue
		}
		x, n := oneTreeEntry(g.history.repo.format, o.data[at:])
		if n == 0 {
			g.starts = starts
			return nil, g.parsed(o, false)
		}
		if from.isBase {
			starts = append(starts, uint32(at))
		}
		if err := g.entry(x); err != nil {
			return nil, err
		}
		at += n
	}
	g.starts = starts
	if !from.isBase || at > math.MaxUint32 {
		return nil, nil
	}
	return slices.Clone(treeStarts(append(starts, uint32(at)))), nil
}

// entry looks at one entry of a tree.
func (g *giver) entry(x treeEntry) error {
	if string(x.mode) != gitlink {
		g.want(x.id)
	}
	if b, fresh := g.history.names.add(x.name); fresh {
		taken, err := g.lend(b, origin{})
		if p := g.history.past; p != nil && !taken.Clean {
			p.dirtyName.Store(true)
		}
		return err
	}
	return nil
}

// shifted appends the starts of copied entries, the first of which now begins at a place.
func shifted(to []uint32, copied treeStarts, at int) []uint32 {
	for _, s := range copied {
		to = append(to, s-copied[0]+uint32(at)) //nolint:gosec // larger trees are none's base
	}
	return to
}

// copiedEntries finds in a tree the entries that it copied from its base.
type copiedEntries struct {
	base     treeStarts
	segments []packfile.Segment
	start    int // of the first of segments, in the tree
}

// at says which entries of the base, from i to before j, are copied to a place at which an entry begins; i = j: none.
// Places must ascend. That the bytes are the same is not enough: an entry of the base must begin there.
func (c *copiedEntries) at(place int) (i, j int) {
	if len(c.base) == 0 {
		return 0, 0
	}
	for len(c.segments) > 0 && place >= c.start+c.segments[0].Len {
		c.start += c.segments[0].Len
		c.segments = c.segments[1:]
	}
	if len(c.segments) == 0 || c.segments[0].From == packfile.Inserted {
		return 0, 0
	}
	s := c.segments[0]
	i, begins := slices.BinarySearch(c.base, uint32(s.From+place-c.start)) //nolint:gosec // inside the base
	if !begins {
		return 0, 0
	}
	j, ends := slices.BinarySearch(c.base, uint32(s.From+s.Len)) //nolint:gosec // inside the base
	if !ends {
		j-- // the last that is copied in part
	}
	return i, j
}
