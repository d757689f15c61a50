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

// collection groups claims by secret. What comes of it does not depend on the order in which blobs are added.
type collection struct {
	scanner *Scanner
	groups  map[[32]byte]*group
	holders map[BlobID]bool       // the blobs with claims
	again   map[BlobID][]Location // further places that a source gave for a blob it had given before
	full    bool                  // there are more secrets than the limit
	last    [32]byte              // when full: secrets with a digest behind it are not kept
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
	return &collection{scanner: s, groups: map[[32]byte]*group{}, holders: map[BlobID]bool{}, again: map[BlobID][]Location{}}
}

func (c *collection) add(r blobResult) {
	if len(r.claims) == 0 {
		return
	}
	if r.id != "" && c.holders[r.id] {
		c.repeat(r.id, r.location)
		return
	}
	c.holders[r.id] = true
	for i := range r.claims {
		claimed := &r.claims[i]
		if g := c.groupOf(&claimed.claim); g != nil {
			g.add(occurrence{r.id, r.kind, r.location, claimed.span, claimed.decoded, claimed.allowed}, c.placesKept())
		}
	}
}

func (c *collection) placesKept() int { return keptPlaces * c.scanner.options.Limits.MaxLocations }

// groupOf is the group of a claim, which may be its best; nil for one over the limit. Which secrets are kept when
// there are too many is for their digests to say: those that come first. Up to twice the limit are held
// until the others are let go.
func (c *collection) groupOf(claimed *claim) *group {
	if c.full && bytes.Compare(claimed.digest[:], c.last[:]) > 0 {
		return nil
	}
	g := c.groups[claimed.digest]
	if g == nil {
		g = &group{best: *claimed}
		c.groups[claimed.digest] = g
		if len(c.groups) > 2*c.scanner.options.Limits.MaxFindings {
			c.letGo()
		}
	} else if c.scanner.program.better(claimed, &g.best) < 0 {
		g.best = *claimed
	}
	return g
}

// letGo drops the secrets over the limit.
func (c *collection) letGo() {
	limit := c.scanner.options.Limits.MaxFindings
	if len(c.groups) <= limit {
		return
	}
	digests := slices.SortedFunc(maps.Keys(c.groups), func(a, b [32]byte) int { return bytes.Compare(a[:], b[:]) })
	for _, d := range digests[limit:] {
		delete(c.groups, d)
	}
	c.full, c.last = true, digests[limit-1]
}

// secrets is how many distinct ones there are, the limit at most.
func (c *collection) secrets() int { return min(len(c.groups), c.scanner.options.Limits.MaxFindings) }

// settle drops what is over the limits and brings the rest into an order of its own.
func (c *collection) settle() {
	c.letGo()
	for _, g := range c.groups {
		g.letGo(c.placesKept())
	}
}

// add keeps limit places, those that come first by what they are; up to twice as many until the others are let go.
func (g *group) add(o occurrence, limit int) {
	g.places = append(g.places, o)
	if len(g.places) >= 2*limit {
		g.letGo(limit)
	}
}

func (g *group) letGo(limit int) {
	slices.SortFunc(g.places, func(a, b occurrence) int { return a.compare(&b) })
	if n := len(g.places) - limit; n > 0 {
		g.over += n
		clear(g.places[limit:])
		g.places = g.places[:limit]
	}
}

func (o *occurrence) compare(p *occurrence) int {
	return cmp.Or(strings.Compare(string(o.blob), string(p.blob)), o.location.compare(&p.location),
		cmp.Compare(o.span.Start, p.span.Start), cmp.Compare(o.span.End, p.span.End), slices.Compare(o.decoded, p.decoded))
}

func (l *Location) compare(o *Location) int {
	return cmp.Or(strings.Compare(l.Path, o.Path), strings.Compare(l.Commit, o.Commit), strings.Compare(l.Ref, o.Ref),
		strings.Compare(string(l.Kind), string(o.Kind)), l.Date.Compare(o.Date), strings.Compare(l.Author, o.Author))
}

// repeat remembers a further place of a blob.
func (c *collection) repeat(id BlobID, at Location) {
	if at.Path != "" && len(c.again[id]) < c.scanner.options.Limits.MaxLocations {
		c.again[id] = append(c.again[id], at)
	}
}

// blobs are the ids of the blobs with findings, sorted. Called after the last add.
func (c *collection) blobs() []BlobID {
	c.settle()
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
	c.settle()
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
