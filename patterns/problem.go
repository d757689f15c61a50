package patterns

import "fmt"

// Problem is one thing that is wrong in a rules file, and where.
type Problem struct {
	File    string
	Line    int // from 1; 0 when the whole file is meant
	Pattern ID  // empty when no entry is meant
	Text    string
}

// Error is "file:line: pattern id: text", the form that editors jump to.
func (p Problem) Error() string {
	place := p.File
	if p.Line > 0 {
		place = fmt.Sprintf("%s:%d", p.File, p.Line)
	}
	if p.Pattern != "" {
		return fmt.Sprintf("%s: pattern %s: %s", place, p.Pattern, p.Text)
	}
	return fmt.Sprintf("%s: %s", place, p.Text)
}

func (p *Pattern) problem(format string, args ...any) Problem {
	return Problem{File: p.Origin.File, Line: p.Origin.Line, Pattern: p.ID, Text: fmt.Sprintf(format, args...)}
}
