package scanner

import (
	"cmp"
	"slices"
	"strings"
)

// better orders two claims to one secret: a checksum that holds beats none, a specific pattern a generic
// one, a longer match a shorter one; the id decides the rest, so that runs repeat.
func (p *program) better(a, b *claim) int {
	return cmp.Or(
		cmp.Compare(p.rank(a), p.rank(b)),
		cmp.Compare(b.end-b.start, a.end-a.start),
		strings.Compare(string(p.rules[a.rule].pattern.ID), string(p.rules[b.rule].pattern.ID)),
		cmp.Compare(a.start, b.start),
	)
}

func (p *program) rank(c *claim) int {
	r := p.rules[c.rule]
	switch {
	case r.structure != nil && r.structure.check != nil:
		return 0
	case r.pattern.Generic:
		return 2
	}
	return 1
}

// resolve keeps the best of the claims that overlap in one text.
func (p *program) resolve(claims []claim) []claim {
	if len(claims) < 2 {
		return claims
	}
	slices.SortFunc(claims, func(a, b claim) int { return p.better(&a, &b) })
	var kept spans
	out := claims[:0]
	for _, c := range claims {
		if kept.add(c.start, c.end) {
			out = append(out, c)
		}
	}
	return out
}

// settle resolves what the texts of one blob claim together: the same secret at one place once, as it is
// found with the fewest decoders, and no generic claim over a span in which another one stands.
func (p *program) settle(claims []placedClaim) []placedClaim {
	if len(claims) < 2 {
		return claims
	}
	slices.SortStableFunc(claims, func(a, b placedClaim) int {
		return cmp.Or(cmp.Compare(p.rank(&a.claim)/2, p.rank(&b.claim)/2), cmp.Compare(len(a.decoded), len(b.decoded)))
	})
	var specific spans
	bySecret := map[[32]byte]*spans{}
	out := claims[:0]
	for _, c := range claims {
		start, end := int(c.span.Start), int(c.span.End)
		generic := p.rules[c.rule].pattern.Generic
		if generic && specific.overlaps(start, end) {
			continue
		}
		same := bySecret[c.digest]
		if same == nil {
			same = &spans{}
			bySecret[c.digest] = same
		}
		if !same.add(start, end) {
			continue
		}
		if !generic {
			specific.cover(start, end)
		}
		out = append(out, c)
	}
	return out
}

// spans is a set of spans, sorted by start and disjoint.
type spans struct{ all []interval }

// add puts a span in unless it overlaps one that is in.
func (s *spans) add(start, end int) bool {
	i := s.find(start)
	if s.overlapsAt(i, start, end) {
		return false
	}
	s.all = slices.Insert(s.all, i, interval{start, end})
	return true
}

// cover puts a span in, joined with those that it overlaps.
func (s *spans) cover(start, end int) {
	i := s.find(start)
	if i > 0 && s.all[i-1].hi > start {
		i--
	}
	j := i
	for j < len(s.all) && s.all[j].lo < end {
		start, end = min(start, s.all[j].lo), max(end, s.all[j].hi)
		j++
	}
	s.all = slices.Replace(s.all, i, j, interval{start, end})
}

func (s *spans) overlaps(start, end int) bool { return s.overlapsAt(s.find(start), start, end) }

// find is the index of the first span that begins at start or later.
func (s *spans) find(start int) int {
	i, _ := slices.BinarySearchFunc(s.all, start, func(iv interval, at int) int { return cmp.Compare(iv.lo, at) })
	return i
}

func (s *spans) overlapsAt(i, start, end int) bool {
	return i > 0 && s.all[i-1].hi > start || i < len(s.all) && s.all[i].lo < end
}
