package dirsource

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/keywright/keywright/scanner"
)

// gitIn runs git with no configuration but the repository's.
func gitIn(t testing.TB, dir, input string, args ...string) (out string, code int) {
	t.Helper()
	cmd := exec.Command("git", append([]string{"-C", dir}, args...)...)
	cmd.Env = append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL="+os.DevNull)
	cmd.Stdin = strings.NewReader(input)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	data, err := cmd.Output()
	code = cmd.ProcessState.ExitCode()
	if err != nil && code != 1 {
		t.Fatalf("git %v: %v: %s", args, err, errs.Bytes())
	}
	return string(data), code
}

func newRepo(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	gitIn(t, dir, "", "init", "-q")
	if err := os.MkdirAll(filepath.Join(dir, ".git", "info"), 0o700); err != nil {
		t.Fatal(err)
	}
	return dir
}

func write(t testing.TB, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// ignoredByUs asks the rules of one file about a path whose folders need not exist, as git check-ignore does.
func ignoredByUs(rules ignoreRules, path string) bool {
	s := &scope{rules: rules}
	for i := range len(path) {
		if path[i] == '/' && s.ignored(path[:i], path[strings.LastIndexByte(path[:i], '/')+1:i], folderEntry) {
			return true
		}
	}
	return s.ignored(path, path[strings.LastIndexByte(path, '/')+1:], fileEntry)
}

// ignoredByGit are those of the paths that git check-ignore names. The repository holds no files.
func ignoredByGit(t testing.TB, repo string, rules []byte, paths []string) map[string]bool {
	t.Helper()
	if len(paths) == 0 {
		return nil
	}
	write(t, filepath.Join(repo, ignoreFile), rules)
	out, _ := gitIn(t, repo, strings.Join(paths, "\x00")+"\x00", "check-ignore", "--no-index", "--stdin", "-z")
	named := map[string]bool{}
	for path := range strings.SplitSeq(out, "\x00") {
		named[path] = true
	}
	return named
}

// pick makes a text of some of the parts.
func pick(r *rand.Rand, most int, parts ...string) string {
	var b strings.Builder
	for range 1 + r.IntN(most) {
		b.WriteString(parts[r.IntN(len(parts))])
	}
	return b.String()
}

func randomRule(r *rand.Rand) string {
	rule := pick(r, 7, "a", "b", "ab", "/", "/", "*", "**", "**/", "/**", "?", "[ab]", "[!a]", "[a-b]", "[^/]", "[[:alpha:]]",
		"[", "]", `\`, `\*`, "a*", "-", " ", `\ `, "[]a]", "[a-]", "[[:x:]]", "[[:a]", ".", "[\\]]", "[b-a]")
	switch r.IntN(8) {
	case 0:
		return "!" + rule
	case 1:
		return "/" + rule
	case 2:
		return rule + "/"
	case 3:
		return "#" + rule
	case 4:
		return rule + "\r"
	}
	return rule
}

func randomPath(r *rand.Rand) string {
	names := make([]string, 1+r.IntN(4))
	for i := range names {
		names[i] = pick(r, 3, "a", "b", "ab", "*", "[", "]", "-", " ", `\`, "!", "#", "x", ".x")
	}
	return strings.Join(names, "/")
}

func TestTheRulesOfOneFileAreAppliedAsGitDoes(t *testing.T) {
	t.Parallel()
	repo, r := newRepo(t), rand.New(rand.NewPCG(4, 7))
	answers := map[bool]int{}
	for range 40 {
		var rules strings.Builder
		for range 1 + r.IntN(6) {
			fmt.Fprintln(&rules, randomRule(r))
		}
		var paths []string
		for range 300 {
			paths = append(paths, randomPath(r))
		}
		named := ignoredByGit(t, repo, []byte(rules.String()), paths)
		for _, path := range paths {
			answers[named[path]]++
			if got := ignoredByUs(rulesIn([]byte(rules.String())), path); got != named[path] {
				t.Errorf("rules %q, path %q: ignored %t, by git %t", rules.String(), path, got, named[path])
			}
		}
	}
	if answers[true] < 500 || answers[false] < 500 {
		t.Errorf("the random rules decide too little: %v", answers)
	}
}

func TestRulesThatPeopleWrite(t *testing.T) {
	t.Parallel()
	repo := newRepo(t)
	for _, test := range []struct{ name, rules, ignored, kept string }{
		{"a name anywhere", "*.log\n", "a.log b/c.log", "a.logs"},
		{"a folder only", "build/\n", "build/x a/build/x", "build"},
		{"from the file's folder only", "/dist\n", "dist dist/x", "a/dist"},
		{"a later rule keeps", "*.log\n!keep.log\n", "a.log", "keep.log b/keep.log"},
		{"nothing is kept in a folder that is left out", "out/\n!out/keep\n", "out/keep", "keep"},
		{"what is in a folder, but one", "out/*\n!out/keep\n", "out/a", "out/keep"},
		{"folders between", "a/**/z\n", "a/z a/b/z a/b/c/z", "z b/z"},
		{"all below", "a/**\n", "a/b a/b/c", "a"},
		{"a comment and an escaped one", "#a\n\\#b\n\\!c\n", "#b !c", "#a a"},
		{"spaces at the end", "a  \nb\\ \n", "a", "b"},
		{"a byte order mark", "\xef\xbb\xbfa\n", "a", "b"},
		{"lines of another system", "a\r\nb\r\n", "a b", "c"},
		{"nothing", "\n/\n!\n \n", "", "a b/c"},
	} {
		t.Run(test.name, func(t *testing.T) {
			rules := rulesIn([]byte(test.rules))
			check := func(list string, want bool) {
				paths := strings.Fields(list)
				named := ignoredByGit(t, repo, []byte(test.rules), paths)
				for _, path := range paths {
					if got := ignoredByUs(rules, path); got != want || named[path] != want {
						t.Errorf("%q: ignored %t, by git %t, by the table %t", path, got, named[path], want)
					}
				}
			}
			check(test.ignored, true)
			check(test.kept, false)
		})
	}
}

// A whole tree with rules at every level, against what git lists as not ignored.
func TestATreeIsLeftOutAsGitDoes(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	left := 0
	for range 6 {
		repo := newRepo(t)
		rules := func() []byte {
			var b strings.Builder
			for range r.IntN(4) {
				fmt.Fprintln(&b, randomRule(r))
			}
			return []byte(b.String())
		}
		write(t, filepath.Join(repo, ".git", "info", "exclude"), rules())
		for range 150 {
			path := filepath.Join(repo, strings.ReplaceAll(randomPath(r), ".x", "y"))
			if os.MkdirAll(filepath.Dir(path), 0o700) != nil {
				continue // one of its folders is a file already
			}
			if info, err := os.Stat(path); err == nil && info.IsDir() {
				path = filepath.Join(path, "f")
			}
			write(t, path, []byte("x"))
			if r.IntN(4) == 0 {
				write(t, filepath.Join(filepath.Dir(path), ignoreFile), rules())
			}
		}
		listed, _ := gitIn(t, repo, "", "ls-files", "-o", "-z", "--exclude-standard")
		want := map[string]bool{}
		for path := range strings.SplitSeq(strings.TrimSuffix(listed, "\x00"), "\x00") {
			want[path] = true
		}
		s := New(repo, Options{RespectGitignore: true})
		for b, err := range s.Blobs(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			if b.Kind == "file" {
				if !want[b.Location.Path] {
					t.Errorf("git ignores %q", b.Location.Path)
				}
				delete(want, b.Location.Path)
			}
		}
		delete(want, "")
		for path := range want {
			t.Errorf("git does not ignore %q", path)
		}
		left += s.Ignored()
	}
	if left < 20 {
		t.Errorf("only %d entries are left out: the test shows nothing", left)
	}
}

func TestWhichFilesOfRulesAreInForce(t *testing.T) {
	t.Parallel()
	repo := newRepo(t)
	for path, text := range map[string]string{
		".gitignore": "*.top\n/sub/anchored\n", "sub/.gitignore": "*.sub\n!kept.top\n", "sub/in/.gitignore": "*.in\n",
		"sub/in/x.top": "", "sub/in/kept.top": "", "sub/in/x.sub": "", "sub/in/x.in": "", "sub/in/x.exclude": "", "sub/in/plain": "",
		"sub/in/nested/x.top": "", "sub/in/nested/x.in": "", "sub/in/nested/x.own": "", "sub/anchored": "",
	} {
		path = filepath.Join(repo, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		write(t, path, []byte(text))
	}
	write(t, filepath.Join(repo, ".git", "info", "exclude"), []byte("*.exclude\n"))
	nested := filepath.Join(repo, "sub", "in", "nested")
	gitIn(t, nested, "", "init", "-q")
	if err := os.MkdirAll(filepath.Join(nested, ".git", "info"), 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(nested, ".git", "info", "exclude"), []byte("*.own\n"))
	for _, test := range []struct {
		name, root string
		respect    bool
		want       string
		ignored    int
	}{
		{"none unless asked", "sub/in", false,
			".gitignore kept.top nested/x.in nested/x.own nested/x.top plain x.exclude x.in x.sub x.top", 0},
		{"those above a folder count too, and a repository inside has its own", "sub/in", true,
			".gitignore kept.top nested/x.in nested/x.top plain", 5},
		{"the whole repository", "", true,
			".gitignore sub/.gitignore sub/in/.gitignore sub/in/kept.top sub/in/nested/x.in sub/in/nested/x.top sub/in/plain", 6},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := New(filepath.Join(repo, test.root), Options{RespectGitignore: test.respect})
			var got []string
			for b, err := range s.Blobs(t.Context()) {
				if err != nil {
					t.Fatal(err)
				}
				if b.Kind == "file" {
					got = append(got, b.Location.Path)
				}
			}
			if strings.Join(got, " ") != test.want || s.Ignored() != test.ignored {
				t.Errorf("files %q, %d left out", got, s.Ignored())
			}
		})
	}
}

func TestTheRulesOfALinkedWorktreeAreThoseOfItsRepository(t *testing.T) {
	t.Parallel()
	repo := newRepo(t)
	write(t, filepath.Join(repo, ".git", "info", "exclude"), []byte("*.exclude\n"))
	linked := filepath.Join(t.TempDir(), "linked")
	gitIn(t, repo, "", "-c", "user.name=n", "-c", "user.email=e@example.org", "commit", "-q", "--allow-empty", "-m", "m")
	gitIn(t, repo, "", "worktree", "add", "-q", linked)
	write(t, filepath.Join(linked, "x.exclude"), nil)
	s := New(linked, Options{RespectGitignore: true})
	for _, err := range s.Blobs(t.Context()) {
		if err != nil {
			t.Error(err)
		}
	}
	if s.Ignored() != 1 || s.Counts().Blobs != 0 {
		t.Errorf("%d left out, counts %+v", s.Ignored(), s.Counts())
	}
}

func TestAPatternOfManyStarsTakesNoTime(t *testing.T) {
	t.Parallel()
	rules := rulesIn([]byte(strings.Repeat("*a", 400) + "b\n" + strings.Repeat("**/", 300) + "b\n"))
	if len(rules) != 2 || ignoredByUs(rules, strings.Repeat("a/", 200)+strings.Repeat("a", 200)) {
		t.Errorf("%d rules, or the path is ignored", len(rules))
	}
}

func FuzzRules(f *testing.F) {
	f.Add([]byte("*.log\n!a.log\n"), "b/a.log")
	f.Add([]byte("a/**/b\n"), "a/b")
	f.Add([]byte("x**/b\n"), "xb/b")
	f.Add([]byte("[[:alpha:]-\\]]/\n"), "-/a")
	f.Add([]byte("\\"), "\\")
	repo := newRepo(f)
	f.Fuzz(func(t *testing.T, rules []byte, path string) {
		var names []string
		for name := range strings.SplitSeq(path, "/") {
			if name != "" && name != "." && name != ".." && !strings.HasPrefix(strings.ToLower(name), ".git") && !strings.Contains(name, "\x00") && len(name) < 256 {
				names = append(names, name)
			}
		}
		path = strings.Join(names, "/")
		got := ignoredByUs(rulesIn(rules), path)
		if path == "" || len(path) > 2000 || len(rules) > maxGlobBytes {
			return
		}
		if want := ignoredByGit(t, repo, rules, []string{path})[path]; got != want {
			t.Errorf("rules %q, path %q: ignored %t, by git %t", rules, path, got, want)
		}
	})
}

func rulesIn(data []byte) ignoreRules {
	rules, _ := parseIgnore(data)
	return rules
}

func TestRulesOverACapAreSaid(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", maxGlobBytes+1) + "\n"
	many := strings.Repeat("a*\n", maxIgnoreRules) + "!abc\n"
	for _, test := range []struct {
		name, rules string
		over        bool
	}{
		{"a few rules", "a*\n!abc\n", false},
		{"a comment of any length", "#" + long, false},
		{"a rule of 1,025 bytes", long, true},
		{"a rule of 1,024 bytes", long[1:], false},
		{"50,001 rules, of which the last would keep a file", many, true},
		{"50,000 rules", many[len("a*\n"):], false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, ignoreFile), []byte(test.rules), 0o600); err != nil {
				t.Fatal(err)
			}
			s := New(dir, Options{RespectGitignore: true})
			over := false
			for _, err := range s.Blobs(t.Context()) {
				if err == nil {
					continue
				}
				var skip *scanner.Skip
				if !errors.As(err, &skip) || skip.Reason != scanner.SkipTooLarge || skip.Path != ignoreFile {
					t.Errorf("%v", err)
				}
				over = true
			}
			if over != test.over {
				t.Errorf("said to be over a cap: %t", over)
			}
		})
	}
}
