package scanner

import (
	"math"
	"slices"

	"github.com/keywright/keywright/scanner/decode"
)

// Traces are the places in a blob that may lead to findings. They are no findings: what stands around a place
// decides, and that may differ in what is made from the blob. They are not changed once made.
type Traces struct {
	hits []trace // literals that stand in the blob itself, in the order in which the prefilter gives them
	// units are where the encoded texts begin, ascending, in which a literal stands, at any depth. They are known if
	// unitsKnown: the blob need not be decoded as one, and no limit left anything out.
	units      []int32
	unitsKnown bool
	// broken are the encoded texts of which something cannot be decoded. Known when units are.
	broken []decode.Broken
	used   decode.Used // the most that decoding the blob uses
	size   int         // of the blob
}

// trace is a hit without its end, which the literal tells, and what is known to be barren there.
type trace struct {
	literal, start int32
	barren         barren
}

// Traces hold one place for each bytesPerTrace of a blob and traceFloor more, so that they take less memory than
// the blob does. A blob with more of them, of which there are none but made-up ones, has no Traces: what is made of
// it is scanned in full.
const (
	bytesPerTrace = 32
	traceFloor    = 64
)

// maxBrokenTraces is how many broken units Traces hold.
const maxBrokenTraces = 64

func maxTraces(size int) int { return size/bytesPerTrace + traceFloor }

// tracer notes the places of the blob at work. Its buffers are used again.
type tracer struct {
	on         bool // somebody wants them
	limit      int
	hits       []trace
	units      []int32
	unitsKnown bool
	broken     []decode.Broken
	used       decode.Used
	size       int
}

func (t *tracer) reset(on bool, size int) {
	*t = tracer{size: size, on: on && size <= math.MaxInt32, limit: maxTraces(size), hits: t.hits[:0], units: t.units[:0], broken: t.broken[:0], unitsKnown: true}
}

func (t *tracer) hit(literal, start int, known barren) {
	if !t.on {
		return
	}
	if t.on = len(t.hits) < t.limit; t.on {
		t.hits = append(t.hits, trace{int32(literal), int32(start), known}) //nolint:gosec // reset looks at the size
	}
}

func (t *tracer) unit(start int) {
	if !t.on || !t.unitsKnown {
		return
	}
	if n := len(t.units); n > 0 && t.units[n-1] == int32(start) { //nolint:gosec // as above
		return
	}
	if t.unitsKnown = len(t.units) < t.limit; t.unitsKnown {
		t.units = append(t.units, int32(start)) //nolint:gosec // as above
	}
}

// addBroken notes units of which something cannot be decoded, each once.
func (t *tracer) addBroken(units []decode.Broken) {
	for _, b := range units {
		if !slices.Contains(t.broken, b) {
			t.broken = append(t.broken, b)
		}
	}
	t.unitsKnown = t.unitsKnown && len(t.broken) <= maxBrokenTraces
}

// traces are what was noted; nil when that is not all.
func (t *tracer) traces() *Traces {
	if !t.on {
		return nil
	}
	out := &Traces{unitsKnown: t.unitsKnown, used: t.used, size: t.size}
	if len(t.hits) > 0 {
		out.hits = slices.Clone(t.hits)
	}
	if t.unitsKnown && len(t.broken) > 0 {
		out.broken = slices.Clone(t.broken)
	}
	if t.unitsKnown && len(t.units) > 0 {
		slices.Sort(t.units) // each decoder walks the text by itself
		out.units = slices.Clone(slices.Compact(t.units))
	}
	return out
}
