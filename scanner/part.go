package scanner

import "slices"

// Part says that a blob's Data is a stretch of a larger content, which comes in several blobs that overlap. A match
// belongs to the part in whose own stretch it begins, so that it is found once. Whoever cuts sees to it that Data
// reaches as far before and behind the own stretch as a match and what decides about it, and that no encoded text
// stands across the border (decode.Settled).
type Part struct {
	Start            int64 // where Data begins in the content
	Line             int   // the line in which it begins, from 1
	LineStart        int64 // where that line begins in the content
	OwnStart, OwnEnd int   // of the own stretch, in Data
}

// claims keeps the part's own and gives them their places in the content. Nil is a blob that is whole.
func (p *Part) claims(claims []placedClaim) []placedClaim {
	if p == nil {
		return claims
	}
	claims = slices.DeleteFunc(claims, func(c placedClaim) bool {
		return c.span.Start < int64(p.OwnStart) || c.span.Start >= int64(p.OwnEnd)
	})
	for i := range claims {
		s := &claims[i].span
		s.Start, s.End = s.Start+p.Start, s.End+p.Start
		s.Line, s.Column = p.place(s.Line, s.Column)
		s.EndLine, s.EndColumn = p.place(s.EndLine, s.EndColumn)
	}
	return claims
}

func (p *Part) place(line, column int) (int, int) {
	if line == 1 {
		column += int(p.Start - p.LineStart)
	}
	return line + p.Line - 1, column
}
