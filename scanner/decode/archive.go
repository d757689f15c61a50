package decode

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/bzip2"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"io"
)

// isArchive says whether data begins as one of the archives that archive opens.
func isArchive(data []byte) bool { return archiveKind(data) != "" }

func archiveKind(data []byte) string {
	switch {
	case bytes.HasPrefix(data, []byte{0x1f, 0x8b, 8}):
		return "gzip"
	case len(data) >= 10 && string(data[:3]) == "BZh" && string(data[4:10]) == "1AY&SY":
		return "bzip2"
	case bytes.HasPrefix(data, []byte("PK\x03\x04")), endsAsZip(data):
		return "zip"
	case len(data) >= 512 && string(data[257:262]) == "ustar":
		return "tar"
	case isZlib(data):
		return "zlib"
	}
	for _, u := range unopened {
		if bytes.HasPrefix(data, []byte(u.start)) {
			return u.name
		}
	}
	return ""
}

// unopened are the archives that are known by their first bytes and not opened: what they hold is not seen,
// which is reported. Source: the formats' own documents, and `man 5 gitformat-bundle`; read 2026-11-24.
var unopened = [...]struct{ name, start string }{
	{"xz", "\xfd7zXZ\x00"},
	{"zstd", "\x28\xb5\x2f\xfd"},
	{"lz4", "\x04\x22\x4d\x18"},
	{"lzip", "LZIP\x01"},
	{"7z", "7z\xbc\xaf\x27\x1c"},
	{"rar", "Rar!\x1a\x07"},
	{"git pack", "PACK\x00\x00\x00\x02"},
	{"git bundle", "# v2 git bundle\n"},
	{"git bundle", "# v3 git bundle\n"},
}

// endsAsZip says whether the record that ends a zip archive without a comment ends data: a program that
// unpacks itself, a jar that runs, stands in front of its archive.
func endsAsZip(data []byte) bool {
	const endRecord = 22
	return len(data) > endRecord && string(data[len(data)-endRecord:len(data)-endRecord+4]) == "PK\x05\x06"
}

// isZlib says whether data is one stream of zlib: git's loose objects are, and dumps of many programs. Its
// header is two bytes that any data may begin with, so it is read too: to its end, or for long enough.
func isZlib(data []byte) bool {
	if len(data) < 8 || data[0] != 0x78 || (int(data[0])<<8|int(data[1]))%31 != 0 || data[1]&0x20 != 0 {
		return false
	}
	r, err := zlib.NewReader(bytes.NewReader(data))
	if err != nil {
		return false
	}
	const enough = 4096
	n, err := io.CopyN(io.Discard, r, enough)
	return err == nil || n > 0 && errors.Is(err, io.EOF)
}

// archive opens data when it is one. What is broken ends the archive: its bytes up to there are visited.
func (w *Walker) archive(data []byte, parent *Piece, depth int) bool {
	switch kind := archiveKind(data); kind {
	case "":
		return false
	case "gzip":
		w.gzip(data, parent, depth)
	case "bzip2":
		w.stream(kind, bzip2.NewReader(bytes.NewReader(data)), len(data), parent, depth)
	case "zlib":
		if r, err := zlib.NewReader(bytes.NewReader(data)); err == nil {
			w.stream(kind, r, len(data), parent, depth)
		}
	case "zip":
		return w.zip(data, parent, depth)
	case "tar":
		w.tar(data, parent, depth)
	default:
		w.cut(Cut{kind, false, "its compression is not known"})
	}
	return true
}

// stream reads the one text that is compressed in an archive of size bytes.
func (w *Walker) stream(decoder string, r io.Reader, size int, parent *Piece, depth int) {
	w.give(w.child(parent, depth, decoder, w.read(decoder, r), whole{0, size}, 0), depth)
}

func (w *Walker) gzip(data []byte, parent *Piece, depth int) {
	r, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return
	}
	w.stream("gzip", r, len(data), parent, depth)
}

// zip opens a zip archive; false when its directory cannot be read.
func (w *Walker) zip(data []byte, parent *Piece, depth int) bool {
	r, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		return false
	}
	for _, f := range r.File {
		if f.FileInfo().IsDir() {
			continue
		}
		if !w.member("zip") {
			return true
		}
		if f.Flags&1 != 0 {
			w.cut(Cut{"zip", false, "a member is encrypted"})
			continue
		}
		w.zipMember(f, len(data), parent, depth)
	}
	return true
}

func (w *Walker) zipMember(f *zip.File, size int, parent *Piece, depth int) {
	content, err := f.Open()
	if err != nil {
		w.cut(Cut{"zip", false, "a member's compression is not known or its header is broken"})
		return
	}
	defer func() { _ = content.Close() }()
	place := whole{0, size}
	if at, err := f.DataOffset(); err == nil && at >= 0 && at <= int64(size) {
		place = whole{int(at), int(min(int64(size), at+int64(min(f.CompressedSize64, uint64(size)))))} //nolint:gosec // below size
	}
	p := w.child(parent, depth, "zip", w.read("zip", content), place, 0)
	p.Member = inner(parent, f.Name)
	w.give(p, depth)
}

// tar opens the members. One that is larger than the rest of the archive is sparse: mostly holes, up to
// terabytes of them, so what is stored of it is taken as it is.
func (w *Walker) tar(data []byte, parent *Piece, depth int) {
	source := bytes.NewReader(data)
	r := tar.NewReader(source)
	sparse, name := -1, ""
	for {
		h, err := r.Next()
		at := len(data) - source.Len()
		if sparse >= 0 {
			w.tarMember(w.child(parent, depth, "tar", data[sparse:at], shifted{sparse, len(data)}, 0), name, depth)
			sparse = -1
		}
		if err != nil && !(errors.Is(err, tar.ErrInsecurePath) && h != nil) {
			return
		}
		if h.Typeflag != tar.TypeReg && h.Typeflag != tar.TypeGNUSparse {
			continue
		}
		if !w.member("tar") {
			return
		}
		if name = h.Name; h.Size > int64(source.Len()) {
			sparse = at
			continue
		}
		w.tarMember(w.child(parent, depth, "tar", w.read("tar", r), shifted{at, len(data)}, 0), name, depth)
	}
}

func (w *Walker) tarMember(p *Piece, name string, depth int) {
	p.Member = inner(p.parent, name)
	w.give(p, depth)
}

func inner(parent *Piece, name string) string {
	if parent != nil && parent.Member != "" {
		return parent.Member + "!" + name
	}
	return name
}

// member counts a file of an archive.
func (w *Walker) member(decoder string) bool {
	if w.members++; w.members > w.limits.MaxMembers {
		w.cut(Cut{decoder, true, "too many members"})
		return false
	}
	return true
}

// read reads what the budget allows; a read error ends the text.
func (w *Walker) read(decoder string, r io.Reader) []byte {
	left := w.limits.MaxBytes - w.spent
	text, err := io.ReadAll(io.LimitReader(r, left+1))
	if int64(len(text)) > left {
		text = text[:left]
		w.cut(Cut{decoder, true, "the budget of decoded bytes is spent"})
	} else if err != nil {
		w.cut(Cut{decoder, false, "the archive is broken or not complete"})
	}
	w.spent += int64(len(text))
	return text
}

// whole maps everything to one span: compressed bytes have no place of their own.
type whole struct{ start, end int }

func (m whole) span(int, int) (int, int) { return m.start, m.end }

// shifted maps bytes that are stored as they are.
type shifted struct{ offset, size int }

func (m shifted) span(start, end int) (int, int) {
	return min(m.offset+start, m.size), min(m.offset+end, m.size)
}
