package ci_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// runner is a made-up runner: a workspace, a temporary folder, and a `go` that "builds" a keywright which notes its
// arguments, writes a SARIF file and ends with a given code.
type runner struct {
	t         *testing.T
	workspace string
	temp      string
	env       []string
}

const fakeGo = `#!/usr/bin/env bash
[ "$1" = env ] && { echo; exit; }
echo "$PWD $GOWORK $GOFLAGS $*" >"$RUNNER_TEMP/built"
[ -z "${FAKE_BUILD_FAILS:-}" ] || exit 1
while [ $# -gt 0 ]; do [ "$1" = -o ] && cp "$RUNNER_TEMP/fake-keywright" "$2"; shift; done
`

const fakeKeywright = `#!/usr/bin/env bash
printf '%s\n' "$@" >>"$RUNNER_TEMP/arguments"
echo "a line of the scan ::warning::of a hostile path"
for argument; do case $argument in --output=*) printf '%s' "$FAKE_SARIF" >"${argument#--output=}" ;; esac; done
exit "$FAKE_CODE"
`

func newRunner(t *testing.T) *runner {
	t.Helper()
	base := t.TempDir()
	r := &runner{t: t, workspace: filepath.Join(base, "workspace"), temp: filepath.Join(base, "temp")}
	bin := filepath.Join(base, "bin")
	for _, dir := range []string{r.workspace, r.temp, bin} {
		must(t, os.MkdirAll(dir, 0o755))
	}
	must(t, os.WriteFile(filepath.Join(bin, "go"), []byte(fakeGo), 0o755))
	must(t, os.WriteFile(filepath.Join(r.temp, "fake-keywright"), []byte(fakeKeywright), 0o755))
	r.env = []string{
		"PATH=" + bin + ":" + os.Getenv("PATH"), "RUNNER_TEMP=" + r.temp, "GOFLAGS=-mod=vendor", "GOWORK=x",
		"GITHUB_OUTPUT=" + filepath.Join(r.temp, "outputs"), "GITHUB_STEP_SUMMARY=" + filepath.Join(r.temp, "summary"),
		"KW_PATH=.", "KW_MODE=auto", "KW_RANGE=", "KW_VERIFY=off", "KW_IGNORES=auto", "KW_BASELINE=", "KW_RULES=", "KW_SARIF=",
		"KW_EVENT=push", "KW_BASE=", "KW_NO_BASE=", "KW_SOURCE=" + base, "KW_REF=v1.2.3", "FAKE_CODE=0", "FAKE_SARIF={}",
	}
	return r
}

// run runs the Action's script and returns its exit code and what it printed.
func (r *runner) run(env ...string) (code int, printed string) {
	r.t.Helper()
	cmd := exec.Command("bash", script(r.t, "action.sh"))
	cmd.Dir = r.workspace
	cmd.Env = append(slices.Clone(r.env), env...)
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		r.t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), string(out)
}

func (r *runner) text(name string) string {
	content, err := os.ReadFile(filepath.Join(r.temp, name))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		r.t.Fatal(err)
	}
	return string(content)
}

func (r *runner) arguments() []string {
	return strings.Split(strings.TrimSpace(r.text("arguments")), "\n")
}

func TestTheActionChoosesWhatToScan(t *testing.T) {
	t.Parallel()
	const base = "1111111111111111111111111111111111111111"
	cases := []struct {
		name string
		env  []string
		want []string // after "scan PATH", before the format
	}{
		{"a push scans its commits", []string{"KW_BASE=" + base}, []string{"--range=" + base + "..HEAD"}},
		{"a push of a new branch scans all that it reaches", []string{"KW_BASE=0000000000000000000000000000000000000000"}, []string{"--ref=HEAD"}},
		{"a force push scans all that it reaches", []string{"KW_BASE=" + base, "KW_NO_BASE=true"}, []string{"--ref=HEAD"}},
		{"a pull request cannot ignore what it brings", []string{"KW_EVENT=pull_request", "KW_BASE=" + base}, []string{"--range=" + base + "..HEAD", "--no-ignore"}},
		{"a pull request may ignore where the workflow says so", []string{"KW_EVENT=pull_request", "KW_BASE=" + base, "KW_IGNORES=true"}, []string{"--range=" + base + "..HEAD"}},
		{"a merge group scans its commits", []string{"KW_EVENT=merge_group", "KW_BASE=" + base}, []string{"--range=" + base + "..HEAD"}},
		{"a timer scans the whole history", []string{"KW_EVENT=schedule"}, []string{"--history"}},
		{"mode tree", []string{"KW_MODE=tree"}, []string{"--tree"}},
		{"mode range takes the range as one argument", []string{"KW_MODE=range", "KW_RANGE=a b..$(touch x)"}, []string{"--range=a b..$(touch x)"}},
		{"verify, baseline and rules", []string{"KW_MODE=tree", "KW_VERIFY=issued", "KW_BASELINE=b.jsonl", "KW_RULES=one.yaml\n\ntwo rules/"},
			[]string{"--tree", "--verify=issued", "--baseline=b.jsonl", "--rules=one.yaml", "--rules=two rules/"}},
	}
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r := newRunner(t)
			if code, printed := r.run(test.env...); code != 0 {
				t.Fatalf("exit %d: %s", code, printed)
			}
			want := append([]string{"scan", "."}, test.want...)
			i := slices.IndexFunc(want, func(a string) bool { return strings.HasPrefix(a, "--baseline") || strings.HasPrefix(a, "--rules") })
			if i < 0 {
				i = len(want)
			}
			want = slices.Insert(want, i, "--no-cache") // what a contributor could have written decides nothing
			want = append(want, "--format=sarif", "--output="+filepath.Join(r.temp, "keywright.sarif"))
			if got := r.arguments(); !slices.Equal(got, want) {
				t.Errorf("arguments %q, want %q", got, want)
			}
		})
	}
}

func TestTheActionAnswersAsTheScanDid(t *testing.T) {
	t.Parallel()
	const two = `{"results":[{"partialFingerprints":{}},{"text":"\"partialFingerprints\"","partialFingerprints":{}}]}`
	cases := []struct {
		name    string
		env     []string
		code    int
		outputs []string
	}{
		{"clean", nil, 0, []string{"findings=0", "complete=true"}},
		{"two findings, and one that only quotes the word", []string{"FAKE_CODE=1", "FAKE_SARIF=" + two}, 1, []string{"findings=2", "complete=true"}},
		{"findings, and not everything scanned", []string{"FAKE_CODE=2", "FAKE_SARIF=" + two}, 2, []string{"findings=2", "complete=false"}},
		{"a crash is no result", []string{"FAKE_CODE=139"}, 2, []string{"findings=0", "complete=false"}},
	}
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r := newRunner(t)
			code, printed := r.run(append(test.env, "KW_MODE=tree")...)
			if code != test.code {
				t.Fatalf("exit %d, want %d: %s", code, test.code, printed)
			}
			for _, output := range test.outputs {
				if !strings.Contains(r.text("outputs"), output+"\n") {
					t.Errorf("outputs %q lack %s", r.text("outputs"), output)
				}
			}
			stopped, rest, _ := strings.Cut(printed, "::stop-commands::")
			token, rest, _ := strings.Cut(rest, "\n")
			_, after, resumed := strings.Cut(rest, "::"+token+"::\n")
			if !resumed || strings.Contains(stopped+after, "hostile") {
				t.Errorf("text of the repository stands where the runner reads commands: %s", printed)
			}
		})
	}
}

func TestTheActionRefusesBeforeItScans(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name, env, want string
	}{
		{"an unknown mode", "KW_MODE=all", "can be auto, history, tree or range"},
		{"mode range without one", "KW_MODE=range", "needs the input range"},
		{"an unknown verify", "KW_VERIFY=yes", "can be off, issued, vendors or all"},
		{"an unknown ignores", "KW_IGNORES=no", "can be auto, true or false"},
		{"nothing checked out", "KW_PATH=gone", "actions/checkout"},
		{"a build that fails", "FAKE_BUILD_FAILS=1", "could not be built"},
		{"a value that would end the annotation", "KW_MODE=a\n::set-output name=x::y", "a%0A::set-output"},
	}
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r := newRunner(t)
			code, printed := r.run(test.env)
			if code != 2 || !strings.HasPrefix(printed, "::error ") || !strings.Contains(printed, test.want) || strings.Count(printed, "\n") != 1 {
				t.Errorf("exit %d, printed %q", code, printed)
			}
			if !strings.Contains(r.text("outputs"), "complete=false\n") || r.text("arguments") != "" {
				t.Errorf("outputs %q, keywright ran with %q", r.text("outputs"), r.text("arguments"))
			}
		})
	}
}

func TestAShallowCheckoutGetsTheLineToAdd(t *testing.T) {
	t.Parallel()
	r := newRunner(t)
	origin := filepath.Join(r.temp, "origin")
	for _, args := range [][]string{
		{"init", "-q", origin},
		{"-C", origin, "-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "-q", "--allow-empty", "-m", "one"},
		{"-C", origin, "-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "-q", "--allow-empty", "-m", "two"},
		{"clone", "-q", "--depth=1", "file://" + origin, filepath.Join(r.workspace, "shallow")},
	} {
		if out, err := exec.Command("git", args...).CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
	}
	if code, printed := r.run("KW_PATH=shallow"); code != 2 || !strings.Contains(printed, "%0A      fetch-depth: 0") {
		t.Errorf("exit %d, printed %q", code, printed)
	}
	if code, printed := r.run("KW_PATH=shallow", "KW_MODE=tree"); code != 0 {
		t.Errorf("the tree is all there, but exit %d: %s", code, printed)
	}
}

func TestTheActionBuildsWhatWasPinnedAndNothingElse(t *testing.T) {
	t.Parallel()
	r := newRunner(t)
	if code, printed := r.run(); code != 0 {
		t.Fatalf("exit %d: %s", code, printed)
	}
	built := r.text("built")
	source := filepath.Dir(r.temp)
	if !strings.HasPrefix(built, source+" off -mod=readonly build ") || !strings.Contains(built, "-X main.version=v1.2.3 ") {
		t.Errorf("built by %q", built)
	}
	if _, printed := r.run("KW_REF=x -extldflags=evil"); strings.Contains(r.text("built"), "evil") {
		t.Errorf("a reference became a flag: %s%s", r.text("built"), printed)
	}
}

func TestAnActionsExpressionsStandInEnvironmentsOnly(t *testing.T) {
	t.Parallel()
	var action struct {
		Inputs map[string]struct {
			Description string
			Default     *string
		}
		Outputs map[string]struct{ Description, Value string }
		Runs    struct {
			Using string
			Steps []struct {
				ID, Run, Shell, Uses string
				Env                  map[string]string
			}
		}
	}
	decode(t, "../../action.yml", &action)
	if action.Runs.Using != "composite" || len(action.Runs.Steps) == 0 {
		t.Fatalf("runs: %+v", action.Runs)
	}
	for _, step := range action.Runs.Steps {
		if strings.Contains(step.Run, "${{") || step.Shell != "bash" || step.Uses != "" {
			t.Errorf("step %s: an expression in a script, no shell, or somebody else's action: %+v", step.ID, step)
		}
		for name := range action.Inputs {
			if step.Env["KW_"+strings.ToUpper(name)] != "${{ inputs."+name+" }}" {
				t.Errorf("the input %s does not reach the script", name)
			}
		}
	}
	for name, input := range action.Inputs {
		if input.Description == "" || input.Default == nil {
			t.Errorf("the input %s has no description or no default", name)
		}
	}
	for _, name := range []string{"findings", "complete", "sarif"} {
		if action.Outputs[name].Value != "${{ steps.scan.outputs."+name+" }}" {
			t.Errorf("the output %s is %q", name, action.Outputs[name].Value)
		}
	}
}

func TestTheHooksScanTheIndex(t *testing.T) {
	t.Parallel()
	var hooks []struct {
		ID, Name, Description, Entry, Language string
		PassFilenames                          bool `yaml:"pass_filenames"`
		AlwaysRun                              bool `yaml:"always_run"`
	}
	decode(t, "../../.pre-commit-hooks.yaml", &hooks)
	languages := map[string]string{"keywright": "golang", "keywright-system": "system"}
	if len(hooks) != len(languages) {
		t.Fatalf("%d hooks", len(hooks))
	}
	for _, hook := range hooks {
		if hook.Language != languages[hook.ID] || hook.Entry != "keywright scan --staged" || hook.PassFilenames || !hook.AlwaysRun || hook.Name == "" {
			t.Errorf("hook %+v", hook)
		}
	}
}

func decode(t *testing.T, name string, into any) {
	t.Helper()
	content, err := os.ReadFile(name)
	must(t, err)
	if err := yaml.UnmarshalWithOptions(content, into); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

// script returns the absolute path of a script that another process will read. Opening it here makes it an input of the test, so
// that a cached result does not outlive a change.
func script(t *testing.T, name string) string {
	t.Helper()
	_, err := os.ReadFile(name)
	must(t, err)
	full, err := filepath.Abs(name)
	must(t, err)
	return full
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
