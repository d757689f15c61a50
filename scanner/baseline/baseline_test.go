package baseline_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/keywright/keywright/scanner"
	"github.com/keywright/keywright/scanner/baseline"
)

var _ scanner.Ignorer = (*baseline.Rules)(nil)

const (
	one = "fp1_0011223344556677889900112233445566778899"
	two = "fp1s_aabbccddeeff00112233aabbccddeeff00112233"
)

func today() time.Time { return time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC) }

func found(fingerprint string, paths ...string) scanner.Finding {
	f := scanner.Finding{Fingerprint: fingerprint, Pattern: "acme.pat", Total: len(paths)}
	for i, p := range paths {
		if i == 0 {
			f.Location.Path = p
			continue
		}
		f.Locations = append(f.Locations, scanner.Location{Path: p})
	}
	return f
}

func entries(t *testing.T, text string) []baseline.Entry {
	t.Helper()
	out, err := baseline.Read("b.jsonl", strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func ignores(t *testing.T, text string) []baseline.Ignore {
	t.Helper()
	out, err := baseline.ReadIgnore(baseline.IgnoreFile, strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestABaselineReadsWhatItWrote(t *testing.T) {
	t.Parallel()
	in := []baseline.Entry{
		baseline.Of(found(two, "a"), "a sample of the docs", "ann"),
		{Fingerprint: one, Reason: "rotated <in> May", Expires: baseline.DayOf(time.Date(2027, 1, 31, 15, 0, 0, 0, time.UTC))},
		{Fingerprint: one, Reason: "twice"},
	}
	var b bytes.Buffer
	if err := baseline.Write(&b, in); err != nil {
		t.Fatal(err)
	}
	want := `{"fingerprint":"` + one + `","reason":"rotated <in> May","expires":"2027-01-31"}` + "\n" +
		`{"fingerprint":"` + two + `","pattern":"acme.pat","reason":"a sample of the docs","author":"ann"}` + "\n"
	if b.String() != want {
		t.Errorf("wrote %s", b.String())
	}
	var again bytes.Buffer
	if err := baseline.Write(&again, entries(t, b.String())); err != nil || again.String() != want {
		t.Errorf("error %v, wrote again %s", err, again.String())
	}
}

func TestABrokenFileIsAnErrorWithItsLine(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, text, want string }{
		{"no JSON", "{}x", "b:1:"},
		{"an unknown field", "\n" + `{"fingerprint":"` + one + `","reason":"x","path":"y"}`, "b:2:"},
		{"no fingerprint", `{"fingerprint":"fp1_12","reason":"x"}`, "fingerprint"},
		{"no reason", `{"fingerprint":"` + one + `","reason":" "}`, "reason"},
		{"a day that is none", `{"fingerprint":"` + one + `","reason":"x","expires":"soon"}`, "2027-01-31"},
		{"two entries on a line", `{"fingerprint":"` + one + `","reason":"x"} {}`, "more than one"},
		{"a line that is too long", strings.Repeat("x", 70<<10), "b:1:"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if _, err := baseline.Read("b", strings.NewReader(test.text)); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v", err)
			}
		})
	}
	for _, test := range []struct{ name, text, want string }{
		{"no reason", "# x\ndocs/**\n", "i:2:"},
		{"a fingerprint that is cut", "fp1_0011 # x", "no fingerprint"},
		{"a glob for everything", "** # x", "every path"},
		{"a glob that is too long", strings.Repeat("a*", 1000) + " # x", "1024"},
	} {
		t.Run("ignore file: "+test.name, func(t *testing.T) {
			t.Parallel()
			if _, err := baseline.ReadIgnore("i", strings.NewReader(test.text)); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v", err)
			}
		})
	}
}

func TestRules(t *testing.T) {
	t.Parallel()
	known := `{"fingerprint":"` + one + `","reason":"rotated"}`
	for _, test := range []struct {
		name, baseline, ignore string
		finding                scanner.Finding
		want                   string
	}{
		{"a baseline accepts its fingerprint", known, "", found(one, "a"), "baseline: rotated (b.jsonl:1)"},
		{"and no other", known, "", found(two, "a"), ""},
		{"nor a finding without one", known, "", found("", "a"), ""},
		{"an ignore file accepts a fingerprint", "", two + " # sample", found(two, "a"), "ignored: sample (.keywrightignore:1)"},
		{"and a path", "", "docs/** # samples", found(one, "docs/a/b.md"), "ignored: samples (.keywrightignore:1)"},
		{"but not when the secret stands elsewhere too", "", "docs/** # samples", found(one, "docs/a/b.md", "src/a.go"), ""},
		{"nor in a message", "", "docs/** # samples", found(one, "docs/a", ""), ""},
		{"nor when places are not listed", "", "docs/** # samples", scanner.Finding{Location: scanner.Location{Path: "docs/a"}, Total: 5000}, ""},
		{"an entry counts on its last day", `{"fingerprint":"` + one + `","reason":"r","expires":"2026-11-24"}`, "", found(one, "a"), "baseline: r (b.jsonl:1)"},
		{"and not on the day after", `{"fingerprint":"` + one + `","reason":"r","expires":"2026-11-23"}`, "", found(one, "a"), ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			rules := baseline.NewRules(today(), entries(t, test.baseline), ignores(t, test.ignore))
			got, ignored := rules.Ignored(test.finding)
			if got != test.want || ignored != (test.want != "") {
				t.Errorf("rule %q, want %q", got, test.want)
			}
		})
	}
}

func TestStaleRulesAreNamed(t *testing.T) {
	t.Parallel()
	rules := baseline.NewRules(today(),
		entries(t, `{"fingerprint":"`+one+`","reason":"old","expires":"2026-01-01"}`+"\n"+`{"fingerprint":"`+two+`","reason":"used"}`),
		ignores(t, "docs/** # none\nsrc/** # used too\n"))
	rules.Ignored(found(two, "src/x"))
	rules.Ignored(found(one, "a"))
	want := []string{"expired: baseline: old (b.jsonl:1)", "accepts nothing: ignored: none (.keywrightignore:1)"}
	if got := rules.Stale(); !slices.Equal(got, want) {
		t.Errorf("stale %q", got)
	}
}

func TestGlobs(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, glob, path string
		want             bool
	}{
		{"a name", "a.txt", "a.txt", true},
		{"a name is not looked for below", "a.txt", "x/a.txt", false},
		{"a name anywhere", "**/a.txt", "x/y/a.txt", true},
		{"anywhere is also at the top", "**/a.txt", "a.txt", true},
		{"a star stays in its segment", "*/a.txt", "x/y/a.txt", false},
		{"a star in a name", "a*c*.txt", "abcbc.txt", true},
		{"a star goes back", "*ab", "aab", true},
		{"all below", "docs/**", "docs/a/b", true},
		{"all below a slash", "docs/", "docs/a/b", true},
		{"a slash in front", "/docs/*", "docs/a", true},
		{"segments between", "a/**/z", "a/b/c/z", true},
		{"no segments between", "a/**/z", "a/z", true},
		{"a question mark is one byte", "a?c", "abc", true},
		{"but no slash", "a?c", "a/c", false},
		{"brackets stand for themselves", "a[b]", "a[b]", true},
		{"a star is not a folder", "docs*", "docs/a", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			rules := baseline.NewRules(today(), nil, ignores(t, test.glob+" # r"))
			if _, got := rules.Ignored(found(one, test.path)); got != test.want {
				t.Errorf("%s on %s: %v", test.glob, test.path, got)
			}
		})
	}
}

func TestWhatIsNoRegularFileIsRefusedAndNeverWaitedFor(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	pipe, link := filepath.Join(dir, "pipe"), filepath.Join(dir, "link")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Skip("no pipes here:", err)
	}
	if err := os.Symlink(os.DevNull, link); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{pipe, link, dir} {
		_, err := baseline.Load(path)
		_, ignoreErr := baseline.LoadIgnore(path)
		_, saltErr := baseline.ReadSalt(path)
		for _, err := range []error{err, ignoreErr, saltErr} {
			if !errors.Is(err, baseline.ErrNotRegular) {
				t.Errorf("%s: error %v", filepath.Base(path), err)
			}
		}
	}
	if _, err := baseline.Load(filepath.Join(dir, "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %v", err)
	}
}

func TestSalt(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	salt := baseline.Salt{Repository: filepath.Join(dir, "repo", baseline.SaltFile), Machine: filepath.Join(dir, "machine", "salt"), Random: rand.Reader}
	first, err := salt.Get()
	if err != nil {
		t.Fatal(err)
	}
	if again, err := salt.Get(); err != nil || again != first {
		t.Errorf("the machine's salt changed, error %v", err)
	}
	own, err := baseline.CreateSalt(salt.Repository, rand.Reader)
	if err != nil || own == first {
		t.Fatalf("error %v", err)
	}
	if got, err := salt.Get(); err != nil || got != own {
		t.Errorf("the repository's salt does not count, error %v", err)
	}
	if _, err := baseline.CreateSalt(salt.Repository, rand.Reader); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a salt was replaced, error %v", err)
	}
	if err := os.WriteFile(salt.Repository, []byte("not hex"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := salt.Get(); err == nil {
		t.Error("a broken salt of the repository is replaced by another")
	}
}

// FuzzRead promises: never panics, and what was read can be written and read again.
func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"fingerprint":"` + one + `","reason":"x","expires":"2027-01-31"}`))
	f.Add([]byte("docs/** # x\n" + two + " # y"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if rules, err := baseline.ReadIgnore("i", bytes.NewReader(data)); err == nil {
			baseline.NewRules(today(), nil, rules).Ignored(found(one, "docs/a", string(data)))
		}
		read, err := baseline.Read("b", bytes.NewReader(data))
		if err != nil {
			return
		}
		var out bytes.Buffer
		if err := baseline.Write(&out, read); err != nil {
			t.Fatal(err)
		}
		if _, err := baseline.Read("b", &out); err != nil {
			t.Fatal(err)
		}
	})
}
