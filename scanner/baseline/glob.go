package baseline

import "strings"

// maxGlobBytes bounds a glob; the work of a match is at most the product of the lengths.
const maxGlobBytes = 1024

// matchGlob says whether a path, with / between its segments, matches a glob from its start to its end: `*`
// is any run without /, `**` as a whole segment any number of segments, `?` one byte but /; every other byte
// stands for itself. A glob that ends in / means all below it; one that begins with / means no more.
func matchGlob(glob, path string) bool {
	glob = strings.TrimPrefix(glob, "/")
	if strings.HasSuffix(glob, "/") {
		glob += "**"
	}
	return matchSegments(strings.Split(glob, "/"), strings.Split(path, "/"))
}

// matchSegments keeps the set of path positions that the glob's segments up to here may have reached.
func matchSegments(glob, path []string) bool {
	reached := make([]bool, len(path)+1)
	reached[0] = true
	for _, g := range glob {
		next := make([]bool, len(path)+1)
		for i, here := range reached {
			switch {
			case g == "**":
				next[i] = here || i > 0 && next[i-1]
			case here && i < len(path) && matchSegment(g, path[i]):
				next[i+1] = true
			}
		}
		reached = next
	}
	return reached[len(path)]
}

// matchSegment matches without a /: on a mismatch it goes back to the last * only, which is enough.
func matchSegment(glob, text string) bool {
	g, t, star, mark := 0, 0, -1, 0
	for t < len(text) {
		switch {
		case g < len(glob) && glob[g] == '*':
			star, mark = g, t
			g++
		case g < len(glob) && (glob[g] == '?' || glob[g] == text[t]):
			g++
			t++
		case star >= 0:
			mark++
			g, t = star+1, mark
		default:
			return false
		}
	}
	return strings.Trim(glob[g:], "*") == ""
}
