package gitsource

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"testing"
)

// indexOf makes an index of version 2 with files of these paths, without a checksum that holds.
func indexOf(version uint32, extension string, paths ...string) []byte {
	data := binary.BigEndian.AppendUint32([]byte("DIRC"), version)
	data = binary.BigEndian.AppendUint32(data, uint32(len(paths)))
	for _, path := range paths {
		row := make([]byte, indexStatBytes+formatSHA1.size()+2)
		binary.BigEndian.PutUint32(row[indexModeAt:], modeFile)
		binary.BigEndian.PutUint16(row[len(row)-2:], uint16(min(len(path), flagNameLength)))
		if version == 4 {
			row = append(append(row, 0), path...)
			row = append(row, 0)
		} else {
			row = append(row, path...)
			row = append(row, make([]byte, 8-len(row)%8)...)
		}
		data = append(data, row...)
	}
	return append(append(data, extension...), make([]byte, formatSHA1.size())...)
}

func TestIndexesThatAreLeftToGit(t *testing.T) {
	t.Parallel()
	good := indexOf(2, "", "a", "b")
	cases := []struct {
		name string
		data []byte
		good bool
	}{
		{"paths in order", good, true},
		{"an unknown extension that may be passed over", indexOf(2, "ABCD\x00\x00\x00\x01x", "a"), true},
		{"a TREE extension that is damaged is passed over", indexOf(2, "TREE\x00\x00\x00\x01x", "a"), true},
		{"an extension that must be understood", indexOf(2, "abcd\x00\x00\x00\x01x", "a"), false},
		{"an extension longer than the file", indexOf(2, "ABCD\x00\x00\x01\x00x", "a"), false},
		{"an extension without a head", indexOf(2, "ABC", "a"), false},
		{"paths out of order", indexOf(2, "", "b", "a"), false},
		{"a path twice", indexOf(2, "", "a", "a"), false},
		{"an empty path", indexOf(2, "", ""), false},
		{"version 1", indexOf(1, "", "a"), false},
		{"version 5", indexOf(5, "", "a"), false},
		{"an extended row in version 2", func() []byte {
			data := indexOf(2, "", "a")
			data[indexHeadBytes+indexStatBytes+formatSHA1.size()] |= flagExtended >> 8
			return data
		}(), false},
		{"a mode of no file", func() []byte {
			data := indexOf(2, "", "a")
			binary.BigEndian.PutUint32(data[indexHeadBytes+indexModeAt:], modeDir)
			return data
		}(), false},
		{"more rows than there is room for", func() []byte {
			data := indexOf(2, "", "a")
			binary.BigEndian.PutUint32(data[8:], 1<<31)
			return data
		}(), false},
		{"cut short", good[:len(good)-30], false},
		{"nothing", nil, false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if _, err := formatSHA1.parseIndexFile(c.data); (err == nil) != c.good {
				t.Errorf("error %v", err)
			}
		})
	}
}

func FuzzIndexFile(f *testing.F) {
	f.Add(indexOf(2, "TREE\x00\x00\x00\x06\x00-1 0\n", "a", "dir/b"), false)
	f.Add(indexOf(4, "", "a", "dir/b"), false)
	f.Add(indexOf(3, "link\x00\x00\x00\x00", "a"), true)
	f.Fuzz(func(t *testing.T, data []byte, long bool) {
		format := formatSHA1
		if long {
			format = formatSHA256
		}
		x, err := format.parseIndexFile(data)
		if err != nil {
			return
		}
		for i := range x.rows {
			if len(x.rows[i].path) == 0 || i > 0 && !before(&x.rows[i-1], &x.rows[i]) {
				t.Fatalf("row %d of %d is out of order or has no path", i, len(x.rows))
			}
		}
	})
}

func FuzzIndexTrees(f *testing.F) {
	id := string(make([]byte, formatSHA1.size()))
	f.Add([]byte("\x002 1\n" + id + "dir\x001 0\n" + id))
	f.Add([]byte("\x00-1 1\ndir\x001 0\n" + id))
	f.Fuzz(func(t *testing.T, data []byte) {
		x := formatSHA1.parseIndexTrees(data)
		if x == nil {
			return
		}
		if again := x.bytes(formatSHA1); !bytes.Equal(again, data) {
			t.Fatalf("%q was read as %q", data, again)
		}
	})
}

// bytes writes what was read.
func (x *indexTree) bytes(f objectFormat) []byte {
	data := fmt.Appendf(nil, "%s\x00%d %d\n", x.name, x.rows, len(x.folders))
	if x.rows >= 0 {
		data = append(data, x.id[:f.size()]...)
	}
	for i := range x.folders {
		data = append(data, x.folders[i].bytes(f)...)
	}
	return data
}
