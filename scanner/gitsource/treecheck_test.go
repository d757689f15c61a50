package gitsource

import (
	"bytes"
	"math/rand/v2"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/keywright/keywright/internal/packfile"
	"github.com/keywright/keywright/scanner"
)

// nameTaker keeps the names that it is lent.
type nameTaker struct {
	names []string
	skips int
}

func (n *nameTaker) Blob(_ int, b scanner.Lent) (scanner.Taken, error) {
	n.names = append(n.names, strings.TrimSuffix(string(b.Data), "\n"))
	return scanner.Taken{}, nil
}

func (n *nameTaker) Skip(int, *scanner.Skip) error { n.skips++; return nil }

// trapID is an id, and to who begins to read behind its first byte the beginning of an entry.
func trapID() (id oid) {
	copy(id[1:], "100644 hidden\x00")
	return id
}

// treeGiver gives trees of a repository that has the objects whose ids start with a byte below 0x80.
func treeGiver(to scanner.Borrower) *giver {
	h := (&Repository{format: formatSHA1}).History()
	h.present = newPresence(nil)
	for i := range 0x80 {
		h.present.add(oid{byte(i)})
	}
	h.present.add(trapID())
	return &giver{history: h, to: to}
}

func treeLine(name string, id oid) string { return "100644 " + name + "\x00" + string(id[:20]) }

// madeTree is a tree with the segments that make it from its base.
type madeTree struct {
	data     []byte
	segments []packfile.Segment
}

func (m *madeTree) insert(text string) {
	m.data = append(m.data, text...)
	m.add(packfile.Segment{Len: len(text), From: packfile.Inserted})
}

func (m *madeTree) copy(base []byte, from, to int) {
	m.data = append(m.data, base[from:to]...)
	m.add(packfile.Segment{Len: to - from, From: from})
}

func (m *madeTree) add(s packfile.Segment) {
	if s.Len > 0 {
		m.segments = append(m.segments, s)
	}
}

// give gives a base and then a tree made from it, and says what was seen of both.
func (m *madeTree) give(t *testing.T, base []byte) (names []string, suspect bool, carry any) {
	t.Helper()
	var to nameTaker
	g := treeGiver(&to)
	first, err := g.tree(object{data: base}, origin{isBase: true})
	if err == nil {
		carry, err = g.tree(object{data: m.data}, origin{base: first, segments: m.segments, isBase: true})
	}
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(to.names)
	return to.names, g.history.suspect.Load(), carry
}

// whole is what looking at every entry of both sees.
func (m *madeTree) whole(t *testing.T, base []byte) (names []string, suspect bool, carry any) {
	t.Helper()
	all := madeTree{data: m.data}
	return all.give(t, base)
}

func TestATreeMadeFromAnotherIsSeenWhole(t *testing.T) {
	t.Parallel()
	trap := trapID()
	base := []byte(treeLine("a", oid{1}) + treeLine("bait", trap) + treeLine("c", oid{3}) + treeLine("d", oid{4}))
	in := bytes.Index(base, []byte("100644 hidden"))
	cases := []struct {
		name    string
		make    func(m *madeTree)
		names   string
		suspect bool
	}{
		{"copied entries name nothing new", func(m *madeTree) { m.copy(base, 0, len(base)) }, "a bait c d", false},
		{"a new entry between copied ones", func(m *madeTree) {
			m.copy(base, 0, 29)
			m.insert(treeLine("new", oid{5}))
			m.copy(base, 29, len(base))
		}, "a bait c d new", false},
		{"an entry with a new id", func(m *madeTree) {
			m.copy(base, 0, 9)
			m.insert(string(bytes.Repeat([]byte{0xee}, 20)))
			m.copy(base, 29, len(base))
		}, "a bait c d", true},
		{"a name made of a copied one and more", func(m *madeTree) {
			m.copy(base, 0, 8)
			m.insert("fter")
			m.copy(base, 8, len(base))
		}, "a after bait c d", false},
		{"copied bytes in which another entry begins than in the base", func(m *madeTree) { m.copy(base, in, len(base)) }, "a bait c d hidden", true},
		{"entries in another order", func(m *madeTree) { m.copy(base, 29, len(base)); m.copy(base, 0, 29) }, "a bait c d", false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var m madeTree
			c.make(&m)
			names, suspect, _ := m.give(t, base)
			if strings.Join(names, " ") != c.names && !strings.HasPrefix(c.name, "copied bytes") {
				t.Errorf("names are %q, want %q", names, c.names)
			}
			if wantNames, wantSuspect, _ := m.whole(t, base); !reflect.DeepEqual(names, wantNames) || suspect != wantSuspect {
				t.Errorf("names %q, suspect %v; looking at all %q, %v", names, suspect, wantNames, wantSuspect)
			}
			if suspect != c.suspect {
				t.Errorf("suspect is %v", suspect)
			}
		})
	}
}

// FuzzTreeMadeFromAnother makes trees from a base by random copies and insertions, at borders and inside entries.
func FuzzTreeMadeFromAnother(f *testing.F) {
	for i := range uint64(40) {
		f.Add(i, i*i)
	}
	f.Fuzz(func(t *testing.T, one, two uint64) {
		random := rand.New(rand.NewPCG(one, two))
		line := func() string {
			id := oid{byte(random.IntN(0x82))}
			if random.IntN(4) == 0 {
				copy(id[1:], "40000 "+strconv.Itoa(random.IntN(30))+"\x00")
			}
			return treeLine("n"+strconv.Itoa(random.IntN(40)), id)
		}
		var base []byte
		borders := []int{0}
		for range random.IntN(20) {
			base = append(base, line()...)
			borders = append(borders, len(base))
		}
		border := func() int {
			if random.IntN(8) == 0 {
				return random.IntN(len(base) + 1)
			}
			return borders[random.IntN(len(borders))]
		}
		var m madeTree
		for range random.IntN(8) {
			if from, to := border(), border(); from < to {
				m.copy(base, from, to)
			}
			if random.IntN(3) == 0 {
				m.insert(line())
			}
		}
		names, suspect, carry := m.give(t, base)
		wantNames, wantSuspect, wantCarry := m.whole(t, base)
		if !reflect.DeepEqual(names, wantNames) || suspect != wantSuspect || !reflect.DeepEqual(carry, wantCarry) {
			t.Fatalf("names %q, suspect %v, carry %v; looking at all: %q, %v, %v", names, suspect, carry, wantNames, wantSuspect, wantCarry)
		}
	})
}
