package dirsource

import "bytes"

// maxGlobBytes bounds one pattern of an ignore file; a longer one is left out, so that more is scanned.
const maxGlobBytes = 1024

// glob is a compiled pattern as git's ignore files have them. Matching takes the length of the name times that of the
// pattern at most, whatever they are.
type glob struct{ steps []step }

// step is one thing that a pattern asks of a name.
type step struct {
	kind stepKind
	set  [4]uint64 // of stepByte: which bytes
}

type stepKind uint8

const (
	stepByte  stepKind = iota // one byte of set
	stepStar                  // any bytes but slashes, also none
	stepStars                 // any bytes, also none
	stepFork                  // nothing; the two steps behind it may be left out: "**/" takes folders, also none
)

func (s *step) add(c byte)      { s.set[c>>6] |= 1 << (c & 63) }
func (s *step) has(c byte) bool { return s.set[c>>6]&(1<<(c&63)) != 0 }

// compileGlob reads a pattern. False when it can match nothing: an open bracket, a class without a meaning, a backslash
// at its end.
//
// Source: gitignore(5) and the answers of git check-ignore, git 2.39.
func compileGlob(pattern []byte) (glob, bool) {
	var g glob
	for i := 0; i < len(pattern); {
		s, next := step{}, i+1
		switch c := pattern[i]; c {
		case '\\':
			if next == len(pattern) {
				return glob{}, false
			}
			s.add(pattern[next])
			next++
		case '?':
			s.all()
			s.remove('/')
		case '*':
			s.kind, next = stars(pattern, i)
			if s.kind == stepStars && next < len(pattern) && pattern[next] == '/' {
				g.steps = append(g.steps, step{kind: stepFork})
			}
		case '[':
			var ok bool
			if s, next, ok = bracket(pattern, i); !ok {
				return glob{}, false
			}
		default:
			s.add(c)
		}
		g.steps = append(g.steps, s)
		i = next
	}
	return g, true
}

// stars reads one star or more. Two cross slashes when they stand for whole names.
func stars(pattern []byte, i int) (stepKind, int) {
	end := i
	for end < len(pattern) && pattern[end] == '*' {
		end++
	}
	rest := pattern[end:]
	whole := end-i > 1 && (i == 0 || pattern[i-1] == '/') &&
		(len(rest) == 0 || rest[0] == '/' || bytes.HasPrefix(rest, []byte(`\/`)))
	if whole {
		return stepStars, end
	}
	return stepStar, end
}

func (s *step) all() { s.set = [4]uint64{^uint64(0), ^uint64(0), ^uint64(0), ^uint64(0)} }

func (s *step) remove(c byte) { s.set[c>>6] &^= 1 << (c & 63) }

// bracket reads a set of bytes: ranges, classes, negated by ! or ^. Its first byte may be the closing bracket.
func bracket(pattern []byte, i int) (s step, next int, ok bool) {
	i++
	negated := i < len(pattern) && (pattern[i] == '!' || pattern[i] == '^')
	if negated {
		i++
	}
	var before byte // the start of a range, if a dash follows; 0: there can be none
	for first := true; ; first = false {
		if i >= len(pattern) {
			return s, 0, false
		}
		c := pattern[i]
		switch {
		case c == ']' && !first:
			if negated {
				s.invert()
			}
			s.remove('/')
			return s, i + 1, true
		case c == '-' && before != 0 && i+1 < len(pattern) && pattern[i+1] != ']':
			last, end, ok := escaped(pattern, i+1)
			if !ok {
				return s, 0, false
			}
			for b := int(before); b <= int(last); b++ {
				s.add(byte(b))
			}
			before, i = 0, end
		case c == '[' && i+1 < len(pattern) && pattern[i+1] == ':':
			end := bytes.IndexByte(pattern[i+2:], ']')
			if end < 0 {
				return s, 0, false
			}
			if name := pattern[i+2 : i+2+end]; len(name) > 0 && name[len(name)-1] == ':' {
				if !s.class(string(name[:len(name)-1])) {
					return s, 0, false
				}
				before, i = 0, i+3+end
				continue
			}
			s.add('[')
			before, i = '[', i+1
		default:
			b, end, ok := escaped(pattern, i)
			if !ok {
				return s, 0, false
			}
			s.add(b)
			before, i = b, end
		}
	}
}

// escaped is a byte, or the one behind a backslash.
func escaped(pattern []byte, i int) (b byte, end int, ok bool) {
	if pattern[i] != '\\' {
		return pattern[i], i + 1, true
	}
	if i+1 == len(pattern) {
		return 0, 0, false
	}
	return pattern[i+1], i + 2, true
}

func (s *step) invert() {
	for i := range s.set {
		s.set[i] = ^s.set[i]
	}
}

// class adds the bytes of a named class, ASCII only. False for a name that has no meaning.
func (s *step) class(name string) bool {
	is, known := map[string]func(c byte) bool{
		"alnum":  func(c byte) bool { return isAlpha(c) || isDigit(c) },
		"alpha":  isAlpha,
		"blank":  func(c byte) bool { return c == ' ' || c == '\t' },
		"cntrl":  func(c byte) bool { return c < ' ' || c == 0x7f },
		"digit":  isDigit,
		"graph":  func(c byte) bool { return '!' <= c && c <= '~' },
		"lower":  func(c byte) bool { return 'a' <= c && c <= 'z' },
		"print":  func(c byte) bool { return ' ' <= c && c <= '~' },
		"punct":  func(c byte) bool { return '!' <= c && c <= '~' && !isAlpha(c) && !isDigit(c) },
		"space":  func(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' },
		"upper":  func(c byte) bool { return 'A' <= c && c <= 'Z' },
		"xdigit": func(c byte) bool { return isDigit(c) || 'a' <= c|0x20 && c|0x20 <= 'f' },
	}[name]
	for c := 0; known && c < 0x80; c++ {
		if is(byte(c)) {
			s.add(byte(c))
		}
	}
	return known
}

func isAlpha(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }
func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// match says whether the whole name is what the pattern asks for. It follows all ways through the pattern at once:
// live[i] says that the steps before i took the name so far.
func (g *glob) match(name string) bool {
	live := make([]bool, len(g.steps)+1)
	next := make([]bool, len(g.steps)+1)
	live[0] = true
	g.spread(live)
	for i := range len(name) {
		c, alive := name[i], false
		clear(next)
		for at := range g.steps {
			if !live[at] {
				continue
			}
			switch s := &g.steps[at]; s.kind {
			case stepByte:
				if s.has(c) {
					next[at+1], alive = true, true
				}
			case stepStar:
				if c != '/' {
					next[at], alive = true, true
				}
			case stepStars:
				next[at], alive = true, true
			case stepFork:
			}
		}
		if !alive {
			return false
		}
		g.spread(next)
		live, next = next, live
	}
	return live[len(g.steps)]
}

// spread goes on from steps that take nothing.
func (g *glob) spread(live []bool) {
	for at := range g.steps {
		if !live[at] {
			continue
		}
		switch g.steps[at].kind {
		case stepByte:
		case stepStar, stepStars:
			live[at+1] = true
		case stepFork:
			live[at+1], live[at+3] = true, true
		}
	}
}
