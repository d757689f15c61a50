package demo

import (
	"fmt"
	"io"
	"strings"

	"github.com/keywright/keywright/cmd/keywright/internal/cmdio"
)

// screen prints the demo as a person would like to read it.
type screen struct {
	out   io.Writer
	color bool
	steps int
}

const (
	bold  = "1"
	faint = "2"
	red   = "31"
	green = "32"
	cyan  = "36"
)

func (s *screen) paint(code, text string) string {
	if !s.color {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func (s *screen) step(title string) {
	s.steps++
	_, _ = fmt.Fprintf(s.out, "\n%s\n", s.paint(bold, fmt.Sprintf("%d  %s", s.steps, title)))
}

// fact prints "   name        text", text cleaned of what could drive a terminal.
func (s *screen) fact(name, format string, args ...any) {
	_, _ = fmt.Fprintf(s.out, "   %-9s  %s\n", name, s.tint(cmdio.Printable(fmt.Sprintf(format, args...))))
}

// tint colours the words that tell good from bad.
func (s *screen) tint(text string) string {
	for word, code := range map[string]string{"200 OK": green, "401 Unauthorized": red, " live": green, "holds": green, "revoked": red} {
		text = strings.Replace(text, word, s.paint(code, word), 1)
	}
	return text
}

// command prints a command that does the same by hand.
func (s *screen) command(format string, args ...any) {
	_, _ = fmt.Fprintf(s.out, "   %s %s\n", s.paint(faint, "$"), s.paint(cyan, cmdio.Printable(fmt.Sprintf(format, args...))))
}
