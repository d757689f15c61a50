package decode

import "slices"

// MinRun is the shortest run of characters that is taken for an encoding.
const MinRun = 20

// Limits bound the work on one text.
type Limits struct {
	MaxDepth   int   // encodings inside encodings; 0: DefaultDepth, negative: nothing is decoded
	MaxBytes   int64 // decoded bytes in all; 0: DefaultBytes and four times the text
	MaxMembers int   // files of archives in all; 0: DefaultMembers
}

// The defaults of Limits.
const (
	DefaultDepth   = 3
	DefaultBytes   = 64 << 20
	DefaultMembers = 10000
)

// Piece is a decoded text. Data is only lent: it is overwritten once visit returns.
type Piece struct {
	Data     []byte
	Decoders []string // outermost first
	Member   string   // path inside an archive, empty outside

	parent *Piece
	place  mapping
}

// mapping says where in the parent text the bytes data[start:end] of a piece are encoded.
type mapping interface {
	span(start, end int) (int, int)
}

// Span is the span of the outermost text that encodes Data[start:end].
func (p *Piece) Span(start, end int) (int, int) {
	for at := p; at != nil; at = at.parent {
		start, end = at.place.span(start, end)
	}
	return start, end
}

// Cut is something that was not decoded: for a limit, or because it is broken, encrypted or of an unknown form.
type Cut struct {
	Decoder string
	Limit   bool // a limit of Limits was hit; else no limit would help
	Detail  string
}

// Walk decodes what data holds and calls visit for each piece, outer ones before inner ones. The cuts say
// what a limit left out; each kind of cut is reported once.
func Walk(data []byte, limits Limits, visit func(*Piece)) []Cut {
	w := &walker{limits: limits.filled(len(data)), visit: visit}
	w.lines = make([][]line, max(0, w.limits.MaxDepth))
	w.places = make([][]int, max(0, w.limits.MaxDepth))
	w.buffers = make([][]byte, max(0, w.limits.MaxDepth))
	w.walk(data, nil, 0)
	return w.cuts
}

func (l Limits) filled(size int) Limits {
	if l.MaxDepth == 0 {
		l.MaxDepth = DefaultDepth
	}
	if l.MaxBytes == 0 {
		l.MaxBytes = DefaultBytes + 4*int64(size)
	}
	if l.MaxMembers == 0 {
		l.MaxMembers = DefaultMembers
	}
	return l
}

// walker holds what is left of the limits.
type walker struct {
	limits  Limits
	visit   func(*Piece)
	spent   int64
	members int
	cuts    []Cut
	lines   [][]line // by depth, reused from run to run
	places  [][]int  // by depth, reused as lines are
	buffers [][]byte // by depth, the decoded text that is lent out
}

func (w *walker) buffer(depth int) []byte { return w.buffers[depth][:0] }

// walk tries every decoder on one text. An archive is decoded as such only: its bytes are compressed.
func (w *walker) walk(data []byte, parent *Piece, depth int) {
	if depth >= w.limits.MaxDepth || len(data) < MinRun {
		return
	}
	if w.archive(data, parent, depth) {
		return
	}
	w.utf16(data, parent, depth)
	w.runs(data, parent, depth)
	for i := range forms {
		w.escapes(&forms[i], data, parent, depth)
	}
}

// take asks the budget for n decoded bytes.
func (w *walker) take(decoder string, n int64) bool {
	if w.spent+n > w.limits.MaxBytes {
		w.cut(Cut{decoder, true, "the budget of decoded bytes is spent"})
		return false
	}
	w.spent += n
	return true
}

func (w *walker) cut(c Cut) {
	for _, known := range w.cuts {
		if known == c {
			return
		}
	}
	w.cuts = append(w.cuts, c)
}

// give hands a piece to the visitor and looks into it when it may hold another encoding.
func (w *walker) give(p *Piece, depth int) {
	w.visit(p)
	if depth+1 < w.limits.MaxDepth && nests(p.Data) {
		w.walk(p.Data, p, depth+1)
	}
}

func child(parent *Piece, decoder string, data []byte, place mapping) *Piece {
	p := &Piece{Data: data, parent: parent, place: place}
	if parent != nil {
		p.Decoders = append(slices.Clone(parent.Decoders), decoder)
		p.Member = parent.Member
		return p
	}
	p.Decoders = []string{decoder}
	return p
}

// nests says whether decoded bytes may hold a further encoding: text does, and archives. What came of a run
// that was no encoding is noise, and noise holds nothing.
func nests(data []byte) bool {
	return isArchive(data) || isUTF16(data) || isText(data)
}

// isText says whether at least 9 of 10 bytes of a sample are printable ASCII or white space.
func isText(data []byte) bool {
	sample := data[:min(len(data), 512)]
	printable := 0
	for _, c := range sample {
		if isPrintable(c) {
			printable++
		}
	}
	return printable*10 >= len(sample)*9
}

// isAllText says whether every byte is printable ASCII or white space.
func isAllText(data []byte) bool {
	for _, c := range data {
		if !isPrintable(c) {
			return false
		}
	}
	return true
}

func isPrintable(c byte) bool { return ' ' <= c && c <= '~' || c == '\t' || c == '\n' || c == '\r' }
