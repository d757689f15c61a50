package scanner

// prefilter is the first rung: it finds the places where a literal of some pattern stands.
//
// visit gets the literal's number and its span and says whether to go on; the places come by their ends, at one end
// the longest first. Safe for concurrent use; one pass over data whatever the number of literals.
type prefilter interface {
	// within gives the places that lie in data[from:to]; what stands around them decides as it does in all of data.
	within(data []byte, from, to int, visit func(literal, start, end int) bool)
}

// automaton is an Aho-Corasick machine as a dense table over byte classes. It runs over case-folded bytes;
// a literal that wants its case is compared again at the hit. It serves small sets and short texts; for the
// patterns' literals [rareWindows] does the same three times as fast, and the tests compare the two.
type automaton struct {
	class    [256]uint16
	classes  int
	next     []uint32 // by state*classes+class: the next state's row, the top bit set when it has outputs
	outputs  map[uint32][]int
	literals []literal
}

const hitBit = 1 << 31

func newAutomaton(literals []literal) *automaton {
	a := &automaton{literals: literals, outputs: map[uint32][]int{}}
	a.classify()
	trie := a.buildTrie()
	a.link(trie)
	return a
}

// classify gives each folded byte that occurs in a literal a class of its own; class 0 is every other byte.
func (a *automaton) classify() {
	a.classes = 1
	for _, l := range a.literals {
		for i := range len(l.text) {
			c := foldByte(l.text[i])
			if a.class[c] == 0 {
				a.class[c] = uint16(a.classes) //nolint:gosec // at most 256 classes
				a.classes++
			}
		}
	}
	for c := 'A'; c <= 'Z'; c++ {
		a.class[c] = a.class[c+'a'-'A']
	}
}

// node is a state while the table is built.
type node struct {
	child   map[uint16]int
	fail    int
	outputs []int
}

func (a *automaton) buildTrie() []node {
	trie := []node{{child: map[uint16]int{}}}
	for n, l := range a.literals {
		at := 0
		for i := range len(l.text) {
			c := a.class[l.text[i]]
			to, ok := trie[at].child[c]
			if !ok {
				to = len(trie)
				trie = append(trie, node{child: map[uint16]int{}})
				trie[at].child[c] = to
			}
			at = to
		}
		trie[at].outputs = append(trie[at].outputs, n)
	}
	return trie
}

// link turns the trie into a complete machine, breadth first, so that a state's fail state is done before it.
func (a *automaton) link(trie []node) {
	a.next = make([]uint32, len(trie)*a.classes)
	queue := []int{0}
	for len(queue) > 0 {
		at := queue[0]
		queue = queue[1:]
		for c := range a.classes {
			to, ok := trie[at].child[uint16(c)]
			fallback := 0
			if at != 0 {
				fallback = int(a.next[trie[at].fail*a.classes+c]&^hitBit) / a.classes
			}
			if !ok {
				a.next[at*a.classes+c] = a.row(trie, fallback)
				continue
			}
			trie[to].fail = fallback
			trie[to].outputs = append(trie[to].outputs, trie[fallback].outputs...)
			a.next[at*a.classes+c] = a.row(trie, to)
			queue = append(queue, to)
		}
	}
	for i := range trie {
		if len(trie[i].outputs) > 0 {
			a.outputs[uint32(i*a.classes)] = trie[i].outputs //nolint:gosec // states are bounded by the literals' bytes
		}
	}
}

func (a *automaton) row(trie []node, state int) uint32 {
	row := uint32(state * a.classes) //nolint:gosec // states are bounded by the literals' bytes
	if len(trie[state].outputs) > 0 {
		row |= hitBit
	}
	return row
}

func (a *automaton) each(data []byte, visit func(literal, start, end int) bool) {
	a.within(data, 0, len(data), visit)
}

func (a *automaton) within(data []byte, from, to int, visit func(literal, start, end int) bool) {
	state := uint32(0)
	for i, c := range data[from:to] {
		state = a.next[(state&^hitBit)+uint32(a.class[c])]
		if state&hitBit == 0 {
			continue
		}
		for _, n := range a.outputs[state&^hitBit] {
			l := &a.literals[n]
			end := from + i + 1
			start := end - len(l.text)
			if !l.standsAt(data, start) {
				continue
			}
			if !visit(n, start, end) {
				return
			}
		}
	}
}
