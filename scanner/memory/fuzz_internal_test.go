package memory

import (
	"crypto/sha256"
	"testing"
)

// The checksum is put right, so that what stands behind it is reached.
func FuzzDecode(f *testing.F) {
	d := NewDraft(20)
	d.Clean(make([]byte, 20))
	d.Note([]byte("note"))
	whole, err := d.encode(Key{})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Add(whole[:headBytes])
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > sha256.Size {
			sum := sha256.Sum256(data[:len(data)-sha256.Size])
			copy(data[len(data)-sha256.Size:], sum[:])
		}
		m, err := decode(data, Key{})
		if err != nil || m == nil {
			return
		}
		n := 0
		for id := range m.Marked() {
			n += len(id)
		}
		if m.Len()*m.idSize+n+len(m.note) > len(data) {
			t.Errorf("%d bytes hold %d clean ids and %d bytes of marked ones", len(data), m.Len(), n)
		}
	})
}
