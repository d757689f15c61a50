package gitsource

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/keywright/keywright/internal/packfile"
	"github.com/keywright/keywright/scanner"
)

// madeUpTree is the bytes of a tree whose names and ids come from a few.
func madeUpTree(random *rand.Rand, entries int) []byte {
	var b bytes.Buffer
	modes := []string{"40000", "100644", "100755", "120000", "160000"}
	for range entries {
		id := bytes.Repeat([]byte{byte(random.IntN(9))}, 20)
		id[random.IntN(20)] ^= byte(random.IntN(4))
		fmt.Fprintf(&b, "%s %s\x00%s", modes[random.IntN(len(modes))], []string{"a", "name", "wanted", "b.go"}[random.IntN(4)], id)
	}
	return b.Bytes()
}

// edit makes new bytes from a base in pieces: stretches of it, also such that begin or end inside an entry, and
// stretches of another text.
func edit(random *rand.Rand, base, other []byte) (data []byte, segments []packfile.Segment) {
	for range 1 + random.IntN(6) {
		from := random.IntN(len(base))
		n := 1 + random.IntN(len(base)-from)
		segments = append(segments, packfile.Segment{Len: n, From: from})
		data = append(data, base[from:from+n]...)
		if random.IntN(2) == 0 {
			from := random.IntN(len(other))
			n := 1 + random.IntN(min(60, len(other)-from))
			segments = append(segments, packfile.Segment{Len: n, From: packfile.Inserted})
			data = append(data, other[from:from+n]...)
		}
	}
	return data, segments
}

// replace keeps whole entries: it is what a commit does to a tree.
func replace(random *rand.Rand, base []byte, starts []int32, other []byte) (data []byte, segments []packfile.Segment) {
	from, to := starts[random.IntN(len(starts))], starts[random.IntN(len(starts))]
	if from > to {
		from, to = to, from
	}
	data = append(append(append(data, base[:from]...), other...), base[to:]...)
	for _, s := range []packfile.Segment{{Len: int(from)}, {Len: len(other), From: packfile.Inserted}, {Len: len(base) - int(to), From: int(to)}} {
		if s.Len > 0 {
			segments = append(segments, s)
		}
	}
	return data, segments
}

func newTestOutliner(names *wordNumbers, trees *numbering) *outliner {
	w := &wanted{blobs: map[oid]int32{}, names: map[string]scanner.BlobID{"wanted": "x"}}
	for i := range 4 {
		id := formatSHA1.raw(bytes.Repeat([]byte{byte(i)}, 20))
		w.blobs[id] = int32(i)
		w.filter[filterBit(id[:])/64] |= 1 << (filterBit(id[:]) % 64)
	}
	return &outliner{format: formatSHA1, wanted: w, trees: trees, names: names, known: map[string]int32{}}
}

func (o *outline) clone() *outline {
	return &outline{starts: append([]int32{}, o.starts...), held: append([]held{}, o.held...)}
}

func TestATreeReadFromItsDeltaIsTheTreeReadWhole(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(7, 7))
	names, trees := newWordNumbers(), &numbering{}
	whole, delta := newTestOutliner(names, trees), newTestOutliner(names, trees)
	read := 0
	for range 20_000 {
		base, other := madeUpTree(random, 1+random.IntN(12)), madeUpTree(random, 1+random.IntN(3))
		if !whole.read(base, nil, nil) {
			t.Fatal("a made-up tree is none")
		}
		carried := whole.now.clone()
		data, segments := replace(random, base, carried.starts, other)
		if random.IntN(3) == 0 {
			data, segments = edit(random, base, other)
		}
		ok := whole.read(data, nil, nil)
		if got := delta.read(data, carried, segments); got != ok {
			t.Fatalf("%q from %q by %v: read is %v, whole %v", data, base, segments, got, ok)
		}
		if !ok {
			continue
		}
		read++
		if !reflect.DeepEqual(delta.now.clone(), whole.now.clone()) {
			t.Fatalf("%q from %q by %v is\n%v, whole\n%v", data, base, segments, delta.now, whole.now)
		}
	}
	if read < 10_000 {
		t.Errorf("only %d of the trees were trees", read)
	}
}

func FuzzTreeOutline(f *testing.F) {
	random := rand.New(rand.NewPCG(3, 3))
	for range 4 {
		f.Add(madeUpTree(random, 3), madeUpTree(random, 1), 5, 40)
	}
	f.Fuzz(func(t *testing.T, base, insert []byte, from, to int) {
		names, trees := newWordNumbers(), &numbering{}
		whole, delta := newTestOutliner(names, trees), newTestOutliner(names, trees)
		if from < 0 || to < from || to > len(base) || !whole.read(base, nil, nil) {
			return
		}
		carried := whole.now.clone()
		data := append(append(append([]byte{}, base[:from]...), insert...), base[to:]...)
		var segments []packfile.Segment
		for _, s := range []packfile.Segment{{Len: from}, {Len: len(insert), From: packfile.Inserted}, {Len: len(base) - to, From: to}} {
			if s.Len > 0 {
				segments = append(segments, s)
			}
		}
		ok := whole.read(data, nil, nil)
		if got := delta.read(data, carried, segments); got != ok || ok && !reflect.DeepEqual(delta.now.clone(), whole.now.clone()) {
			t.Fatalf("read from a delta: %v %v, whole: %v %v", got, delta.now, ok, whole.now)
		}
	})
}
