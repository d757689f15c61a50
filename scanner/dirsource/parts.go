package dirsource

import (
	"bytes"
	"unicode/utf8"

	"github.com/keywright/keywright/scanner"
	"github.com/keywright/keywright/scanner/decode"
)

// DefaultWindowBytes is the size over which a text is given in parts.
const DefaultWindowBytes = 16 << 20

const (
	// maxWholeBytes is the size up to which a file is read as a whole where it matters: what may be an archive, and a
	// text without a place at which it may be cut.
	maxWholeBytes = 1 << 30

	// reach is how far a part's data goes beyond its own stretch: more than the longest match (64 KiB) and what is
	// looked at around one (4 KiB).
	reach = 128 << 10

	minHoles     = 1 << 20  // a sparse file with less in holes is read as if it had none
	minGap       = 64 << 10 // a smaller hole is read
	holeEdge     = 4 << 10  // zeros that are read of a hole, on each side
	maxStretches = 1 << 16  // of data in a sparse file; one with more is read with its holes
	sampleBytes  = 4 << 10  // looked at to see what a file is
)

// stretch is a part of a file that holds data.
type stretch struct{ start, end int64 }

// readLarge gives a file that is large or has holes: in parts, where its kind allows that.
func (w *worker) readLarge(f *file, path string) error {
	stretches, holds, err := dataOf(f)
	if err != nil {
		return failedRead(err)
	}
	if holds > w.options.MaxFileBytes {
		return &tooLargeError{holds, w.options.MaxFileBytes}
	}
	if f.size <= w.options.WindowBytes && f.size-holds < minHoles {
		return w.readWhole(f, path)
	}
	packed, err := mayBePacked(f, stretches)
	if err != nil {
		return failedRead(err)
	}
	if packed && f.size <= min(w.options.wholeBytes, w.options.MaxFileBytes) {
		return w.readWhole(f, path)
	}
	cut, err := w.parts(f, path, stretches)
	if err != nil {
		return err
	}
	w.count(int(holds))
	switch {
	case packed:
		return w.tooLargeToDecode(path, "it was scanned in parts: if it is an archive, it was not opened")
	case cut:
		return w.tooLargeToDecode(path, "it was scanned in parts, and one of its encoded texts is too long for a part")
	}
	return nil
}

func (w *worker) tooLargeToDecode(path, detail string) error {
	return w.skip(&scanner.Skip{Reason: scanner.SkipTooLarge, Path: path, Detail: detail})
}

// dataOf are the stretches of data in a file, those with a small gap joined, and how many bytes they hold.
func dataOf(f *file) (joined []stretch, holds int64, err error) {
	all := []stretch{{0, f.size}}
	if f.holes {
		if all, err = f.stretches(); err != nil {
			return nil, 0, err
		}
	}
	for _, s := range all {
		s.start, s.end = max(0, s.start-holeEdge), min(f.size, s.end+holeEdge)
		if n := len(joined); n > 0 && s.start-joined[n-1].end < minGap {
			joined[n-1].end = s.end
			continue
		}
		joined = append(joined, s)
	}
	for _, s := range joined {
		holds += s.end - s.start
	}
	return joined, holds, nil
}

// mayBePacked says whether a file may be an archive, which has to be decoded as one. It looks at its beginning and
// its end.
func mayBePacked(f *file, stretches []stretch) (bool, error) {
	if len(stretches) == 0 {
		return false, nil
	}
	sample := make([]byte, sampleBytes)
	for _, at := range []int64{stretches[0].start, max(0, stretches[len(stretches)-1].end-sampleBytes)} {
		n, err := f.readAt(sample, at)
		if err != nil {
			return false, err
		}
		if !isText(sample[:n], f.holes) {
			return true, nil
		}
	}
	return false, nil
}

// isText says whether a sample has nothing that no text has: NUL next to holes only, else it is of a text of two bytes
// a character, which is decoded as one. A tar archive has its mark in the first block.
func isText(sample []byte, nul bool) bool {
	const tarMark, tarAt = "ustar", 257
	if len(sample) > tarAt && bytes.HasPrefix(sample[tarAt:], []byte(tarMark)) {
		return false
	}
	for i := 0; i < len(sample); {
		c := sample[i]
		if c < ' ' && !(nul && c == 0) && !bytes.ContainsRune([]byte("\t\n\r\f\v\b\a\x1b"), rune(c)) {
			return false
		}
		r, size := utf8.DecodeRune(sample[i:])
		atEdge := i < utf8.UTFMax || i+utf8.UTFMax > len(sample) // the sample may cut a character
		if r == utf8.RuneError && size == 1 && !atEdge {
			return false
		}
		i += size
	}
	return true
}

// lines says in which line of a file an offset is.
type lines struct {
	at, lineStart int64
	line          int
}

// advance goes on to an offset; text is what stands between.
func (l *lines) advance(text []byte, to int64) {
	if n := bytes.Count(text, []byte{'\n'}); n > 0 {
		l.line += n
		l.lineStart = l.at + int64(bytes.LastIndexByte(text, '\n')) + 1
	}
	l.at = to
}

// parts gives the stretches of a file, each in one part or more. cut says that an encoded text stands across two.
func (w *worker) parts(f *file, path string, stretches []stretch) (cut bool, err error) {
	l := lines{line: 1}
	var buffer []byte
	for _, s := range stretches {
		l.at = s.start // there is no line's end in a hole
		for own := s.start; own < s.end; {
			if w.owned {
				buffer = nil
			}
			p, err := w.part(f, s, own, buffer)
			if err != nil {
				return cut, failedRead(err)
			}
			buffer, cut = p.data[:cap(p.data)], cut || p.cut
			err = w.give(scanner.Blob{Kind: scanner.KindFile, Data: p.data, Location: fileAt(path), Part: &scanner.Part{
				Start: p.start, Line: l.line, LineStart: l.lineStart, OwnStart: int(own - p.start), OwnEnd: p.ownEnd,
			}})
			if err != nil {
				return cut, err
			}
			if p.last {
				l.advance(p.data, p.start+int64(len(p.data)))
				break
			}
			own = p.start + int64(p.ownEnd)
			next := max(s.start, own-reach)
			l.advance(p.data[:next-p.start], next)
		}
	}
	return cut, nil
}

// piece is a part as it was read.
type piece struct {
	start  int64
	data   []byte
	ownEnd int
	last   bool // of its stretch
	cut    bool // an encoded text stands across its end
}

// part reads the part of a stretch whose own stretch begins at own. It is as large as it takes to find a place where
// no encoded text is cut.
func (w *worker) part(f *file, s stretch, own int64, buffer []byte) (piece, error) {
	p := piece{start: max(s.start, own-reach)}
	for size := w.options.WindowBytes; ; size *= 2 {
		size = min(size, s.end-p.start)
		if int64(len(buffer)) < size {
			buffer = make([]byte, size)
		}
		n, err := f.readAt(buffer[:size], p.start)
		if err != nil {
			return p, err
		}
		p.data = buffer[:n]
		if int64(n) < size || p.start+size == s.end {
			p.ownEnd, p.last = n, true
			return p, nil
		}
		end := n - reach
		from := end - n/4
		if settled := decode.Settled(p.data, decode.Range{Start: from, End: end}); settled.End > from {
			p.ownEnd = settled.End
			return p, nil
		}
		if size >= w.options.wholeBytes {
			p.ownEnd, p.cut = end, true
			return p, nil
		}
	}
}
