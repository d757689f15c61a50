package packfile

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
)

// headOf writes the head of an entry of the given kind and size.
func headOf(kind uint8, size uint64) []byte {
	b := []byte{kind<<4 | byte(size&15)}
	for size >>= 4; size > 0; size >>= 7 {
		b[len(b)-1] |= 0x80
		b = append(b, byte(size&0x7f))
	}
	return b
}

// distanceOf writes how far back a base is.
func distanceOf(back uint64) []byte {
	b := []byte{byte(back & 0x7f)}
	for back >>= 7; back > 0; back >>= 7 {
		back--
		b = append([]byte{0x80 | byte(back&0x7f)}, b...)
	}
	return b
}

func TestHeadsOfEntriesAreRead(t *testing.T) {
	t.Parallel()
	id := bytes.Repeat([]byte{7}, SHA1Size)
	before := make([]byte, 1<<15)
	for _, size := range []uint64{0, 1, 15, 16, 2047, 2048, 1 << 20, 1<<32 + 5, 1<<60 - 1} {
		for _, kind := range []uint8{1, 2, 3, 4} {
			head := headOf(kind, size)
			e, err := parseEntry(append(bytes.Clone(before), head...), uint64(len(before)), SHA1Size)
			if err != nil || e.kind != kind || e.size != size || e.body != len(before)+len(head) {
				t.Errorf("kind %d, size %d: %+v, %v", kind, size, e, err)
			}
		}
		head := append(headOf(idDelta, size), id...)
		e, err := parseEntry(append(bytes.Clone(before), head...), uint64(len(before)), SHA1Size)
		if err != nil || e.size != size || !bytes.Equal(e.id, id) || e.body != len(before)+len(head) {
			t.Errorf("delta to an id of size %d: %+v, %v", size, e, err)
		}
	}
	for _, back := range []uint64{1, 127, 128, 129, 255, 16511, 16512, 16513, uint64(len(before)) - headerBytes} {
		head := append(headOf(offsetDelta, 3), distanceOf(back)...)
		e, err := parseEntry(append(bytes.Clone(before), head...), uint64(len(before)), SHA1Size)
		if err != nil || e.base != len(before)-int(back) || e.body != len(before)+len(head) {
			t.Errorf("delta %d back: %+v, %v", back, e, err)
		}
	}
}

func TestBrokenHeadsOfEntriesAreRefused(t *testing.T) {
	t.Parallel()
	endless := bytes.Repeat([]byte{0xff}, 40)
	for _, c := range []struct {
		name string
		head []byte
		want error
	}{
		{"no byte", nil, ErrCorrupt},
		{"a size that goes on behind the end", []byte{0xb0, 0x80}, ErrCorrupt},
		{"a size that goes on for ever", append([]byte{0xb0}, endless...), ErrCorrupt},
		{"a kind that stands for nothing", []byte{0x00, 0}, ErrUnsupported},
		{"a kind that is kept for later", []byte{0x50, 0}, ErrUnsupported},
		{"a base of distance 0", append(headOf(offsetDelta, 1), 0), ErrCorrupt},
		{"a base in the header", append(headOf(offsetDelta, 1), distanceOf(89)...), ErrCorrupt},
		{"a distance that goes on behind the end", append(headOf(offsetDelta, 1), 0x80), ErrCorrupt},
		{"a distance that goes on for ever", append(headOf(offsetDelta, 1), endless...), ErrCorrupt},
		{"an id that is cut", append(headOf(idDelta, 1), endless[:SHA1Size-1]...), ErrCorrupt},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if e, err := parseEntry(append(make([]byte, 100), c.head...), 100, SHA1Size); !errors.Is(err, c.want) {
				t.Errorf("%+v, %v", e, err)
			}
		})
	}
	for _, at := range []uint64{0, 11, 200, 1 << 63} {
		if _, err := parseEntry(make([]byte, 200), at, SHA1Size); !errors.Is(err, ErrCorrupt) {
			t.Errorf("an entry at %d: %v", at, err)
		}
	}
}

func FuzzParseEntry(f *testing.F) {
	f.Add(headOf(3, 1000), uint64(0))
	f.Add(append(headOf(offsetDelta, 1000), distanceOf(50)...), uint64(0))
	f.Add(append(headOf(idDelta, 7), make([]byte, SHA1Size)...), uint64(0))
	f.Add(bytes.Repeat([]byte{0xff}, 40), uint64(3))
	f.Fuzz(func(t *testing.T, data []byte, at uint64) {
		data = append(make([]byte, 60), data...)
		at += 60
		e, err := parseEntry(data, at, SHA1Size)
		if err != nil {
			if !errors.Is(err, ErrCorrupt) && !errors.Is(err, ErrUnsupported) {
				t.Fatal(err)
			}
			return
		}
		if e.body <= int(at) || e.body > len(data) || e.kind == offsetDelta && (e.base < headerBytes || e.base >= int(at)) {
			t.Fatalf("entry at %d of %d bytes: %+v", at, len(data), e)
		}
	})
}

// plainDelta is the delta format, written for reading.
func plainDelta(base, delta []byte) ([]byte, bool) {
	r := bytes.NewReader(delta)
	from, err := binary.ReadUvarint(r)
	if err != nil || from != uint64(len(base)) {
		return nil, false
	}
	to, err := binary.ReadUvarint(r)
	if err != nil || to > 1<<20 {
		return nil, false
	}
	var out []byte
	for r.Len() > 0 && len(out) <= int(to) {
		op, _ := r.ReadByte()
		if op&0x80 == 0 {
			part := make([]byte, op)
			if n, err := r.Read(part); op == 0 || err != nil || n < int(op) {
				return nil, false
			}
			out = append(out, part...)
			continue
		}
		var operands [7]byte
		for i := range operands {
			if op>>i&1 != 0 {
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
		out = append(out, base[start:start+n]...)
	}
	return out, len(out) == int(to)
}

// ourDelta applies a delta as a walk does.
// ourDelta applies a delta, and sees that its segments make the same content out of the same base.
func ourDelta(t testing.TB, base, delta []byte) ([]byte, bool) {
	t.Helper()
	from, to, instructions, err := deltaSizes(delta)
	if err != nil || from != uint64(len(base)) || to > 1<<20 {
		return nil, false
	}
	dst := make([]byte, to)
	segments, err := applyDelta(dst, base, instructions, nil)
	if err != nil {
		return dst, false
	}
	at, before := 0, Segment{From: -2}
	for _, s := range segments {
		if s.Len <= 0 || s.Len > len(dst)-at || s.From == Inserted && before.From == Inserted || before.From >= 0 && s.From == before.From+before.Len {
			t.Fatalf("segment %+v after %+v at %d of %d", s, before, at, len(dst))
		}
		if s.From != Inserted && !bytes.Equal(base[s.From:s.From+s.Len], dst[at:at+s.Len]) {
			t.Fatalf("segment %+v at %d is not what the base has", s, at)
		}
		at, before = at+s.Len, s
	}
	if at != len(dst) {
		t.Fatalf("segments of %d bytes, content of %d", at, len(dst))
	}
	return dst, true
}

func TestSegmentsAreJoined(t *testing.T) {
	t.Parallel()
	base := bytes.Repeat([]byte("0123456789abcdef"), 1<<13) // 128 KiB
	for _, c := range []struct {
		name         string
		instructions []byte
		size         int
		want         []Segment
	}{
		{"two copies of 64 KiB that go on", []byte{0x80, 0x84, 1}, 1 << 17, []Segment{{1 << 17, 0}}},
		{"the same copy twice", []byte{0x91, 4, 3, 0x91, 4, 3}, 6, []Segment{{3, 4}, {3, 4}}},
		{"copies that go on, then one that does not", []byte{0x91, 4, 3, 0x91, 7, 2, 0x91, 8, 1}, 6, []Segment{{5, 4}, {1, 8}}},
		{"two inserts", []byte{1, 'x', 2, 'y', 'z', 0x91, 9, 1}, 4, []Segment{{3, Inserted}, {1, 9}}},
		{"a copy that goes on behind an insert", []byte{0x90, 3, 1, 'x', 0x91, 3, 3}, 7, []Segment{{3, 0}, {1, Inserted}, {3, 3}}},
		{"a first copy from the start", []byte{0x90, 3}, 3, []Segment{{3, 0}}},
		{"nothing", nil, 0, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, err := applyDelta(make([]byte, c.size), base, c.instructions, nil)
			if err != nil || !slices.Equal(got, c.want) {
				t.Errorf("%v, %v", got, err)
			}
		})
	}
}

// TestSegmentsRebuildWhatADeltaMakes asks the fuzzer's question of many made-up deltas in each test run.
func TestSegmentsRebuildWhatADeltaMakes(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(5, 6))
	base := make([]byte, 300)
	for i := range base {
		base[i] = byte(r.Uint32())
	}
	for range 3000 {
		var instructions []byte
		size, from := 0, 0
		for range r.IntN(30) {
			n := 1 + r.IntN(20)
			switch size += n; r.IntN(3) {
			case 0:
				instructions = append(append(instructions, byte(n)), base[:n]...)
				continue
			case 1:
				from = r.IntN(len(base) - n)
			default:
				from = min(from, len(base)-n)
			}
			instructions = append(instructions, 0x93, byte(from), byte(from>>8), byte(n))
			from += n
		}
		delta := binary.AppendUvarint(binary.AppendUvarint(nil, uint64(len(base))), uint64(size))
		if _, ok := ourDelta(t, base, append(delta, instructions...)); !ok {
			t.Fatalf("delta %x is refused", instructions)
		}
	}
}

func TestADeltaOfTooManySegmentsIsApplied(t *testing.T) {
	t.Parallel()
	instructions := bytes.Repeat([]byte{0x90, 1, 1, 'x'}, maxSegments)
	dst := make([]byte, 2*maxSegments)
	segments, err := applyDelta(dst, []byte("y"), instructions, nil)
	if err != nil || len(segments) != maxSegments+1 || !bytes.Equal(dst, bytes.Repeat([]byte("yx"), maxSegments)) {
		t.Errorf("%d segments, %v", len(segments), err)
	}
}

func TestDeltasAreApplied(t *testing.T) {
	t.Parallel()
	base := bytes.Repeat([]byte("0123456789"), 10_000)
	head := binary.AppendUvarint(nil, uint64(len(base)))
	delta := func(to uint64, instructions ...byte) []byte {
		return append(binary.AppendUvarint(bytes.Clone(head), to), instructions...)
	}
	for _, c := range []struct {
		name  string
		delta []byte
		want  string // the first bytes; empty: it is refused
	}{
		{"an insert", delta(3, 3, 'a', 'b', 'c'), "abc"},
		{"a copy from the start", delta(2, 0x90, 2), "01"},
		{"a copy from further on", delta(2, 0x91, 5, 2), "56"},
		{"a copy of 64 KiB", delta(1<<16, 0x80), "0123456789"},
		{"a copy with all its bytes", delta(4, 0xff, 1, 0, 0, 0, 4, 0, 0), "1234"},
		{"a copy and an insert", delta(3, 0x90, 2, 1, 'x'), "01x"},
		{"nothing of it", delta(1), ""},
		{"an instruction of 0", delta(1, 0), ""},
		{"an insert that is cut", delta(3, 3, 'a', 'b'), ""},
		{"an insert over the size", delta(1, 2, 'a', 'b'), ""},
		{"a copy over the size", delta(1, 0x90, 2), ""},
		{"a result under the size", delta(4, 0x90, 2), ""},
		{"a copy from behind the base", delta(2, 0x94, 0xff, 2), ""},
		{"a copy over the base's end", delta(2, 0x97, 0x9f, 0x86, 1, 2), ""},
		{"a copy without its bytes", delta(2, 0xff, 1), ""},
		{"another base's size", append(binary.AppendUvarint(nil, 5), delta(1, 1, 'a')[len(head):]...), ""},
		{"no sizes", nil, ""},
		{"a size that goes on for ever", bytes.Repeat([]byte{0xff}, 30), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, ok := ourDelta(t, base, c.delta)
			if ok != (c.want != "") || ok && !bytes.HasPrefix(got, []byte(c.want)) {
				t.Errorf("%.10q, %v", got, ok)
			}
			plain, plainOK := plainDelta(base, c.delta)
			if plainOK != ok || ok && !bytes.Equal(plain, got) {
				t.Errorf("read plainly it is %.10q, %v", plain, plainOK)
			}
		})
	}
}

func FuzzApplyDelta(f *testing.F) {
	f.Add([]byte("0123456789"), []byte{10, 3, 3, 'a', 'b', 'c'})
	f.Add([]byte("0123456789"), []byte{10, 4, 0x91, 2, 3, 1, 'x'})
	f.Add([]byte("0123456789"), []byte{10, 4, 0xff, 1, 0, 0, 0, 4, 0, 0})
	f.Add(bytes.Repeat([]byte("x"), 1<<16), []byte{0x80, 0x80, 4, 0x80, 0x80, 4, 0x80})
	f.Fuzz(func(t *testing.T, base, delta []byte) {
		got, ok := ourDelta(t, base, delta)
		want, wantOK := plainDelta(base, delta)
		if ok != wantOK || ok && !bytes.Equal(got, want) {
			t.Fatalf("%d bytes, %v; read plainly %d, %v", len(got), ok, len(want), wantOK)
		}
	})
}
