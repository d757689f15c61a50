package scanner

import (
	"bytes"
	"cmp"
	"maps"
	"slices"
	"strings"
)

// keptPlaces is how many times MaxLocations occurrences are remembered of one secret: enough to choose the
// first places among, not enough to fill the memory.
const keptPlaces = 10

// collection groups claims by secret, in the order of the source.
type collection struct {
	scanner *Scanner
	groups  map[[32]byte]*group
	again   map[BlobID][]Location // further places that a source gave for a blob it had given before
	full    bool
}

// group is one secret.
type group struct {
	best   claim
	places []occurrence
	over   int // occurrences that were not kept
}

// occurrence is a secret in a blob.
type occurrence struct {
	blob     BlobID
	kind     Kind
	location Location
	span     Span
	decoded  []string
	allowed  string
}

func newCollection(s *Scanner) *collection {
	return &collection{scanner: s, groups: map[[32]byte]*group{}, again: map[BlobID][]Location{}}
}

func (c *collection) add(r blobResult) {
	for _, claimed := range r.claims {
		g := c.groups[claimed.digest]
		if g == nil {
			if len(c.groups) >= c.scanner.options.Limits.MaxFindings {
				c.full = true
				continue
			}
			g = &group{best: claimed.claim}
			c.groups[claimed.digest] = g
		} else if c.scanner.program.better(&claimed.claim, &g.best) < 0 {
			g.best = claimed.claim
		}
		if len(g.places) >= keptPlaces*c.scanner.options.Limits.MaxLocations {
			g.over++
			continue
		}
		g.places = append(g.places, occurrence{r.id, r.kind, r.location, claimed.span, claimed.decoded, claimed.allowed})
	}
}

// repeat remembers a further place of a blob.
func (c *collection) repeat(id BlobID, at Location) {
	if at.Path != "" && len(c.again[id]) < c.scanner.options.Limits.MaxLocations {
		c.again[id] = append(c.again[id], at)
	}
}

// blobs are the ids of the blobs with findings, sorted.
func (c *collection) blobs() []BlobID {
	seen := map[BlobID]bool{}
	for _, g := range c.groups {
		for i := range g.places {
			if id := g.places[i].blob; id != "" {
				seen[id] = true
			}
		}
	}
	ids := make([]BlobID, 0, len(seen))
	for id := range seen {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

// findings makes a finding of each secret, in the order of their first places. located are the places that
// a Locator knows; nil when none was asked.
func (c *collection) findings(located map[BlobID][]Location) ([]Finding, []Skip) {
	// By digest first: secrets that one encoded text holds stand at one place, and must come in one order.
	groups := slices.SortedFunc(maps.Values(c.groups), func(a, b *group) int {
		return bytes.Compare(a.best.digest[:], b.best.digest[:])
	})
	out := make([]Finding, 0, len(groups))
	for _, g := range groups {
		out = append(out, c.finding(g, located))
	}
	slices.SortStableFunc(out, func(a, b Finding) int {
		return cmp.Or(comparePath(&a.Location, &b.Location), cmp.Compare(a.Pattern, b.Pattern),
			cmp.Compare(a.Location.Commit, b.Location.Commit), cmp.Compare(a.Redacted, b.Redacted))
	})
	var skips []Skip
	if c.full {
		skips = append(skips, Skip{Reason: SkipTooManyMatches, Detail: "more distinct secrets than the limit: the rest is not reported"})
	}
	return out, skips
}

func (c *collection) finding(g *group, located map[BlobID][]Location) Finding {
	p := c.scanner.program.rules[g.best.rule].pattern
	places := c.expand(g, located)
	slices.SortStableFunc(places, func(a, b placed) int { return compareAge(&a.location, &b.location) })
	// The index and the work tree name the same file.
	places = slices.CompactFunc(places, func(a, b placed) bool { return a.location == b.location })
	first := places[0]
	f := Finding{
		Pattern: p.ID, Vendor: p.Vendor, Name: p.Name,
		Secret: g.best.secret, KeyID: g.best.keyID, Family: g.best.family, Redacted: g.best.redacted,
		EntropyBits: entropyBits(p),
		Blob:        first.blob, Location: first.location, Decoded: first.decoded,
		Total: len(places) + g.over, Ignored: inlineRule(places, g.over),
	}
	for _, place := range places[1:min(len(places), c.scanner.options.Limits.MaxLocations)] {
		f.Locations = append(f.Locations, place.location)
	}
	return f
}

// placed is an occurrence at one of the places of its blob.
type placed struct {
	location Location
	blob     BlobID
	decoded  []string
}

// expand puts each occurrence at every place of its blob.
func (c *collection) expand(g *group, located map[BlobID][]Location) []placed {
	var out []placed
	for i := range g.places {
		o := &g.places[i]
		for _, at := range c.placesOf(o, located) {
			at.Span, at.Allowed = o.span, o.allowed
			if at.Kind == "" {
				at.Kind = cmp.Or(o.kind, KindFile)
			}
			out = append(out, placed{at, o.blob, o.decoded})
		}
	}
	return out
}

// placesOf are the places of an occurrence's blob: those the Locator knows, those the source gave. Never none.
func (c *collection) placesOf(o *occurrence, located map[BlobID][]Location) []Location {
	var out []Location
	given := append([]Location{o.location}, c.again[o.blob]...)
	for _, at := range append(slices.Clone(located[o.blob]), given...) {
		if at.Path == "" && at.Commit == "" && at.Ref == "" {
			continue
		}
		same := func(b Location) bool { return b.Path == at.Path && b.Commit == at.Commit && b.Ref == at.Ref }
		if !slices.ContainsFunc(out, same) {
			out = append(out, at)
		}
	}
	if len(out) > 0 {
		return out
	}
	nowhere := o.location
	if located != nil && (o.kind == "" || o.kind == KindFile) {
		nowhere.Kind = KindUnknown
	}
	return []Location{nowhere}
}

// inlineRule is the rule of a finding whose places all have an inline comment that accepts it.
func inlineRule(places []placed, over int) string {
	if over > 0 {
		return ""
	}
	for _, p := range places {
		if p.location.Allowed == "" {
			return ""
		}
	}
	return "inline comment: " + places[0].location.Allowed
}

// compareAge puts the earliest date first; places without a date come last, in the order of their paths.
func compareAge(a, b *Location) int {
	switch {
	case a.Date.IsZero() != b.Date.IsZero():
		if a.Date.IsZero() {
			return 1
		}
		return -1
	case !a.Date.Equal(b.Date):
		return a.Date.Compare(b.Date)
	}
	return cmp.Or(comparePath(a, b), strings.Compare(a.Commit, b.Commit))
}

func comparePath(a, b *Location) int {
	return cmp.Or(strings.Compare(a.Path, b.Path), cmp.Compare(a.Span.Line, b.Span.Line), cmp.Compare(a.Span.Start, b.Span.Start))
}
