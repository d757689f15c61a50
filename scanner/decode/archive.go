package decode

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
)

// isArchive says whether data begins as one of the archives that archive opens.
func isArchive(data []byte) bool { return archiveKind(data) != "" }

func archiveKind(data []byte) string {
	switch {
	case bytes.HasPrefix(data, []byte{0x1f, 0x8b, 8}):
		return "gzip"
	case bytes.HasPrefix(data, []byte("PK\x03\x04")):
		return "zip"
	case len(data) >= 512 && string(data[257:262]) == "ustar":
		return "tar"
	}
	return ""
}

// archive opens data when it is one. What is broken ends the archive: its bytes up to there are visited.
func (w *walker) archive(data []byte, parent *Piece, depth int) bool {
	switch archiveKind(data) {
	case "gzip":
		w.gzip(data, parent, depth)
	case "zip":
		return w.zip(data, parent, depth)
	case "tar":
		w.tar(data, parent, depth)
	default:
		return false
	}
	return true
}

func (w *walker) gzip(data []byte, parent *Piece, depth int) {
	r, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return
	}
	text := w.read("gzip", r)
	w.give(child(parent, "gzip", text, whole{0, len(data)}), depth)
}

// zip opens a zip archive; false when its directory cannot be read.
func (w *walker) zip(data []byte, parent *Piece, depth int) bool {
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

func (w *walker) zipMember(f *zip.File, size int, parent *Piece, depth int) {
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
	p := child(parent, "zip", w.read("zip", content), place)
	p.Member = inner(parent, f.Name)
	w.give(p, depth)
}

// tar opens the members. One that is larger than the rest of the archive is sparse: mostly holes, up to
// terabytes of them, so what is stored of it is taken as it is.
func (w *walker) tar(data []byte, parent *Piece, depth int) {
	source := bytes.NewReader(data)
	r := tar.NewReader(source)
	sparse, name := -1, ""
	for {
		h, err := r.Next()
		at := len(data) - source.Len()
		if sparse >= 0 {
			w.tarMember(child(parent, "tar", data[sparse:at], shifted{sparse, len(data)}), name, depth)
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
		w.tarMember(child(parent, "tar", w.read("tar", r), shifted{at, len(data)}), name, depth)
	}
}

func (w *walker) tarMember(p *Piece, name string, depth int) {
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
func (w *walker) member(decoder string) bool {
	if w.members++; w.members > w.limits.MaxMembers {
		w.cut(Cut{decoder, true, "too many members"})
		return false
	}
	return true
}

// read reads what the budget allows; a read error ends the text.
func (w *walker) read(decoder string, r io.Reader) []byte {
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
