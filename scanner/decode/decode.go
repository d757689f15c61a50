package decode

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

// Piece is a decoded text. It is only lent, with its Data and Decoders: all are overwritten once visit returns.
type Piece struct {
	Data     []byte
	Decoders []string // outermost first
	Member   string   // path inside an archive, empty outside

	parent *Piece
	place  mapping
	unit   int // see Unit
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
// what a limit left out; each kind of cut is reported once. Who decodes many texts uses a [Walker].
func Walk(data []byte, limits Limits, visit func(*Piece)) []Cut {
	var w Walker
	return w.Walk(data, limits, visit)
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
