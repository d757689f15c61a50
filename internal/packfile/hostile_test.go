package packfile_test

import (
	"bytes"
	"compress/zlib"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/adler32"
	"io"
	"maps"
	"slices"
	"sort"
	"testing"

	"github.com/keywright/keywright/internal/packfile"
)

// The kinds of entries.
const (
	commitKind = 1
	blobKind   = 3
	offsetKind = 6
	idKind     = 7
)

// builder writes a pack entry by entry, whatever they are.
type builder struct {
	pack    []byte
	ids     [][]byte
	offsets []uint64
}

func newBuilder() *builder { return &builder{pack: make([]byte, 12)} }

// add appends an entry and lists it under id. base is what stands between head and compressed data.
func (b *builder) add(id []byte, kind byte, size int, base, compressed []byte) {
	b.list(id, uint64(len(b.pack)))
	b.pack = append(b.pack, kind<<4|byte(size&15))
	for size >>= 4; size > 0; size >>= 7 {
		b.pack[len(b.pack)-1] |= 0x80
		b.pack = append(b.pack, byte(size&0x7f))
	}
	b.pack = append(append(b.pack, base...), compressed...)
}

func (b *builder) list(id []byte, offset uint64) {
	b.ids = append(b.ids, id)
	b.offsets = append(b.offsets, offset)
}

// last is where the entry that was added last starts, n before it.
func (b *builder) last(n int) uint64 { return b.offsets[len(b.offsets)-1-n] }

// back is the distance to an entry from the one that is added next.
func (b *builder) back(to uint64) []byte {
	n := uint64(len(b.pack)) - to
	out := []byte{byte(n & 0x7f)}
	for n >>= 7; n > 0; n >>= 7 {
		n--
		out = append([]byte{0x80 | byte(n&0x7f)}, out...)
	}
	return out
}

// files are the bytes of the pack and of its index.
func (b *builder) files() (pack, index []byte) {
	pack = bytes.Clone(b.pack)
	copy(pack, "PACK\x00\x00\x00\x02")
	binary.BigEndian.PutUint32(pack[8:], uint32(len(b.ids)))
	trailer := sha1.Sum(pack)
	order := make([]int, len(b.ids))
	for i := range order {
		order[i] = i
	}
	sort.Slice(order, func(i, j int) bool { return bytes.Compare(b.ids[order[i]], b.ids[order[j]]) < 0 })
	index = append(index, "\xfftOc\x00\x00\x00\x02"...)
	for c := range 256 {
		n := 0
		for _, id := range b.ids {
			if int(id[0]) <= c {
				n++
			}
		}
		index = binary.BigEndian.AppendUint32(index, uint32(n))
	}
	for _, i := range order {
		index = append(index, b.ids[i]...)
	}
	index = append(index, make([]byte, 4*len(order))...)
	var large []byte
	for _, i := range order {
		if b.offsets[i] < 1<<31 {
			index = binary.BigEndian.AppendUint32(index, uint32(b.offsets[i]))
			continue
		}
		index = binary.BigEndian.AppendUint32(index, 1<<31|uint32(len(large)/8))
		large = binary.BigEndian.AppendUint64(large, b.offsets[i])
	}
	index = append(append(index, large...), trailer[:]...)
	sum := sha1.Sum(index)
	return append(pack, trailer[:]...), append(index, sum[:]...)
}

func (b *builder) parse(t testing.TB) *packfile.Pack {
	t.Helper()
	pack, index := b.files()
	p, err := packfile.Parse(pack, index, packfile.SHA1Size)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// id makes an id that nothing has but the entry that the test gives it to.
func id(n int) []byte {
	sum := sha1.Sum([]byte(fmt.Sprint(n)))
	return sum[:]
}

func idOf(kind string, data []byte) []byte {
	sum := sha1.Sum(append(fmt.Appendf(nil, "%s %d\x00", kind, len(data)), data...))
	return sum[:]
}

// delta makes a delta between sizes from its instructions.
func delta(from, to int, instructions ...byte) []byte {
	b := binary.AppendUvarint(nil, uint64(from))
	return append(binary.AppendUvarint(b, uint64(to)), instructions...)
}

// stored makes a zlib stream of fewer than 64 KiB without compressing them, which is faster.
func stored(data []byte) []byte {
	out := binary.LittleEndian.AppendUint16([]byte{0x78, 0x01, 1}, uint16(len(data)))
	out = append(binary.LittleEndian.AppendUint16(out, ^uint16(len(data))), data...)
	return binary.BigEndian.AppendUint32(out, adler32.Checksum(data))
}

func (b *builder) whole(t testing.TB, id []byte, data string) {
	t.Helper()
	b.add(id, blobKind, len(data), nil, deflated(t, []byte(data), 6))
}

func (b *builder) deltaTo(id, base []byte, d []byte) {
	b.add(id, idKind, len(d), base, stored(d))
}

func TestWhatIsWrongWithAPackIsReportedPerObject(t *testing.T) {
	t.Parallel()
	x := []byte{1, 'x'} // the instruction to insert an x
	type reasons = map[packfile.Reason]int
	cases := []struct {
		name    string
		make    func(t *testing.T, b *builder)
		objects int
		want    reasons
	}{
		{"two deltas, each the other's base", func(t *testing.T, b *builder) {
			b.deltaTo(id(1), id(2), delta(1, 1, x...))
			b.deltaTo(id(2), id(1), delta(1, 1, x...))
			b.deltaTo(id(3), id(1), delta(1, 1, x...)) // hangs on the circle
			b.whole(t, id(4), "sound")
		}, 1, reasons{packfile.ReasonCycle: 3}},
		{"a delta that is its own base", func(t *testing.T, b *builder) {
			b.deltaTo(id(1), id(1), delta(1, 1, x...))
		}, 0, reasons{packfile.ReasonCycle: 1}},
		{"a base that is nowhere", func(t *testing.T, b *builder) {
			b.deltaTo(id(1), id(9), delta(1, 1, x...))
			b.deltaTo(id(2), id(1), delta(1, 1, x...))
		}, 0, reasons{packfile.ReasonMissingBase: 1, packfile.ReasonBase: 1}},
		{"a base between two entries", func(t *testing.T, b *builder) {
			b.whole(t, id(1), "x")
			b.add(id(2), offsetKind, 4, b.back(b.last(0)+1), deflated(t, delta(1, 1, x...), 6))
		}, 1, reasons{packfile.ReasonMissingBase: 1}},
		{"a base in the header of the pack", func(t *testing.T, b *builder) {
			b.add(id(2), offsetKind, 4, b.back(3), deflated(t, delta(1, 1, x...), 6))
		}, 0, reasons{packfile.ReasonCorrupt: 1}},
		{"a base that comes later", func(t *testing.T, b *builder) {
			b.deltaTo(id(1), id(2), delta(1, 2, 0x90, 1, 1, 'y'))
			b.whole(t, id(2), "x")
		}, 2, reasons{}},
		{"an object larger than it says", func(t *testing.T, b *builder) {
			b.add(id(1), blobKind, 4, nil, deflated(t, []byte("sound"), 6))
			b.deltaTo(id(2), id(1), delta(4, 1, x...))
		}, 0, reasons{packfile.ReasonCorrupt: 1, packfile.ReasonBase: 1}},
		{"an object smaller than it says", func(t *testing.T, b *builder) {
			b.add(id(1), blobKind, 6, nil, deflated(t, []byte("sound"), 6))
		}, 0, reasons{packfile.ReasonCorrupt: 1}},
		{"an object far larger than its bytes can hold", func(t *testing.T, b *builder) {
			b.add(id(1), blobKind, 1<<25, nil, deflated(t, []byte("sound"), 6))
			b.add(id(2), blobKind, 1<<59, nil, deflated(t, []byte("sound"), 6))
		}, 0, reasons{packfile.ReasonCorrupt: 2}},
		{"a delta for a base of another size", func(t *testing.T, b *builder) {
			b.whole(t, id(1), "sound")
			b.deltaTo(id(2), id(1), delta(4, 1, x...))
			b.deltaTo(id(3), id(1), delta(5, 2, x...))
			b.deltaTo(id(4), id(1), delta(5, 1, x...))
		}, 2, reasons{packfile.ReasonCorrupt: 2}},
		{"a delta that says it makes a giant", func(t *testing.T, b *builder) {
			b.whole(t, id(1), "sound")
			b.deltaTo(id(2), id(1), delta(5, 1<<40, x...))
			b.deltaTo(id(3), id(2), delta(1<<40, 1, x...))
		}, 1, reasons{packfile.ReasonTooLarge: 1, packfile.ReasonBase: 1}},
		{"a bomb of deltas, each a hundred times its base", func(t *testing.T, b *builder) {
			b.whole(t, id(0), string(make([]byte, 60_000)))
			for i, size := 1, 60_000; i < 8; i, size = i+1, size*100 {
				copies := bytes.Repeat([]byte{0xf0, byte(min(size, 1<<24-1)), byte(min(size, 1<<24-1) >> 8), byte(min(size, 1<<24-1) >> 16)}, 100)
				b.deltaTo(id(i), id(i-1), delta(size, size*100, copies...))
			}
		}, 2, reasons{packfile.ReasonTooLarge: 1, packfile.ReasonBase: 5}},
		{"an index that points outside", func(t *testing.T, b *builder) {
			b.whole(t, id(1), "sound")
			b.list(id(2), 0)
			b.list(id(3), 11)
			b.list(id(4), uint64(len(b.pack)))
			b.list(id(5), 1<<31+5)
			b.list(id(6), 1<<63+5)
		}, 1, reasons{packfile.ReasonCorrupt: 5}},
		{"an index that lists one entry many times", func(t *testing.T, b *builder) {
			b.whole(t, id(1), "sound")
			for i := range 50 {
				b.list(id(2+i), 12)
			}
		}, 51, reasons{}},
		{"kinds of entries that git does not have", func(t *testing.T, b *builder) {
			b.add(id(1), 0, 5, nil, deflated(t, []byte("sound"), 6))
			b.add(id(2), 5, 5, nil, deflated(t, []byte("sound"), 6))
			b.deltaTo(id(3), id(2), delta(5, 1, x...))
		}, 0, reasons{packfile.ReasonUnsupported: 2, packfile.ReasonBase: 1}},
		{"data that is not compressed", func(t *testing.T, b *builder) {
			b.add(id(1), blobKind, 5, nil, []byte("sound"))
		}, 0, reasons{packfile.ReasonCorrupt: 1}},
		{"a last entry that is cut", func(t *testing.T, b *builder) {
			b.whole(t, id(1), "sound")
			b.pack = b.pack[:len(b.pack)-6]
		}, 0, reasons{packfile.ReasonCorrupt: 1}},
		{"a pack of nothing", func(*testing.T, *builder) {}, 0, reasons{}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newBuilder()
			c.make(t, b)
			for _, workers := range []int{1, 3} {
				var s seen
				stats, err := packfile.Walk(t.Context(), []*packfile.Pack{b.parse(t)}, packfile.Options{Workers: workers}, s.visitor())
				if err != nil {
					t.Fatal(err)
				}
				if len(s.objects) != c.objects || !maps.Equal(s.reasons(), c.want) {
					t.Errorf("%d objects, unread %v", len(s.objects), s.reasons())
				}
				if int(stats.Objects+stats.Unread) != len(b.ids) || len(s.twice) > 0 {
					t.Errorf("%+v of %d", stats, len(b.ids))
				}
				s.mustAgree(t, packfile.NewReader([]*packfile.Pack{b.parse(t)}, packfile.ReaderOptions{}))
			}
		})
	}
}

func TestChainsOfAnyDepthAreWalked(t *testing.T) {
	t.Parallel()
	const depth = 5_000 // git makes 4,095
	for _, byID := range []bool{false, true} {
		b, want := newBuilder(), map[string]object{}
		b.whole(t, id(0), "start")
		for i := 1; i <= depth; i++ {
			d := delta(5, 5, 0x91, 1, 4, 1, byte('a'+i%26)) // drops the first byte, adds one
			if byID {
				b.deltaTo(id(i), id(i-1), d)
			} else {
				b.add(id(i), offsetKind, len(d), b.back(b.last(0)), stored(d))
			}
		}
		text := []byte("start")
		for i := range depth + 1 {
			if i > 0 {
				text = append(text[1:], byte('a'+i%26))
			}
			want[hex.EncodeToString(id(i))] = object{"blob", 5, sum256(text)}
		}
		var s seen
		// A chain needs two contents at a time, not one for each of its deltas.
		options := packfile.Options{MaxHeldBytes: 4096}
		if _, err := packfile.Walk(t.Context(), []*packfile.Pack{b.parse(t)}, options, s.visitor()); err != nil {
			t.Fatal(err)
		}
		s.mustEqual(t, want)
	}
}

// A comb is the worst case for a walk that keeps bases: each node of a long chain has a second child. Kept are a few
// contents all the same.
func TestWhatIsKeptDoesNotGrowWithDepth(t *testing.T) {
	t.Parallel()
	b := newBuilder()
	b.whole(t, id(0), "start")
	before := b.last(0)
	for i := 1; i < 6000; i += 2 {
		d := delta(5, 5, 0x91, 1, 4, 1, 'c')
		chain := uint64(len(b.pack))
		b.add(id(i), offsetKind, len(d), b.back(before), stored(d))
		b.add(id(i+1), offsetKind, len(d), b.back(before), stored(d))
		before = chain
	}
	var s seen
	if _, err := packfile.Walk(t.Context(), []*packfile.Pack{b.parse(t)}, packfile.Options{MaxHeldBytes: 4096}, s.visitor()); err != nil {
		t.Fatal(err)
	}
	if len(s.objects) != len(b.ids) || len(s.unread) > 0 {
		t.Errorf("%d objects of %d, unread %v", len(s.objects), len(b.ids), s.reasons())
	}
}

func TestBasesOutsideAPackAreAskedFor(t *testing.T) {
	t.Parallel()
	base := []byte("the base is somewhere else")
	b := newBuilder()
	first, second := append(bytes.Clone(base), '!'), append([]byte("?"), base[4:]...)
	b.deltaTo(idOf("commit", first), idOf("commit", base), delta(len(base), len(first), 0x90, byte(len(base)), 1, '!'))
	b.deltaTo(idOf("commit", second), idOf("commit", first), delta(len(first), len(second), 1, '?', 0x91, 4, byte(len(base)-4)))
	var s seen
	options := packfile.Options{VerifyIDs: true, Base: func(id []byte) (packfile.Type, []byte, error) {
		if !bytes.Equal(id, idOf("commit", base)) {
			return 0, nil, errors.New("no such object")
		}
		return packfile.TypeCommit, base, nil
	}}
	if _, err := packfile.Walk(t.Context(), []*packfile.Pack{b.parse(t)}, options, s.visitor()); err != nil {
		t.Fatal(err)
	}
	s.mustEqual(t, map[string]object{
		hex.EncodeToString(idOf("commit", first)):  {"commit", len(first), sum256(first)},
		hex.EncodeToString(idOf("commit", second)): {"commit", len(second), sum256(second)},
	})
}

func TestAWrongIDIsSeenWhenItIsAskedFor(t *testing.T) {
	t.Parallel()
	b := newBuilder()
	b.whole(t, id(1), "not what the id says")
	b.whole(t, idOf("blob", []byte("sound")), "sound")
	for verify, want := range map[bool]int{true: 1, false: 2} {
		var s seen
		if _, err := packfile.Walk(t.Context(), []*packfile.Pack{b.parse(t)}, packfile.Options{VerifyIDs: verify}, s.visitor()); err != nil {
			t.Fatal(err)
		}
		if len(s.objects) != want || s.reasons()[packfile.ReasonCorrupt] != 2-want {
			t.Errorf("verify %v: %d objects, unread %v", verify, len(s.objects), s.reasons())
		}
	}
}

func TestAnObjectThatOnePackLacksIsTakenFromAnother(t *testing.T) {
	t.Parallel()
	damaged, sound := newBuilder(), newBuilder()
	damaged.whole(t, id(1), "one")
	damaged.add(id(2), blobKind, 3, nil, []byte("bad"))
	sound.whole(t, id(1), "one")
	sound.whole(t, id(3), "three")
	var s seen
	packs := []*packfile.Pack{damaged.parse(t), sound.parse(t)}
	if _, err := packfile.Walk(t.Context(), packs, packfile.Options{}, s.visitor()); err != nil {
		t.Fatal(err)
	}
	if len(s.objects) != 2 || len(s.twice) > 0 || len(s.unread) != 1 {
		t.Errorf("%d objects, unread %v", len(s.objects), s.reasons())
	}
}

// plainPack reads a pack entry by entry with the standard library, written for reading: the oracle of FuzzWalk.
type plainPack struct {
	data []byte // without trailer
	ids  map[string]uint64
}

func (p plainPack) object(at uint64, depth int) (kind byte, content []byte, ok bool) {
	if depth > 40 || at < 12 || at >= uint64(len(p.data)) {
		return 0, nil, false
	}
	in := bytes.NewReader(p.data[at:])
	c, _ := in.ReadByte()
	kind, size := c>>4&7, uint64(c&15)
	for shift := 4; c&0x80 != 0; shift += 7 {
		var err error
		if c, err = in.ReadByte(); err != nil || shift > 53 {
			return 0, nil, false
		}
		size |= uint64(c&0x7f) << shift
	}
	baseAt := uint64(0)
	switch kind {
	case offsetKind:
		back := uint64(0)
		for n := 0; ; n++ {
			c, err := in.ReadByte()
			if err != nil || n > 8 {
				return 0, nil, false
			}
			back = back<<7 + uint64(c&0x7f)
			if c&0x80 == 0 {
				break
			}
			back++
		}
		if baseAt = at - back; back == 0 || back > at || !slices.Contains(slices.Collect(maps.Values(p.ids)), baseAt) {
			return 0, nil, false
		}
	case idKind:
		name := make([]byte, 20)
		if _, err := io.ReadFull(in, name); err != nil {
			return 0, nil, false
		}
		if baseAt, ok = p.ids[string(name)]; !ok {
			return 0, nil, false
		}
	case 0, 5:
		return 0, nil, false
	}
	r, err := zlib.NewReader(in)
	if err != nil || size > 1<<16 {
		return 0, nil, false
	}
	data, err := io.ReadAll(io.LimitReader(r, 1<<16+1))
	if err != nil || uint64(len(data)) != size {
		return 0, nil, false
	}
	if kind < offsetKind {
		return kind, data, true
	}
	kind, base, ok := p.object(baseAt, depth+1)
	if !ok {
		return 0, nil, false
	}
	content, ok = plainApply(base, data)
	return kind, content, ok
}

func plainApply(base, delta []byte) ([]byte, bool) {
	r := bytes.NewReader(delta)
	from, err1 := binary.ReadUvarint(r)
	to, err2 := binary.ReadUvarint(r)
	if err1 != nil || err2 != nil || from != uint64(len(base)) || to > 1<<16 {
		return nil, false
	}
	var out []byte
	for r.Len() > 0 {
		op, _ := r.ReadByte()
		part := make([]byte, op)
		if op&0x80 == 0 {
			if n, err := r.Read(part); op == 0 || err != nil || n < len(part) {
				return nil, false
			}
		} else {
			var operands [7]byte
			for i := range operands {
				if op>>i&1 != 0 {
					var err error
					if operands[i], err = r.ReadByte(); err != nil {
						return nil, false
					}
				}
			}
			start, n := int(binary.LittleEndian.Uint32(operands[:])), int(operands[4])|int(operands[5])<<8|int(operands[6])<<16
			if n == 0 {
				n = 1 << 16
			}
			if start+n > len(base) {
				return nil, false
			}
			part = base[start : start+n]
		}
		if out = append(out, part...); len(out) > int(to) {
			return nil, false
		}
	}
	return out, len(out) == int(to)
}

func sum256(data []byte) [sha256.Size]byte { return sha256.Sum256(data) }

func FuzzWalk(f *testing.F) {
	b := newBuilder()
	b.whole(f, id(0), "the quick brown fox")
	b.deltaTo(id(1), id(0), delta(19, 4, 0x91, 4, 3, 1, '!'))
	d := delta(4, 2, 0x90, 2)
	b.add(id(2), offsetKind, len(d), b.back(b.last(0)), deflated(f, d, 6))
	b.add(id(3), commitKind, 0, nil, deflated(f, nil, 0))
	b.deltaTo(id(4), id(3), delta(0, 1, 1, 'x'))
	var at []byte
	for _, o := range b.offsets {
		at = binary.LittleEndian.AppendUint16(at, uint16(o))
	}
	f.Add(b.pack[12:], at)
	f.Add(b.pack[12:len(b.pack)-9], append(at, 0xff, 0xff, 3, 0, at[0], 0))
	f.Add(b.pack[12:], append(bytes.Clone(at[2:]), at[:2]...))
	f.Add([]byte{}, []byte{0, 0})
	f.Fuzz(func(t *testing.T, body, at []byte) {
		b := newBuilder()
		b.pack = append(b.pack, body...)
		plain := plainPack{ids: map[string]uint64{}}
		for i := 0; i+1 < len(at) && i < 40; i += 2 {
			offset := uint64(binary.LittleEndian.Uint16(at[i:]))
			b.list(id(i/2), offset)
			plain.ids[string(id(i/2))] = offset
		}
		pack, index := b.files()
		plain.data = pack[:len(pack)-20]
		p, err := packfile.Parse(pack, index, packfile.SHA1Size)
		if err != nil {
			t.Fatal(err)
		}
		var s seen
		options := packfile.Options{Workers: 1 + len(body)%2, MaxObjectBytes: 1 << 16}
		if _, err := packfile.Walk(t.Context(), []*packfile.Pack{p}, options, s.visitor()); err != nil {
			t.Fatal(err)
		}
		if len(s.objects)+len(s.unread) != len(b.ids) || len(s.twice) > 0 {
			t.Fatalf("%d objects and %d unread of %d", len(s.objects), len(s.unread), len(b.ids))
		}
		for i, offset := range b.offsets {
			kind, content, ok := plain.object(offset, 0)
			got, given := s.objects[hex.EncodeToString(id(i))]
			if given != ok {
				t.Fatalf("object %d at %d is given: %v (%v); read plainly: %v", i, offset, given, s.unread[hex.EncodeToString(id(i))].Err, ok)
			}
			if ok && got != (object{packfile.Type(kind).String(), len(content), sum256(content)}) {
				t.Fatalf("object %d at %d differs from what is read plainly", i, offset)
			}
		}
	})
}
