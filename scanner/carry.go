package scanner

import (
	"cmp"
	"slices"

	"github.com/keywright/keywright/scanner/decode"
)

// carrier finds the hits in a blob that was made from another one whose hits are known: those that lie inside a
// copied stretch moved with it, and the prefilter looks at what is new and at the seams only. Its buffers are used
// again.
//
// It gives the hits that the prefilter gives, in the same order. A hit reaches from one stretch into the next, touches
// something new, or lies inside one copied stretch. The first two lie inside the windows, which reach a literal's length
// to both sides of each seam and of all that is new. The third was a hit in the base too, but for the bytes around
// it, which decide about a short literal: a window reaches over those as well. Each hit that was carried is looked at again.
type carrier struct {
	windows []interval // where the prefilter looks, half-open, ascending and apart
	carried []carriedHit
	fresh   []hit
	ranges  []decode.Range
	broken  []decode.Broken // of the settled parts
	limit   int
	queue   hitQueue
	looked  int64 // bytes that the prefilter went through
}

func newCarrier() *carrier {
	c := &carrier{}
	c.queue.visit = func(literal, start, end int) bool {
		c.fresh = append(c.fresh, hit{literal, start, end})
		return len(c.fresh) <= c.limit
	}
	return c
}

// carriedHit is a hit with what is known to be barren there, for looks that stay within a stretch.
type carriedHit struct {
	hit
	barren barren
	within stretch
}

// windowGap is how close two windows come before one call that also looks between them is cheaper than two.
const windowGap = 32

// hits finds those of data and says whether it could: not where there are so many that the blob is better
// scanned in full.
func (c *carrier) hits(p *program, data []byte, segments []Segment, base *Traces) bool {
	c.limit = maxTraces(len(data))
	c.carried, c.fresh = c.carried[:0], c.fresh[:0]
	if !c.move(p, data, segments, base) {
		return false
	}
	c.seams(len(data), segments, p.margin)
	for _, w := range c.windows {
		c.looked += int64(w.hi - w.lo)
		p.prefilter.within(data, w.lo, w.hi, &c.queue)
		if len(c.fresh) > c.limit {
			return false
		}
	}
	return true
}

// move takes the hits inside copied stretches along.
func (c *carrier) move(p *program, data []byte, segments []Segment, base *Traces) bool {
	at := 0
	for _, s := range segments {
		if s.From != Inserted && len(base.hits) > 0 {
			if !c.moveSegment(p, data, at, s, base) {
				return false
			}
		}
		at += s.Len
	}
	return true
}

func (c *carrier) moveSegment(p *program, data []byte, at int, s Segment, base *Traces) bool {
	endOf := func(t trace) int { return int(t.start) + len(p.literals[t.literal].text) }
	first, _ := slices.BinarySearchFunc(base.hits, s.From, func(t trace, from int) int { return cmp.Compare(endOf(t), from) })
	within := stretchOf(s, at, len(data), base.size)
	for _, t := range base.hits[first:] {
		end := endOf(t)
		if end > s.From+s.Len {
			break
		}
		start := int(t.start) - s.From
		if start < 0 || !p.literals[t.literal].standsAt(data, at+start) {
			continue
		}
		if len(c.carried) == c.limit {
			return false
		}
		c.carried = append(c.carried, carriedHit{hit{int(t.literal), at + start, at + end - s.From}, t.barren, within})
	}
	return true
}

// seams sets the windows: all that is new and the borders between copied stretches, with margin bytes on both sides.
// Copies that go on where the one before them ended are taken for two: whoever lends puts them together.
func (c *carrier) seams(size int, segments []Segment, margin int) {
	c.windows = c.windows[:0]
	at := 0
	for _, s := range segments {
		switch {
		case s.From == Inserted:
			c.window(max(0, at-margin), min(size, at+s.Len+margin))
		case at > 0:
			c.window(max(0, at-margin), min(size, at+margin))
		}
		at += s.Len
	}
}

func (c *carrier) window(lo, hi int) {
	if n := len(c.windows); n > 0 && lo <= c.windows[n-1].hi+windowGap {
		c.windows[n-1].hi = max(hi, c.windows[n-1].hi)
		return
	}
	c.windows = append(c.windows, interval{lo, hi})
}

// each gives the hits in order, those once that were found both ways.
func (c *carrier) each(visit func(carriedHit) bool) {
	carried, fresh := c.carried, c.fresh
	for len(carried)+len(fresh) > 0 {
		var h carriedHit
		if len(fresh) == 0 || len(carried) > 0 && !fresh[0].before(carried[0].hit) {
			h, carried = carried[0], carried[1:]
			if len(fresh) > 0 && fresh[0] == h.hit {
				fresh = fresh[1:]
			}
		} else {
			h, fresh = carriedHit{hit: fresh[0]}, fresh[1:]
		}
		if !visit(h) {
			return
		}
	}
}

// unsettled sets and returns the ranges in which the units of data have to be decoded again: all but the settled parts
// of what was copied, and in those the units in which a literal stands.
func (c *carrier) unsettled(data []byte, segments []Segment, base *Traces) []decode.Range {
	c.ranges, c.broken = c.ranges[:0], c.broken[:0]
	at, open := 0, 0
	for _, s := range segments {
		if s.From != Inserted {
			if settled := decode.Settled(data, decode.Range{Start: at, End: at + s.Len}); settled.Start < settled.End {
				c.again(open, settled.Start)
				c.anchors(settled, s.From-at, base.units)
				c.moveBroken(settled, s.From-at, base.broken)
				open = settled.End
			}
		}
		at += s.Len
	}
	c.again(open, len(data))
	return c.ranges
}

// anchors adds the units of the base that stand in settled; moved is how far the stretch was moved.
func (c *carrier) anchors(settled decode.Range, moved int, units []int32) {
	first, _ := slices.BinarySearchFunc(units, settled.Start+moved, func(u int32, from int) int { return cmp.Compare(int(u), from) })
	for _, u := range units[first:] {
		at := int(u) - moved
		if at >= settled.End {
			return
		}
		c.again(at, at+1)
	}
}

// moveBroken takes the broken units of the base along that stand in settled.
func (c *carrier) moveBroken(settled decode.Range, moved int, broken []decode.Broken) {
	for _, b := range broken {
		if at := b.Unit - moved; settled.Start <= at && at < settled.End {
			c.broken = append(c.broken, decode.Broken{Unit: at, Cut: b.Cut})
		}
	}
}

func (c *carrier) again(start, end int) {
	if start >= end {
		return
	}
	if n := len(c.ranges); n > 0 && c.ranges[n-1].End == start {
		c.ranges[n-1].End = end
		return
	}
	c.ranges = append(c.ranges, decode.Range{Start: start, End: end})
}

// mostCopies is an upper bound of how often a byte of the base stands in what is copied from it.
func mostCopies(segments []Segment) int64 {
	copies, last, apart := int64(0), 0, true
	for _, s := range segments {
		if s.From == Inserted {
			continue
		}
		copies++
		apart = apart && s.From >= last
		last = s.From + s.Len
	}
	if apart {
		return min(copies, 1)
	}
	return copies
}
