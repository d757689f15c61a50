package scanner

import "bytes"

// interval is a closed range of positions in a text.
type interval struct{ lo, hi int }

type direction int

const (
	forward  direction = 1
	backward direction = -1
)

// walk takes the positions through the elements one by one and returns those that remain, ascending and
// disjoint. Positions are sets of intervals, so that no element is tried twice at one place: the work is
// bounded by elements times their longest lengths.
//
// What it returns stands in buffers, which it uses in turns.
func (s *structure) walk(data []byte, elements []element, from int, dir direction, buffers *[2][]interval, work *int64) []interval {
	at := append(buffers[1][:0], interval{from, from})
	buffers[1] = at
	for i := range elements {
		if len(at) == 0 {
			return nil
		}
		out := buffers[i%2][:0]
		if elements[i].set != nil {
			at = elements[i].run(data, at, out, dir, work)
		} else {
			at = elements[i].literal(data, at, out, dir, work)
		}
		buffers[i%2] = at
	}
	return at
}

// run takes each position through min to max bytes of the set, appending to out.
func (e *element) run(data []byte, at, out []interval, dir direction, work *int64) []interval {
	if dir == forward {
		for _, iv := range at {
			for p := iv.lo; p <= iv.hi; {
				end := e.runEnd(data, p, iv.hi, work)
				last := min(iv.hi, end) // positions p..last share the run's end
				out = add(out, interval{p + e.min, min(last+e.max, end)})
				p = last + 1
			}
		}
		return out
	}
	for i := len(at) - 1; i >= 0; i-- {
		for p := at[i].hi; p >= at[i].lo; {
			begin := e.runBegin(data, p, at[i].lo, work)
			last := max(at[i].lo, begin)
			out = add(out, interval{max(last-e.max, begin), p - e.min})
			p = last - 1
		}
	}
	reverse(out)
	return out
}

// runEnd is the end of the run of the set from p, no further than what a position up to last can use.
func (e *element) runEnd(data []byte, p, last int, work *int64) int {
	limit := min(len(data), last+e.max)
	end := p
	for end < limit && e.set[data[end]] {
		end++
	}
	*work += int64(end - p + 1)
	return end
}

func (e *element) runBegin(data []byte, p, first int, work *int64) int {
	limit := max(0, first-e.max)
	begin := p
	for begin > limit && e.set[data[begin-1]] {
		begin--
	}
	*work += int64(p - begin + 1)
	return begin
}

// literal keeps the positions at which one of the literals stands, moved past it, appending to out.
func (e *element) literal(data []byte, at, out []interval, dir direction, work *int64) []interval {
	for _, iv := range at {
		for p := iv.lo; p <= iv.hi; p++ {
			*work++
			for _, l := range e.literals {
				if dir == forward && bytes.HasPrefix(data[min(p, len(data)):], []byte(l)) {
					out = add(out, interval{p + len(l), p + len(l)})
				}
				if dir == backward && bytes.HasSuffix(data[:p], []byte(l)) {
					out = add(out, interval{p - len(l), p - len(l)})
				}
			}
		}
	}
	return normal(out)
}

// add appends an interval, dropping an empty one and joining it with a last one that it touches.
func add(out []interval, iv interval) []interval {
	if iv.lo > iv.hi {
		return out
	}
	if n := len(out); n > 0 && iv.lo <= out[n-1].hi+1 && iv.hi >= out[n-1].lo-1 {
		out[n-1].lo = min(out[n-1].lo, iv.lo)
		out[n-1].hi = max(out[n-1].hi, iv.hi)
		return out
	}
	return append(out, iv)
}

// normal sorts and joins; literals of different lengths leave their positions out of order.
func normal(in []interval) []interval {
	for i := 1; i < len(in); i++ {
		for j := i; j > 0 && in[j].lo < in[j-1].lo; j-- {
			in[j], in[j-1] = in[j-1], in[j]
		}
	}
	out := in[:0]
	for _, iv := range in {
		out = add(out, iv)
	}
	return out
}

func reverse(in []interval) {
	for i, j := 0, len(in)-1; i < j; i, j = i+1, j-1 {
		in[i], in[j] = in[j], in[i]
	}
}
