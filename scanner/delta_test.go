package scanner

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"iter"
	"math/rand/v2"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/keywright/keywright/internal/secret"
	"github.com/keywright/keywright/patterns"
)

// chooser makes the choices of a made-up history: by chance, or as a fuzzer says.
type chooser interface{ IntN(n int) int }

// script is a chooser that reads its choices from bytes, and chooses the first when they are at their end.
type script struct{ rest []byte }

func (s *script) IntN(n int) int {
	v := 0
	for span := n; span > 1 && len(s.rest) > 0; span >>= 8 {
		v = v<<8 | int(s.rest[0])
		s.rest = s.rest[1:]
	}
	return v % n
}

// version is a blob of a made-up history.
type version struct {
	parent   int // in the history; -1 for none
	data     []byte
	segments []Segment
}

// writer makes up histories out of snippets: texts with secrets in them, as they are and encoded.
type writer struct {
	chooser
	snippets []string
}

// snippetsOf are the examples of every every-th pattern, as they are and in all encodings that ride through deltas.
func snippetsOf(t testing.TB, set *patterns.Set, every int) []string {
	t.Helper()
	var out []string
	for i, p := range set.All() {
		if i%every != 0 {
			continue
		}
		expanded, err := p.ExpandVariant(p.Examples[0], 0)
		if err != nil {
			t.Fatal(err)
		}
		text := expanded.Text
		encoded := base64.StdEncoding.EncodeToString([]byte(text))
		out = append(out, text, "\""+encoded+"\"", strings.ReplaceAll(url.QueryEscape(text), "_", "%5F"))
		if i%2 == 0 {
			out = append(out, "- data: |\n    "+folded(encoded, "\n    ")+"\n", hex.EncodeToString([]byte(text)),
				hex.EncodeToString(zipped(t, text)), base64.StdEncoding.EncodeToString(zipped(t, text)[:60]), base64.StdEncoding.EncodeToString(gzipped(t, text)),
				base64.StdEncoding.EncodeToString([]byte("nested: "+encoded)), strings.ReplaceAll(text, "_", `\u005f`))
		}
	}
	return out
}

// zipped is an archive with a text in it, and something that cannot be read.
func zipped(t testing.TB, text string) []byte {
	t.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for _, h := range []*zip.FileHeader{{Name: "a.txt", Method: zip.Deflate}, {Name: "b.txt", Flags: 1}} {
		w, err := z.CreateHeader(h)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, text); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func gzipped(t testing.TB, text string) []byte {
	t.Helper()
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	if _, err := io.WriteString(z, text); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func folded(text, newline string) string {
	var out strings.Builder
	for len(text) > 40 {
		out.WriteString(text[:40] + newline)
		text = text[40:]
	}
	return out.String() + text
}

// words are what stands between secrets: some of it continues them, or is a part of a literal.
var words = []string{
	"\n", " ", "=", "\"", "if err != nil {\n\treturn err\n}\n", "secret", "sec", "token = ", "Kw1", "K", "w1", "AKIA", "_", "ghp", "-----BEGIN ",
	"PRIVATE KEY-----", "aGVsbG8gd29ybGQsIHRoaXMgaXMgbm8gc2VjcmV0", "deadbeef", "61 62 63 64 65 ", "%41%42", "\\u0041", "0x", "password: ", "://", "x:", "@example.org/",
	"lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor incididunt ut labore et dolore magna aliqua\n",
}

func (w *writer) text(pieces int) string {
	var out strings.Builder
	for range pieces {
		if w.IntN(3) == 0 {
			out.WriteString(w.snippets[w.IntN(len(w.snippets))])
		} else {
			out.WriteString(words[w.IntN(len(words))])
		}
	}
	return out.String()
}

// history makes a first version and others, each out of one before it.
func (w *writer) history(versions int) []version {
	out := []version{{parent: -1, data: []byte(w.text(4 + w.IntN(30)))}}
	for len(out) < versions {
		parent := max(0, len(out)-1-w.IntN(3))
		data, segments := w.edit(out[parent].data)
		out = append(out, version{parent, data, segments})
	}
	return out
}

// edit cuts a text into stretches, drops, moves, doubles and replaces some, and writes something between others.
func (w *writer) edit(base []byte) (data []byte, segments []Segment) {
	cuts := []int{0, len(base)}
	for range w.IntN(6) {
		cuts = append(cuts, w.IntN(len(base)+1))
	}
	slices.Sort(cuts)
	var stretches []Segment
	for i := 1; i < len(cuts); i++ {
		if cuts[i] > cuts[i-1] {
			stretches = append(stretches, Segment{Len: cuts[i] - cuts[i-1], From: cuts[i-1]})
		}
	}
	put := func(s Segment, text []byte) {
		if len(text) > 0 {
			s.Len = len(text)
			segments, data = append(segments, s), append(data, text...)
		}
	}
	insert := func(text []byte) { put(Segment{From: Inserted}, text) }
	for i := 0; i < len(stretches); i++ {
		s := stretches[i]
		text := base[s.From : s.From+s.Len]
		switch w.IntN(10) {
		case 0: // dropped
		case 1:
			if i+1 < len(stretches) {
				stretches[i+1], stretches[i] = stretches[i], stretches[i+1]
				s, text = stretches[i], base[stretches[i].From:stretches[i].From+stretches[i].Len]
			}
			put(s, text)
		case 2:
			put(s, text)
			put(s, text)
		case 3:
			insert([]byte(w.text(1 + w.IntN(3))))
		case 4: // the same bytes as new ones, less a few
			insert(text[min(w.IntN(3), len(text)):])
		case 5:
			insert([]byte(words[w.IntN(len(words))]))
			put(s, text)
		case 6:
			put(s, text)
			insert([]byte{text[w.IntN(len(text))]})
		default:
			put(s, text)
		}
	}
	if len(data) == 0 {
		insert([]byte(w.text(2)))
	}
	return data, segments
}

// family is a Lender of histories. It lends each from a buffer that it then spoils.
type family struct {
	histories [][]version
	skips     []Skip
	gave      map[BlobID]bool
	err       error
	lent      atomic.Int64
}

func idOf(history, version int) BlobID { return BlobID(fmt.Sprintf("%04x%04x", history, version)) }

func (f *family) Blobs(ctx context.Context) iter.Seq2[Blob, error] {
	return func(yield func(Blob, error) bool) {
		for h, history := range f.histories {
			for v := range history {
				if ctx.Err() != nil || !yield(Blob{ID: idOf(h, v), Data: history[v].data}, nil) {
					return
				}
			}
		}
	}
}

func (f *family) Lend(ctx context.Context, workers int, b Borrower) error {
	f.gave = map[BlobID]bool{}
	errs := make([]error, workers)
	var group sync.WaitGroup
	for n := range workers {
		group.Go(func() {
			for h := n; h < len(f.histories) && errs[n] == nil; h += workers {
				errs[n] = f.lend(n, h, b)
			}
		})
	}
	group.Wait()
	for h, history := range f.histories {
		for v := range history {
			f.gave[idOf(h, v)] = true
		}
	}
	for i := range f.skips {
		errs = append(errs, b.Skip(i%workers, &f.skips[i]))
	}
	return cmpErr(errors.Join(errs...), f.err, ctx.Err())
}

func cmpErr(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func (f *family) lend(worker, h int, b Borrower) error {
	history := f.histories[h]
	traces := make([]*Traces, len(history))
	isBase := make([]bool, len(history))
	for _, v := range history {
		if v.parent >= 0 {
			isBase[v.parent] = true
		}
	}
	for n, v := range history {
		lent := Lent{Blob: Blob{ID: idOf(h, n), Data: slices.Clone(v.data)}, IsBase: isBase[n]}
		if v.parent >= 0 {
			lent.Base, lent.Segments = traces[v.parent], slices.Clone(v.segments)
		}
		taken, err := b.Blob(worker, lent)
		traces[n] = taken.Traces
		f.lent.Add(1)
		for i := range lent.Data {
			lent.Data[i] = '#'
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (f *family) Gave(id BlobID) bool { return f.gave[id] }

// memory is a sink that remembers.
type memory struct {
	findings []Finding
	skips    []Skip
	done     Summary
}

func (m *memory) Started(Start) error        { return nil }
func (m *memory) Finding(f Finding) error    { m.findings = append(m.findings, f); return nil }
func (m *memory) Skipped(s Skip) error       { m.skips = append(m.skips, s); return nil }
func (m *memory) Done(summary Summary) error { m.done = summary; return nil }

// plainly hides that a source is a Lender.
type plainly struct{ Source }

// with is the scanner with other options.
func (s *Scanner) with(change func(*Options)) *Scanner {
	other := *s
	change(&other.options)
	other.workers = &sync.Pool{}
	return &other
}

func remember(t testing.TB, s *Scanner, source Source) *memory {
	t.Helper()
	m := &memory{}
	if _, err := s.Scan(context.Background(), source, m); err != nil {
		t.Fatal(err)
	}
	return m
}

// sameMemory compares two scans: findings with their secrets, places and decoders, in order, and skips.
func sameMemory(t testing.TB, name string, got, want *memory) {
	t.Helper()
	if !reflect.DeepEqual(got.skips, want.skips) {
		t.Errorf("%s: skips %v, want %v", name, got.skips, want.skips)
	}
	if !reflect.DeepEqual(got.done.Notes, want.done.Notes) {
		t.Errorf("%s: notes %q, want %q", name, got.done.Notes, want.done.Notes)
	}
	if len(got.findings) != len(want.findings) {
		t.Fatalf("%s: %d findings, want %d", name, len(got.findings), len(want.findings))
	}
	for i := range got.findings {
		g, w := got.findings[i], want.findings[i]
		if !g.Secret.Equal(w.Secret) {
			t.Fatalf("%s: finding %d is another secret", name, i)
		}
		g.Secret, w.Secret = secret.Text{}, secret.Text{}
		if !reflect.DeepEqual(g, w) {
			t.Fatalf("%s: finding %d is of %s in %s decoded by %v at %+v (%d places), want %s in %s by %v at %+v (%d)", name, i,
				g.Pattern, g.Blob, g.Decoded, g.Location.Span, g.Total, w.Pattern, w.Blob, w.Decoded, w.Location.Span, w.Total)
		}
	}
}

func TestADeltaAwareScanFindsWhatAFullScanFinds(t *testing.T) {
	t.Parallel()
	s := builtinScanner(t)
	snippets := snippetsOf(t, s.set, 3)
	found := 0
	for seed := range uint64(60) {
		w := &writer{rand.New(rand.NewPCG(seed, 4)), snippets}
		f := &family{}
		for range 4 {
			f.histories = append(f.histories, w.history(12))
		}
		want := remember(t, s, plainly{f})
		found += len(want.findings)
		name := fmt.Sprint("seed ", seed)
		sameMemory(t, name+", delta-aware", remember(t, s, f), want)
		sameMemory(t, name+", in full", remember(t, s.with(func(o *Options) { o.FullScan = true }), f), want)
	}
	if found < 1000 {
		t.Errorf("%d findings: too few to tell anything", found)
	}
}

// TestADeltaAwareScanAgreesAtItsLimits: which matches and secrets are left out is not for the way of scanning to say.
func TestADeltaAwareScanAgreesAtItsLimits(t *testing.T) {
	t.Parallel()
	s := builtinScanner(t)
	snippets := snippetsOf(t, s.set, 3)
	for _, test := range []struct {
		name   string
		change func(*Limits)
	}{
		{"matches in a blob", func(l *Limits) { l.MaxMatchesPerBlob = 2 }},
		{"distinct secrets", func(l *Limits) { l.MaxFindings = 7 }},
		{"places", func(l *Limits) { l.MaxLocations = 1 }},
		{"few decoded bytes", func(l *Limits) { l.Decode.MaxBytes = 700 }},
		{"more decoded bytes", func(l *Limits) { l.Decode.MaxBytes = 2500 }},
		{"many decoded bytes", func(l *Limits) { l.Decode.MaxBytes = 8000 }},
		{"depth of encodings", func(l *Limits) { l.Decode.MaxDepth = 1 }},
		{"nothing decoded", func(l *Limits) { l.Decode.MaxDepth = -1 }},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			limited := s.with(func(o *Options) { test.change(&o.Limits) })
			for seed := range uint64(12) {
				w := &writer{rand.New(rand.NewPCG(seed, 5)), snippets}
				f := &family{histories: [][]version{w.history(12), w.history(12)}}
				want := remember(t, limited, plainly{f})
				slices.SortFunc(want.skips, compareSkips) // a lender's come sorted
				for _, workers := range []int{1, 3} {
					got := remember(t, limited.with(func(o *Options) { o.Workers = workers }), f)
					slices.SortFunc(got.skips, compareSkips)
					sameMemory(t, fmt.Sprint("seed ", seed, " workers ", workers), got, want)
				}
			}
		})
	}
}

// TestHitsAreCarriedAsThePrefilterFindsThem compares the hits themselves: most of them come to no finding.
func TestHitsAreCarriedAsThePrefilterFindsThem(t *testing.T) {
	t.Parallel()
	compared := 0
	for seed := range uint64(3000) {
		random := rand.New(rand.NewPCG(seed, 6))
		p := &program{}
		longest := 1 + random.IntN(5)
		for range 1 + random.IntN(6) {
			text := make([]byte, minAnchor+random.IntN(longest))
			for i := range text {
				text[i] = "ab"[random.IntN(2)]
			}
			l := literal{text: string(text), fold: random.IntN(2) == 0}
			if len(text) == minAnchor && random.IntN(2) == 0 {
				l.before.add("abx"[random.IntN(3)])
			}
			if len(text) == minAnchor && random.IntN(2) == 0 {
				l.after.add("abx"[random.IntN(3)])
			}
			if !slices.ContainsFunc(p.literals, func(o literal) bool { return o.name() == l.name() }) {
				p.literals = append(p.literals, l)
			}
		}
		p.prefilter, p.margin = newRareWindows(p.literals), marginOf(p.literals)
		noise := func(n int) []byte {
			out := make([]byte, n)
			for i := range out {
				out[i] = "aaabbbABBx"[random.IntN(10)]
			}
			return out
		}
		w := &writer{random, []string{string(noise(4))}}
		base := noise(random.IntN(400))
		data, segments := w.edit(base)
		traces := &Traces{}
		for _, h := range hitsOf(p.prefilter, base) {
			traces.hits = append(traces.hits, trace{literal: int32(h.literal), start: int32(h.start)})
		}
		c := newCarrier()
		if !c.hits(p, data, segments, traces) {
			continue
		}
		compared++
		var got []hit
		c.each(func(h carriedHit) bool {
			got = append(got, h.hit)
			return true
		})
		if want := hitsOf(p.prefilter, data); !slices.Equal(got, want) {
			t.Fatalf("seed %d: hits %v, want %v", seed, got, want)
		}
	}
	if compared < 1000 {
		t.Errorf("%d texts are compared", compared)
	}
}

func FuzzDeltaScan(f *testing.F) {
	s := builtinScanner(f)
	w := writer{snippets: snippetsOf(f, s.set, 11)}
	f.Add([]byte("a history of one"), uint8(2))
	f.Add(bytes.Repeat([]byte{3, 0, 9, 41, 2, 7, 250, 16}, 40), uint8(9))
	f.Add([]byte{}, uint8(3))
	f.Fuzz(func(t *testing.T, choices []byte, versions uint8) {
		w := &writer{&script{choices}, w.snippets}
		source := &family{histories: [][]version{w.history(1 + int(versions%10))}}
		sameMemory(t, "delta-aware", remember(t, s, source), remember(t, s, plainly{source}))
	})
}
