package packfile

import (
	"bytes"
	"encoding/binary"
	"errors"
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
func ourDelta(base, delta []byte) ([]byte, bool) {
	from, to, instructions, err := deltaSizes(delta)
	if err != nil || from != uint64(len(base)) || to > 1<<20 {
		return nil, false
	}
	dst := make([]byte, to)
	return dst, applyDelta(dst, base, instructions) == nil
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
			got, ok := ourDelta(base, c.delta)
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
		got, ok := ourDelta(base, delta)
		want, wantOK := plainDelta(base, delta)
		if ok != wantOK || ok && !bytes.Equal(got, want) {
			t.Fatalf("%d bytes, %v; read plainly %d, %v", len(got), ok, len(want), wantOK)
		}
	})
}
