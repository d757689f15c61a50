package scanner

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"

	"github.com/keywright/keywright/scanner/decode"
)

// blobResult is what one blob holds. It keeps nothing of the blob's data but the secrets.
type blobResult struct {
	sequence int
	id       BlobID
	kind     Kind
	location Location
	size     int64
	claims   []placedClaim
	skips    []Skip
	unread   int // archives that are broken or encrypted
	canary   bool
	scanned  bool // false: only skips, or a repeated blob
	stopped  bool // the scan was to end meanwhile: not all of the blob was looked at
	repeated bool // the blob was given before, this is a further place
}

// clean says that there is nothing to tell of the blob.
func (r *blobResult) clean() bool { return len(r.claims)+len(r.skips)+r.unread == 0 && !r.stopped }

// placedClaim is a claim with its span in the blob.
type placedClaim struct {
	claim
	span    Span
	decoded []string
	allowed string // the inline comment that accepts it, empty without one
}

// place gives a claim the span of the blob that it came from.
func place(c claim, piece *decode.Piece) placedClaim {
	placed := placedClaim{claim: c}
	start, end := c.start, c.end
	if piece != nil {
		start, end = piece.Span(start, end)
		placed.decoded = slices.Clone(piece.Decoders)
	}
	placed.span.Start, placed.span.End = int64(start), int64(end)
	return placed
}

func (r *blobResult) note(cuts []decode.Cut, tooMany, spent bool) {
	// By name, not as they were met: that depends on what was decoded anew.
	slices.SortFunc(cuts, func(a, b decode.Cut) int {
		return cmp.Or(cmp.Compare(a.Decoder, b.Decoder), cmp.Compare(a.Detail, b.Detail))
	})
	for _, c := range cuts {
		if !c.Limit {
			r.unread++
			continue
		}
		r.skips = append(r.skips, r.skip(SkipDecodeBudget, fmt.Sprintf("%s: %s", c.Decoder, c.Detail)))
	}
	if spent {
		r.skips = append(r.skips, r.skip(SkipTooManyMatches, "an expression's budget of steps is spent"))
	}
	if tooMany {
		r.skips = append(r.skips, r.skip(SkipTooManyMatches, "the rest of its matches is not reported"))
	}
}

func (r *blobResult) skip(reason SkipReason, detail string) Skip {
	return Skip{Reason: reason, Object: string(r.id), Path: r.location.Path, Detail: detail}
}

// separateCanary drops the claims of the scanner's own pattern and remembers that there were some.
func (r *blobResult) separateCanary(p *program) {
	r.claims = slices.DeleteFunc(r.claims, func(c placedClaim) bool {
		r.canary = r.canary || p.rules[c.rule].canary
		return p.rules[c.rule].canary
	})
}

// locate fills in lines and columns, and the inline comments, in one walk over the data.
func locate(data []byte, claims []placedClaim) {
	slices.SortStableFunc(claims, func(a, b placedClaim) int {
		return cmp.Or(cmp.Compare(a.span.Start, b.span.Start), cmp.Compare(a.span.End, b.span.End))
	})
	line, lineStart, at := 1, 0, 0
	for i := range claims {
		span := &claims[i].span
		start, end := int(span.Start), int(span.End)
		line, lineStart = advance(data[at:start], at, line, lineStart)
		at = start
		span.Line, span.Column = line, start-lineStart+1
		endLine, endStart := advance(data[start:end], start, line, lineStart)
		span.EndLine, span.EndColumn = endLine, end-endStart+1
		claims[i].allowed = allowed(data, start, end)
	}
}

// advance counts the lines of text, which begins at offset.
func advance(text []byte, offset, line, lineStart int) (int, int) {
	if n := bytes.Count(text, []byte{'\n'}); n > 0 {
		return line + n, offset + bytes.LastIndexByte(text, '\n') + 1
	}
	return line, lineStart
}
