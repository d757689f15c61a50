package scanner

import (
	"math"
	"slices"
)

// Traces are the places in a blob that may lead to findings. They are no findings: what stands around a place
// decides, and that may differ in what is made from the blob. They are not changed once made.
type Traces struct {
	hits []trace // literals that stand in the blob itself, in the order in which the prefilter gives them
	// units are where the encoded texts begin, ascending, in which a literal stands, at any depth. They are known if
	// unitsKnown: the blob need not be decoded as one, and no limit left anything out.
	units      []int32
	unitsKnown bool
	decoded    int64 // the most that was decoded of the blob, in bytes
}

// trace is a hit without its end, which the literal tells.
type trace struct{ literal, start int32 }

// Traces hold one place for each bytesPerTrace of a blob and traceFloor more, so that they take less memory than
// the blob does. A blob with more of them, of which there are none but made-up ones, has no Traces: what is made of
// it is scanned in full.
const (
	bytesPerTrace = 32
	traceFloor    = 64
)

func maxTraces(size int) int { return size/bytesPerTrace + traceFloor }

// tracer notes the places of the blob at work. Its buffers are used again.
type tracer struct {
	on         bool // somebody wants them
	limit      int
	hits       []trace
	units      []int32
	unitsKnown bool
	decoded    int64
}

func (t *tracer) reset(on bool, size int) {
	*t = tracer{on: on && size <= math.MaxInt32, limit: maxTraces(size), hits: t.hits[:0], units: t.units[:0], unitsKnown: true}
}

func (t *tracer) hit(literal, start int) {
	if !t.on {
		return
	}
	if t.on = len(t.hits) < t.limit; t.on {
		t.hits = append(t.hits, trace{int32(literal), int32(start)}) //nolint:gosec // reset looks at the size
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

// traces are what was noted; nil when that is not all.
func (t *tracer) traces() *Traces {
	if !t.on {
		return nil
	}
	out := &Traces{unitsKnown: t.unitsKnown, decoded: t.decoded}
	if len(t.hits) > 0 {
		out.hits = slices.Clone(t.hits)
	}
	if t.unitsKnown && len(t.units) > 0 {
		slices.Sort(t.units) // each decoder walks the text by itself
		out.units = slices.Clone(slices.Compact(t.units))
	}
	return out
}
