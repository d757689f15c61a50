package gitsource

import (
	"bytes"
	"compress/zlib"
	"errors"
	"fmt"
	"testing"
)

// looseBytes is the file of a loose object.
func looseBytes(t testing.TB, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestLooseObjectsAreReadOrLeftToGit(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name string
		data []byte
		want string // empty: git is asked
	}{
		{"a blob", looseBytes(t, "blob 4\x00text"), "blob 4 text"},
		{"an empty tree", looseBytes(t, "tree 0\x00"), "tree 0 "},
		{"a blob over the cap", looseBytes(t, "blob 99\x00text"), "blob 99 over"},
		{"nothing", nil, ""},
		{"no stream", []byte("text"), ""},
		{"a type that git does not have", looseBytes(t, "blub 4\x00text"), ""},
		{"a size with a sign", looseBytes(t, "blob +4\x00text"), ""},
		{"a size with a zero before it", looseBytes(t, "blob 04\x00text"), ""},
		{"a size below zero", looseBytes(t, "blob -4\x00text"), ""},
		{"no size", looseBytes(t, "blob \x00text"), ""},
		{"no space", looseBytes(t, "blob\x00text"), ""},
		{"a head without an end", looseBytes(t, "blob 4"), ""},
		{"a head that is too long", looseBytes(t, "blob 4444444444444444444444444444444444\x00"), ""},
		{"less content than its size", looseBytes(t, "blob 5\x00text"), ""},
		{"more content than its size", looseBytes(t, "blob 3\x00text"), ""},
		{"bytes behind its end", append(looseBytes(t, "blob 4\x00text"), 'x'), ""},
		{"a cut end", looseBytes(t, "blob 4\x00text")[:12], ""},
	}
	var l looseReader // one for all: damage leaves no trace in it
	for _, c := range cases {
		o, err := l.decode(oid{1}, c.data, 50)
		got := fmt.Sprintf("%s %d %s", o.kind, o.size, o.data)
		switch {
		case c.want == "" && !errors.Is(err, errLoose):
			t.Errorf("%s: read as %s, error %v", c.name, got, err)
		case c.want != "" && (err != nil || o.id != oid{1}):
			t.Errorf("%s: error %v", c.name, err)
		case c.want != "" && o.over != (c.want == got+"over"):
			t.Errorf("%s: read as %s, over %v", c.name, got, o.over)
		case c.want != "" && !o.over && got != c.want:
			t.Errorf("%s: read as %s", c.name, got)
		}
	}
}

func FuzzLooseObject(f *testing.F) {
	f.Add(looseBytes(f, "blob 4\x00text"))
	f.Add(looseBytes(f, "commit 0\x00"))
	f.Add(looseBytes(f, "tree 4294967296\x00"))
	f.Add([]byte("x\x9c"))
	f.Fuzz(func(t *testing.T, data []byte) {
		var l looseReader
		o, err := l.decode(oid{1}, data, 1<<16)
		switch {
		case err != nil && !errors.Is(err, errLoose):
			t.Fatal(err)
		case err == nil && (o.kind == typeUnknown || o.size < 0 || o.over != (o.size > 1<<16)):
			t.Fatalf("%+v", o.entry)
		case err == nil && !o.over && int64(len(o.data)) != o.size:
			t.Fatalf("%d bytes, said to be %d", len(o.data), o.size)
		}
	})
}
