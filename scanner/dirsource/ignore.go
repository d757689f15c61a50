package dirsource

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
)

const (
	ignoreFile     = ".gitignore"
	maxIgnoreBytes = 1 << 20 // of one ignore file
	maxIgnoreRules = 50_000  // of one ignore file
)

// ignoreCaps says of an ignore file that rules were left out. A rule that is left out may be one that keeps files.
const ignoreCaps = "not all of its rules are applied: the caps are 50,000 rules, and 1,024 bytes of one"

// ignoreRules are the rules of one file, in its order.
type ignoreRules []ignoreRule

// ignoreRule is one line of an ignore file.
type ignoreRule struct {
	start   string // what a name begins with; all of the pattern when there is no more to it
	rest    *glob  // what comes behind start; nil: nothing
	keeps   bool   // begins with "!"
	folders bool   // ends with "/"
	path    bool   // is for the path from the file's folder, not for the name alone
}

// parseIgnore reads an ignore file. over: a cap left rules out.
//
// Source: gitignore(5) and the answers of git check-ignore, git 2.39.
func parseIgnore(data []byte) (rules ignoreRules, over bool) {
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	for line := range bytes.SplitSeq(data, []byte{'\n'}) {
		line = bytes.TrimSuffix(line, []byte{'\r'})
		if len(line) == 0 || line[0] == '#' {
			continue
		}
		if len(line) > maxGlobBytes || len(rules) == maxIgnoreRules {
			over = true
			continue
		}
		if r, ok := parseRule(line); ok {
			rules = append(rules, r)
		}
	}
	return rules, over
}

// parseRule reads one line. False when it can match nothing.
func parseRule(line []byte) (r ignoreRule, ok bool) {
	line, _, _ = bytes.Cut(line, []byte{0})
	line = trimSpaces(line)
	line, r.keeps = bytes.CutPrefix(line, []byte{'!'})
	line, r.folders = bytes.CutSuffix(line, []byte{'/'})
	r.path = bytes.IndexByte(line, '/') >= 0
	line = bytes.TrimPrefix(line, []byte{'/'})
	// git compares what stands before the first special character as it is; two stars behind it count as if they
	// were at the start.
	n := bytes.IndexAny(line, `*?[\`)
	if n < 0 {
		r.start = string(line)
		return r, len(line) > 0
	}
	g, ok := compileGlob(line[n:])
	r.start, r.rest = string(line[:n]), &g
	return r, ok
}

// trimSpaces cuts spaces at the end that no backslash stands before.
func trimSpaces(line []byte) []byte {
	end := 0
	for i := 0; i < len(line); i++ {
		switch line[i] {
		case ' ':
			continue
		case '\\':
			i++
		}
		end = min(i+1, len(line))
	}
	return line[:end]
}

// matches says whether a rule is about an entry: its path from the rule's folder, its name.
func (r *ignoreRule) matches(path, name string, kind entryKind) bool {
	if r.folders && kind != folderEntry {
		return false
	}
	if r.path {
		name = path
	}
	rest, ok := strings.CutPrefix(name, r.start)
	if !ok {
		return false
	}
	if r.rest == nil {
		return rest == ""
	}
	return r.rest.match(rest)
}

// decide asks the last rule about an entry.
func (rules ignoreRules) decide(path, name string, kind entryKind) (ignored, decided bool) {
	for i := len(rules) - 1; i >= 0; i-- {
		if rules[i].matches(path, name, kind) {
			return !rules[i].keeps, true
		}
	}
	return false, false
}

// scope is what is in force in a folder: its own rules, and those of the folders above.
type scope struct {
	above *scope
	base  string // the folder's path, from the top of the walk's paths, with a slash at its end; empty for the top
	rules ignoreRules
}

// ignored says whether an entry is left out. path is from the top.
func (s *scope) ignored(path, name string, kind entryKind) bool {
	for at := s; at != nil; at = at.above {
		if ignored, decided := at.rules.decide(strings.TrimPrefix(path, at.base), name, kind); decided {
			return ignored
		}
	}
	return false
}

// inForce are the rules for the root itself, and the path of the root from the top of the repository that it lies in,
// with a slash at its end. Without a repository: none. over are the files of which a cap left rules out.
func inForce(root string) (s *scope, prefix string, over []string) {
	dir, err := filepath.Abs(root)
	if err == nil {
		dir, err = filepath.EvalSymlinks(dir)
	}
	if err != nil {
		return nil, "", nil
	}
	read := func(path string) ignoreRules {
		rules, capped := parseIgnore(readSmall(path))
		if capped {
			over = append(over, path)
		}
		return rules
	}
	top := dir
	for !hasGit(top) {
		up := filepath.Dir(top)
		if up == top {
			return nil, "", nil
		}
		top = up
	}
	s = &scope{rules: read(excludeFile(top))}
	if top == dir {
		return s, "", over
	}
	rel, err := filepath.Rel(top, dir)
	if err != nil {
		return nil, "", nil
	}
	at := ""
	for part := range strings.SplitSeq(filepath.ToSlash(rel), "/") {
		s = &scope{above: s, base: at, rules: read(filepath.Join(top, filepath.FromSlash(at), ignoreFile))}
		at += part + "/"
	}
	return s, at, over
}

func hasGit(dir string) bool {
	_, err := os.Lstat(filepath.Join(dir, ".git"))
	return err == nil
}

// excludeFile is where a repository has rules of its own: in its git directory, or the one that its .git file leads to.
func excludeFile(top string) string {
	git := filepath.Join(top, ".git")
	if leads, ok := strings.CutPrefix(strings.TrimRight(string(readSmall(git)), "\r\n"), "gitdir: "); ok {
		git = from(top, leads)
		if common := strings.TrimRight(string(readSmall(filepath.Join(git, "commondir"))), "\r\n"); common != "" {
			git = from(git, common)
		}
	}
	return filepath.Join(git, "info", "exclude")
}

func from(dir, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}

// readSmall reads a file of rules. One that is not there, is no regular file or is too large has none: more is scanned.
func readSmall(path string) []byte {
	var d disk
	f, err := openNamed(path, &d)
	if err != nil {
		return nil
	}
	defer f.close()
	w := worker{options: Options{MaxFileBytes: maxIgnoreBytes}, owned: true}
	if f.size > maxIgnoreBytes {
		return nil
	}
	data, err := w.whole(&f)
	if err != nil {
		return nil
	}
	return data
}
