package patterns

import (
	"cmp"
	"slices"
)

// Set is a validated collection of patterns, immutable and safe for concurrent use.
type Set struct {
	all     []*Pattern
	byID    map[ID]*Pattern
	version string
	// disabled are the ids that the files of this set switch off in the sets it is merged onto.
	disabled []disabled
}

// NewSet makes a set. It fails on two patterns that claim one id or one older name.
func NewSet(version string, all ...*Pattern) (*Set, error) {
	s := &Set{all: slices.Clone(all), byID: make(map[ID]*Pattern, len(all)), version: version}
	slices.SortFunc(s.all, func(a, b *Pattern) int { return cmp.Compare(a.ID, b.ID) })
	for _, p := range s.all {
		for _, id := range append([]ID{p.ID}, p.Replaces...) {
			if other, taken := s.byID[id]; taken {
				return nil, p.problem("id %q is taken by %s%s: a user's file may replace it only after disable: [%s]", id, other.ID, other.Origin, other.ID)
			}
			s.byID[id] = p
		}
	}
	return s, nil
}

// All are the patterns by id. The slice and the patterns are shared: read only.
func (s *Set) All() []*Pattern { return s.all }

// Len is the number of patterns.
func (s *Set) Len() int { return len(s.all) }

// ByID finds a pattern by its id or by an older name of it.
func (s *Set) ByID(id ID) (*Pattern, bool) {
	p, ok := s.byID[id]
	return p, ok
}

// Version names the catalogue's content.
func (s *Set) Version() string { return s.version }
