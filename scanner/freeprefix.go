package scanner

// maxFreePrefix is the longest prefix of a key family, the underscore before the body not counted.
// Source: docs/adr/0003-key-format.md.
const maxFreePrefix = 24

// freePrefixes takes the places where a body may begin to the places where a key may begin: in front of
// each body an underscore, before it a prefix `[a-z][a-z0-9]*(_[a-z0-9]+)*` of at most maxFreePrefix bytes.
//
// All candidate starts are returned, the longest prefix first; which of them is right is for the checksum
// to say, so a key is also found behind other identifier characters (`my_acme_live_…`).
func freePrefixes(data []byte, bodies []interval, work *int64) []interval {
	var out []interval
	for _, iv := range bodies {
		for body := iv.lo; body <= iv.hi; body++ {
			out = append(out, prefixStarts(data, body, work)...)
		}
	}
	return normal(out)
}

func prefixStarts(data []byte, body int, work *int64) []interval {
	if body == 0 || data[body-1] != '_' {
		return nil
	}
	var out []interval
	end := body - 1
	after := byte('_') // the byte behind the one looked at
	for i := end - 1; i >= 0 && end-i <= maxFreePrefix; i-- {
		*work++
		c := data[i]
		lower, digit := 'a' <= c && c <= 'z', '0' <= c && c <= '9'
		if c == '_' && after == '_' || c != '_' && !lower && !digit {
			break
		}
		if lower {
			out = append(out, interval{i, i})
		}
		after = c
	}
	reverse(out)
	return out
}
