package gitsource

import (
	"context"
	"fmt"

	"github.com/keywright/keywright/internal/packfile"
	"github.com/keywright/keywright/scanner"
)

// Lend gives every object, from up to workers goroutines at once: packs by their delta trees, each object where it
// was made. What we cannot read ourselves is read through git, by one of them.
//
// A pack that git replaces meanwhile is read to its end, or its objects are looked for in what replaced it.
func (h *History) Lend(ctx context.Context, workers int, b scanner.Borrower) error {
	return h.lend(ctx, max(workers, 1), false, b)
}

// lending is one go through a history.
type lending struct {
	history *History
	keep    bool // what is lent belongs to the borrower
	givers  []*giver
}

// lend is Lend; keep says that the data belong to the borrower.
func (h *History) lend(ctx context.Context, workers int, keep bool, b scanner.Borrower) error {
	l := &lending{history: h, keep: keep}
	for i := range workers {
		l.givers = append(l.givers, &giver{history: h, number: i, to: b})
	}
	if err := l.readAll(ctx); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if h.only == nil {
		h.repo.scanned = h
	}
	first := l.givers[0]
	if err := first.refs(ctx); err != nil {
		return err
	}
	whole, err := first.complete(ctx)
	if err == nil && h.past != nil {
		l.remember(h.state(h.counted(ctx)), whole)
	}
	return err
}

// readAll reads every object: by ourselves where that can be done, else through git.
func (l *lending) readAll(ctx context.Context) error {
	h, first := l.history, l.givers[0]
	defer func() {
		for _, g := range l.givers {
			g.tell()
		}
	}()
	if h.only == nil && !h.repo.options.ThroughGit {
		if st, err := h.repo.shim.openStore(ctx); err == nil {
			return l.readStore(ctx, st)
		}
	}
	h.past = nil
	entries, err := first.list(ctx)
	if err == nil {
		err = first.notes()
	}
	if err != nil {
		return err
	}
	h.done.Total, h.learned = len(entries), true
	return first.read(ctx, entries)
}

// giver is one of the goroutines of a lending.
type giver struct {
	history  *History
	number   int
	to       scanner.Borrower
	counts   scanner.Counts // since the last tell
	done     Progress       // since the last tell
	segments []scanner.Segment
	starts   []uint32
	hint     int // of presence.has
	told     int // skips
	seen     seen
}

// origin says how an object was made: from nothing, or from one that was given before. The zero value says nothing.
type origin struct {
	base     any // what giving that one returned
	segments []packfile.Segment
	isBase   bool // others will be made from this one
}

// object counts an object that was read and turns it into blobs. It returns what is worth knowing for the objects
// that are made from it.
func (g *giver) object(o object, from origin) (carry any, err error) {
	if g.history.past.passes(o.id) {
		return nil, nil
	}
	if !g.seen.unsure {
		g.seen.given++
	}
	g.done.Objects++
	g.done.Bytes += o.size
	if g.done.Objects%progressEvery == 0 {
		g.tell()
	}
	if o.over {
		return nil, g.tooLarge(o.entry)
	}
	h, id := g.history, g.history.repo.format.blobID(o.id)
	switch o.kind {
	case typeBlob:
		g.counts.Blobs++
		g.counts.Bytes += o.size
		return g.content(o, from, scanner.Blob{ID: id, Kind: scanner.KindFile, Data: o.data, Location: scanner.Location{Kind: scanner.KindUnknown}})
	case typeCommit:
		c, ok := h.graph.addCommit(o.id, o.data)
		if !g.want(c.tree) {
			g.mark(o.id)
		}
		if err := g.parsed(o, ok); err != nil {
			return nil, err
		}
		return g.content(o, from, scanner.Blob{ID: id, Kind: scanner.KindCommit, Data: o.data, Location: commitPlace(string(id), c)})
	case typeTag:
		t, ok := h.graph.addTag(o.id, o.data)
		if err := g.parsed(o, ok); err != nil {
			return nil, err
		}
		return g.content(o, from, scanner.Blob{ID: id, Kind: scanner.KindTag, Data: o.data, Location: tagPlace(string(id), t)})
	case typeTree:
		return g.tree(o, from)
	case typeUnknown:
	}
	g.mark(o.id)
	return nil, g.skip(&scanner.Skip{Reason: scanner.SkipUnsupported, Object: string(id), Detail: "an object of a type that git does not have"})
}

// content lends an object's content unless it is known to be clean. It returns what is worth knowing for the objects
// that are made from it.
func (g *giver) content(o object, from origin, b scanner.Blob) (carry any, err error) {
	if g.history.past.clean(o.id) {
		g.noted(o, true)
		return nil, nil
	}
	taken, err := g.lend(b, from)
	if err != nil {
		return nil, err
	}
	g.noted(o, taken.Clean)
	if taken.Traces == nil {
		return nil, nil // and not a nil pointer in an interface
	}
	return taken.Traces, nil
}

// lend lends a blob with the traces of what it was made from.
func (g *giver) lend(b scanner.Blob, from origin) (scanner.Taken, error) {
	lent := scanner.Lent{Blob: b, IsBase: from.isBase}
	if base, ok := from.base.(*scanner.Traces); ok {
		lent.Base, lent.Segments = base, g.segmentsOf(from.segments)
	}
	return g.to.Blob(g.number, lent)
}

// segmentsOf are a pack's segments in the scanner's words, valid until the next call.
func (g *giver) segmentsOf(segments []packfile.Segment) []scanner.Segment {
	g.segments = g.segments[:0]
	for _, s := range segments {
		from := s.From
		if from == packfile.Inserted {
			from = scanner.Inserted
		}
		g.segments = append(g.segments, scanner.Segment{Len: s.Len, From: from})
	}
	return g.segments
}

func (g *giver) skip(s *scanner.Skip) error {
	g.told++
	return g.to.Skip(g.number, s)
}

// pass takes an error of a reader: a skip goes on, any other error ends the lending.
func (g *giver) pass(err error) error {
	s, ok := err.(*scanner.Skip) //nolint:errorlint // the contract is the type itself
	if !ok {
		return err
	}
	g.history.remember(s)
	return g.skip(s)
}

// tooLarge counts an object over the cap: what the user asked for, or a skip.
func (g *giver) tooLarge(x entry) error {
	h := g.history
	g.mark(x.id)
	h.mu.Lock()
	h.present.over[x.id] = struct{}{}
	h.mu.Unlock()
	if x.kind == typeBlob {
		g.counts.Blobs++
	}
	if h.repo.options.UserSetMax && x.kind == typeBlob {
		g.counts.Excluded++
		return nil
	}
	return g.skip(h.repo.tooLarge(x))
}

// parsed reports an object whose header is not what git writes. Its content is scanned all the same.
func (g *giver) parsed(o object, ok bool) error {
	if ok {
		return nil
	}
	g.history.suspect.Store(true)
	g.mark(o.id)
	return g.skip(&scanner.Skip{Reason: scanner.SkipCorruptObject, Object: g.history.repo.format.hex(o.id), Detail: fmt.Sprintf("not the form of a %s", o.kind)})
}

// want looks whether an object that another names is there. Git knows the tree without entries without having it.
func (g *giver) want(id oid) (there bool) {
	h := g.history
	there = h.present.has(id, &g.hint) || h.repo.format.hex(id) == h.repo.format.emptyTree()
	if !there {
		h.suspect.Store(true)
	}
	return there
}

// tell adds what was done to the history's counts, and says so.
func (g *giver) tell() {
	h := g.history
	h.mu.Lock()
	defer h.mu.Unlock()
	h.counts.Blobs += g.counts.Blobs
	h.counts.Bytes += g.counts.Bytes
	h.counts.Excluded += g.counts.Excluded
	h.done.Objects += g.done.Objects
	h.done.Bytes += g.done.Bytes
	h.done.Total = max(h.done.Total, h.done.Objects)
	told := g.done.Objects > 0
	g.counts, g.done = scanner.Counts{}, Progress{}
	if told && h.repo.options.Progress != nil {
		h.repo.options.Progress(h.done)
	}
}

// notes reports what was noted of the repository as a whole.
func (g *giver) notes() error {
	for _, s := range g.history.repo.takeNotes() {
		if err := g.skip(&s); err != nil {
			return err
		}
	}
	return nil
}

// list learns of every object through the reader and leaves out the blobs over the cap.
func (g *giver) list(ctx context.Context) ([]entry, error) {
	h := g.history
	h.present = newPresence(nil)
	var entries []entry
	for x, err := range h.reader.list(ctx) {
		switch {
		case err != nil:
			err = g.pass(err)
		case x.kind == typeBlob && x.size > h.repo.options.MaxBlobBytes:
			h.present.add(x.id)
			err = g.tooLarge(x)
		default:
			h.present.add(x.id)
			entries = append(entries, x)
		}
		if err != nil {
			return nil, err
		}
	}
	return entries, nil
}

// read reads entries through the reader.
func (g *giver) read(ctx context.Context, entries []entry) error {
	for o, err := range g.history.reader.contents(ctx, entries, g.history.repo.options.MaxBlobBytes) {
		if err != nil {
			err = g.pass(err)
		} else {
			_, err = g.object(o, origin{})
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// refs gives the names of refs, each with what it points to.
func (g *giver) refs(ctx context.Context) error {
	refs := g.history.named(ctx)
	g.history.counts.Refs = len(refs)
	for _, x := range refs {
		b := scanner.Blob{Kind: scanner.KindRef, Data: []byte(x.name + "\n"),
			Location: scanner.Location{Kind: scanner.KindRef, Commit: g.history.repo.format.hex(x.id)}}
		if _, err := g.to.Blob(g.number, scanner.Lent{Blob: b}); err != nil {
			return err
		}
	}
	return nil
}
