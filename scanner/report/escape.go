package report

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// oldCommand starts a command to a build server anywhere in a line.
// Source: the logging commands of GitHub's and Azure's runners, the older form; the newer, "::", only counts
// at the start of a line.
const oldCommand = "##["

// escape makes text of a repository safe to print: what is no printable character (controls, escapes,
// direction marks, zero-width characters, line separators, bytes that are not UTF-8) is spelled out.
func escape(text string) string {
	if isSafe(text) {
		return text
	}
	var b strings.Builder
	for len(text) > 0 {
		r, size := utf8.DecodeRuneInString(text)
		switch {
		case strings.HasPrefix(text, oldCommand):
			b.WriteString(`\x23`)
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, text[0])
		case unicode.IsPrint(r):
			b.WriteRune(r)
		case r < 0x80:
			b.WriteString(escapeControl(r))
		default:
			fmt.Fprintf(&b, `\u{%x}`, r)
		}
		text = text[size:]
	}
	return b.String()
}

func escapeControl(r rune) string {
	switch r {
	case '\n':
		return `\n`
	case '\r':
		return `\r`
	case '\t':
		return `\t`
	}
	return fmt.Sprintf(`\x%02x`, r)
}

func isSafe(text string) bool {
	for i := range len(text) {
		if text[i] < ' ' || text[i] > '~' {
			return false
		}
	}
	return !strings.Contains(text, oldCommand)
}

// safeLine is a line of output that no build server takes for a command.
func safeLine(line string) string {
	if strings.HasPrefix(strings.TrimSpace(line), "::") {
		return "· " + line
	}
	return line
}

// escapeJSON spells out, in encoded JSON, the characters that may stand there in clear and that a terminal
// or a build server would act on.
func escapeJSON(encoded []byte) []byte {
	text := string(encoded)
	if isSafe(text) {
		return encoded
	}
	var b strings.Builder
	for i, r := range text {
		switch {
		case strings.HasPrefix(text[i:], oldCommand):
			b.WriteString(`\u0023`)
		case r > 0xffff && !unicode.IsPrint(r):
			high, low := surrogates(r)
			fmt.Fprintf(&b, `\u%04x\u%04x`, high, low)
		case !unicode.IsPrint(r):
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	return []byte(b.String())
}

func surrogates(r rune) (high, low rune) {
	r -= 0x10000
	return 0xd800 + r>>10, 0xdc00 + r&0x3ff
}
