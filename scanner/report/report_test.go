package report_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/keywright/keywright/internal/secret"
	"github.com/keywright/keywright/patterns"
	"github.com/keywright/keywright/scanner"
	"github.com/keywright/keywright/scanner/report"
)

var update = flag.Bool("update", false, "write the golden files")

// plaintext stands for the secret of every finding of the tests. It is no credential's shape.
const plaintext = "the plaintext of the secret"

func ownFinding() scanner.Finding {
	return scanner.Finding{
		Pattern: patterns.OwnID, Vendor: "keywright", Name: "Key issued by Keywright",
		Secret: secret.New(plaintext), KeyID: "3f8KaB12cD34", Family: "acme_live", Redacted: "acme_live_3f8KaB12cD34…(redacted)",
		Fingerprint: "fp1_00112233445566778899aabbccddeeff00112233", Blob: "b10b",
		Location: scanner.Location{
			Path: "config/app.yaml", Commit: "c0ffee0000000000000000000000000000000001", Author: "Ann <ann@example.com>",
			Date: time.Date(2026, 11, 1, 12, 0, 0, 0, time.FixedZone("", 3600)),
			Span: scanner.Span{Start: 40, End: 110, Line: 3, Column: 10, EndLine: 3, EndColumn: 80},
		},
		Locations: []scanner.Location{{Path: "b.txt", Span: scanner.Span{Start: 0, End: 70, Line: 1, Column: 1, EndLine: 1, EndColumn: 71}}},
		Total:     2, Decoded: []string{"base64"},
		Refs:    []string{"refs/heads/main", "refs/heads/release/1.2", "refs/remotes/origin/main", "refs/tags/v1", "refs/tags/v2"},
		Verdict: "live", Reason: "digest matches", Owner: "alice", Scopes: []string{"orders:read", "orders:write"},
	}
}

func vendorFinding() scanner.Finding {
	return scanner.Finding{
		Pattern: "acme.pat", Vendor: "acme", Name: "Acme token", Secret: secret.New(plaintext), Redacted: "acmep_…(redacted)",
		Fingerprint: "fp1_ffeeddccbbaa99887766554433221100ffeeddcc", Blob: "c0m17",
		Location: scanner.Location{
			Kind: scanner.KindCommit, Commit: "c0ffee0000000000000000000000000000000002",
			Span: scanner.Span{Start: 200, End: 240, Line: 6, Column: 1, EndLine: 6, EndColumn: 41},
		},
		Total: 1,
	}
}

func ignoredFinding() scanner.Finding {
	f := vendorFinding()
	f.Fingerprint, f.Ignored = "fp1_0000000000000000000000000000000000000000", "baseline: rotated in May"
	return f
}

// hostileFinding has text that wants to act in each place where a repository's author can put some.
func hostileFinding() scanner.Finding {
	f := ownFinding()
	f.Location.Path = "::error::a\x1b[31mb\r\n::set-output name=x::\u202egpj.exe/\xff\xfe/\u009b2J##[error]\u2028\U000e0041"
	f.Location.Author = "\n::warning::Eve\x07 <e@x>"
	f.Location.Ref = "refs/heads/\x9b31m"
	f.Refs = []string{f.Location.Ref, "refs/tags/\u202e##[error]"}
	f.Locations, f.Total = nil, 5000
	f.Reason = "=cmd|' /C calc'!A0\n::debug::x"
	return f
}

func hostileSkip() scanner.Skip {
	return scanner.Skip{Reason: scanner.SkipUnreadable, Path: "\n::error::\x1b]0;t\x07\u2066\xff", Detail: "##[command]x\n::add-mask::y", Object: "dead"}
}

// write sends one scan to a sink.
func write(t *testing.T, format report.Format, o report.Options, findings []scanner.Finding, skips []scanner.Skip) string {
	t.Helper()
	var out bytes.Buffer
	sink, err := report.New(format, &out, o)
	if err != nil {
		t.Fatal(err)
	}
	check := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	check(sink.Started(scanner.Start{Patterns: 60, Catalogue: "0123456789ab"}))
	for _, skip := range skips {
		check(sink.Skipped(skip))
	}
	for _, f := range findings {
		check(sink.Finding(f))
	}
	check(sink.Action(scanner.Action{Kind: "revoke", Target: "3f8KaB12cD34", Incident: "inc_1", State: "done", Why: "a live key of ours", Detail: "12 ms after the finding"}))
	check(sink.Done(scanner.Summary{
		Counts:   scanner.Counts{Commits: 12, Refs: 3, Blobs: 345, Bytes: 1234567, NotRegular: 1},
		Findings: len(findings), Skips: len(skips), Patterns: 60, Catalogue: "0123456789ab", Elapsed: 1234 * time.Millisecond,
		Complete: len(skips) == 0, Ignored: 1, Notes: []string{"a note"},
	}))
	return out.String()
}

func TestGolden(t *testing.T) {
	t.Parallel()
	plain := []scanner.Finding{ownFinding(), vendorFinding(), ignoredFinding()}
	skip := []scanner.Skip{{Reason: scanner.SkipMissingObject, Object: "dead", Path: "a.txt", Detail: "git knows its name only"}}
	for _, test := range []struct {
		name     string
		format   report.Format
		options  report.Options
		findings []scanner.Finding
		skips    []scanner.Skip
	}{
		{"text", report.Text, report.Options{}, plain, skip},
		{"text-color", report.Text, report.Options{Color: true, ShowIgnored: true}, plain, nil},
		{"text-clean", report.Text, report.Options{}, nil, nil},
		{"text-hostile", report.Text, report.Options{}, []scanner.Finding{hostileFinding()}, []scanner.Skip{hostileSkip()}},
		{"jsonl", report.JSONLines, report.Options{}, plain, skip},
		{"jsonl-ignored", report.JSONLines, report.Options{ShowIgnored: true}, plain, nil},
		{"jsonl-hostile", report.JSONLines, report.Options{}, []scanner.Finding{hostileFinding()}, []scanner.Skip{hostileSkip()}},
		{"sarif", report.SARIF, report.Options{Version: "1.2.3", ShowIgnored: true}, plain, skip},
		{"sarif-hostile", report.SARIF, report.Options{}, []scanner.Finding{hostileFinding()}, []scanner.Skip{hostileSkip()}},
		{"csv", report.CSV, report.Options{}, plain, skip},
		{"csv-hostile", report.CSV, report.Options{}, []scanner.Finding{hostileFinding()}, []scanner.Skip{hostileSkip()}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got := write(t, test.format, test.options, test.findings, test.skips)
			name := filepath.Join("testdata", test.name+".golden")
			if *update {
				if err := os.WriteFile(name, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("not the golden file; -update writes it. Got:\n%s", got)
			}
		})
	}
}

func TestNoFormatShowsASecretUnlessToldTo(t *testing.T) {
	t.Parallel()
	for _, format := range report.Formats() {
		t.Run(string(format), func(t *testing.T) {
			t.Parallel()
			if out := write(t, format, report.Options{}, []scanner.Finding{ownFinding()}, nil); strings.Contains(out, plaintext) {
				t.Error("the secret is shown")
			}
			if out := write(t, format, report.Options{Reveal: true}, []scanner.Finding{ownFinding()}, nil); !strings.Contains(out, plaintext) {
				t.Error("the secret is not shown when it is asked for")
			}
		})
	}
}

// acting is what must not stand in any report of hostile text.
var acting = regexp.MustCompile("[\x00-\x08\x0b-\x1f\x7f]|[\u0080-\u009f]|\u202e|\u2066|\u2028|\U000e0041|##\\[|(?m:^[ \t\r]*::)")

func TestHostileTextActsInNoFormat(t *testing.T) {
	t.Parallel()
	for _, format := range report.Formats() {
		t.Run(string(format), func(t *testing.T) {
			t.Parallel()
			out := write(t, format, report.Options{ShowIgnored: true}, []scanner.Finding{hostileFinding()}, []scanner.Skip{hostileSkip()})
			if at := acting.FindStringIndex(out); at != nil {
				t.Errorf("%q stands at %d", out[at[0]:at[1]], at[0])
			}
		})
	}
}

func TestAPathThatIsNotUTF8IsGivenAsBytesToo(t *testing.T) {
	t.Parallel()
	f := ownFinding()
	f.Location.Path = "caf\xe9.txt"
	line, _, _ := strings.Cut(write(t, report.JSONLines, report.Options{}, []scanner.Finding{f}, nil), "\n")
	var got struct {
		Path string `json:"path"`
		Raw  []byte `json:"path_base64"`
	}
	if err := json.Unmarshal([]byte(line), &got); err != nil {
		t.Fatal(err)
	}
	if got.Path != "caf\ufffd.txt" || string(got.Raw) != f.Location.Path {
		t.Errorf("path %q, bytes %q", got.Path, got.Raw)
	}
}

func TestCSVHasOneWidthAndNoFormulas(t *testing.T) {
	t.Parallel()
	out := write(t, report.CSV, report.Options{}, []scanner.Finding{hostileFinding(), ownFinding()}, []scanner.Skip{hostileSkip()})
	rows, err := csv.NewReader(strings.NewReader(out)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		for _, field := range row {
			if field != "" && strings.ContainsRune("=+-@", rune(field[0])) {
				t.Errorf("%q is a formula", field)
			}
		}
	}
}

func TestLongListsAreCounted(t *testing.T) {
	t.Parallel()
	f := ownFinding()
	for i := range 50 {
		f.Locations = append(f.Locations, scanner.Location{Path: fmt.Sprint("p", i)})
	}
	f.Total = 400
	out := write(t, report.Text, report.Options{}, []scanner.Finding{f}, slices.Repeat([]scanner.Skip{{Reason: scanner.SkipUnreadable}}, 30))
	if !strings.Contains(out, "and at 394 places more") || !strings.Contains(out, "and 10 more") || strings.Count(out, "also at") != 5 {
		t.Errorf("got:\n%s", out)
	}
}

func TestSARIFNamesEachRuleOnce(t *testing.T) {
	t.Parallel()
	out := write(t, report.SARIF, report.Options{}, []scanner.Finding{ownFinding(), vendorFinding(), ownFinding()}, nil)
	var log struct {
		Runs []struct {
			Tool struct {
				Driver struct{ Rules []struct{ ID string } }
			}
			Results []struct {
				RuleID    string
				RuleIndex int
			}
		}
	}
	if err := json.Unmarshal([]byte(out), &log); err != nil {
		t.Fatal(err)
	}
	rules := log.Runs[0].Tool.Driver.Rules
	if len(rules) != 2 || len(log.Runs[0].Results) != 3 {
		t.Fatalf("%d rules, %d results", len(rules), len(log.Runs[0].Results))
	}
	for _, r := range log.Runs[0].Results {
		if rules[r.RuleIndex].ID != r.RuleID {
			t.Errorf("rule %d is %s, not %s", r.RuleIndex, rules[r.RuleIndex].ID, r.RuleID)
		}
	}
}

func TestAnUnknownFormatIsRefusedByName(t *testing.T) {
	t.Parallel()
	if _, err := report.New("xml", &bytes.Buffer{}, report.Options{}); err == nil || !strings.Contains(err.Error(), "text, jsonl, sarif, csv") {
		t.Errorf("error %v", err)
	}
}

// full is a writer without room.
type full struct{}

var errFull = errors.New("no space left")

func (full) Write([]byte) (int, error) { return 0, errFull }

func TestAFailedWriteIsAnError(t *testing.T) {
	t.Parallel()
	for _, format := range report.Formats() {
		sink, err := report.New(format, full{}, report.Options{})
		if err != nil {
			t.Fatal(err)
		}
		all := errors.Join(sink.Started(scanner.Start{}), sink.Finding(ownFinding()), sink.Done(scanner.Summary{}))
		if !errors.Is(all, errFull) {
			t.Errorf("%s: error %v", format, all)
		}
	}
}

// FuzzJSONLines promises: whatever the texts are, each line parses, the path's bytes come back, and nothing
// of the secret is shown.
func FuzzJSONLines(f *testing.F) {
	f.Add("a/b", "Ann", "detail")
	f.Add("\xff\x00\u202e", "\n::error::", "##[x]\U000e0041\u2028")
	f.Add("\"\\", "</script>", "\x9b")
	f.Fuzz(func(t *testing.T, path, author, detail string) {
		if strings.Contains(path+"\x00"+author+"\x00"+detail, plaintext) {
			t.Skip("the texts hold the plaintext themselves")
		}
		finding := ownFinding()
		finding.Location.Path, finding.Location.Author, finding.Reason = path, author, detail
		out := write(t, report.JSONLines, report.Options{}, []scanner.Finding{finding}, []scanner.Skip{{Reason: scanner.SkipUnreadable, Path: path, Detail: detail}})
		if strings.Contains(out, plaintext) {
			t.Fatal("the secret is shown")
		}
		if acting.MatchString(out) {
			t.Fatal("a text acts")
		}
		lines := strings.Split(strings.TrimSuffix(out, "\n"), "\n")
		if len(lines) != 4 {
			t.Fatalf("%d lines, want 4", len(lines))
		}
		for _, line := range lines {
			var got struct {
				Type string
				Path string
				Raw  []byte `json:"path_base64"`
			}
			if err := json.Unmarshal([]byte(line), &got); err != nil {
				t.Fatalf("a line does not parse: %v", err)
			}
			if got.Type == "finding" && got.Path != path && !reflect.DeepEqual(got.Raw, []byte(path)) {
				t.Fatalf("the path %q became %q", path, got.Path)
			}
		}
	})
}
