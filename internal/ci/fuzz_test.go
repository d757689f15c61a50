package ci_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// fuzzedGo lists two targets in one package and one in another, notes what it is asked to fuzz, and fails as a file named after the
// target says.
const fuzzedGo = `#!/usr/bin/env bash
case "$*" in
list*) echo "m/a $PWD/a"; echo "m/b $PWD/b"; echo "m/none $PWD/none" ;;
*"-list ^Fuzz m/a m/b") printf 'FuzzOne\nFuzzTwo\nok  \tm/a\t0.1s\nFuzzThree\nok  \tm/b\t0.1s\n' ;;
*-fuzztime*)
  [[ $* =~ -fuzz\ \^(Fuzz[A-Za-z]+)\$\ -fuzztime\ ([0-9a-z]+) ]] || exit 9
  echo "${BASH_REMATCH[1]} ${BASH_REMATCH[2]} ${*: -1}" >>"$LOG"
  says=$PWD/${BASH_REMATCH[1]}
  [ -e "$says" ] || exit 0
  cat "$says"
  [ "$(cat "$says")" != "context deadline exceeded" ] || rm "$says"
  exit 1 ;;
*) exit 8 ;;
esac
`

func TestEveryFuzzTargetHasItsTurn(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name  string
		time  string
		total string
		fails map[string]string // what a target says when it fails
		ran   string
		says  string
		ok    bool
	}{
		{"each for its time", "7s", "", nil, "FuzzOne 7s m/a\nFuzzTwo 7s m/a\nFuzzThree 7s m/b\n", "3 targets", true},
		{"as many inputs, where a number is given", "100x", "", nil, "FuzzOne 100x m/a\nFuzzTwo 100x m/a\nFuzzThree 100x m/b\n", "3 targets", true},
		{"the whole time is shared out", "2h", "30m", nil, "FuzzOne 600s m/a\nFuzzTwo 900s m/a\nFuzzThree 1800s m/b\n", "3 targets", true},
		{"no target has more than its time", "2s", "1h", nil, "FuzzOne 2s m/a\nFuzzTwo 2s m/a\nFuzzThree 2s m/b\n", "3 targets", true},
		{"one that fails keeps none from its turn, and fails the run", "7s", "", map[string]string{"FuzzOne": "Failing input written to testdata"},
			"FuzzOne 7s m/a\nFuzzTwo 7s m/a\nFuzzThree 7s m/b\n", "failed: m/a FuzzOne", false},
		{"a time that was over is no finding, once", "7s", "", map[string]string{"FuzzTwo": "context deadline exceeded"},
			"FuzzOne 7s m/a\nFuzzTwo 7s m/a\nFuzzTwo 7s m/a\nFuzzThree 7s m/b\n", "0 failed", true},
		{"an input that was found is one, whatever the time", "7s", "", map[string]string{"FuzzTwo": "context deadline exceeded\nFailing input written to testdata"},
			"FuzzOne 7s m/a\nFuzzTwo 7s m/a\nFuzzThree 7s m/b\n", "failed: m/a FuzzTwo", false},
		{"a whole time needs a time for each", "100x", "1m", nil, "", "must be a time", false},
	}
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			dir := fuzzTree(t)
			for target, text := range test.fails {
				write(t, filepath.Join(dir, target), text)
			}
			cmd := exec.Command("bash", filepath.Join(dir, ".ci", "fuzz"), test.time)
			cmd.Env = append(os.Environ(), "PATH="+filepath.Join(dir, "bin")+":"+os.Getenv("PATH"), "LOG="+filepath.Join(dir, "log"), "FUZZTOTAL="+test.total)
			out, err := cmd.CombinedOutput()
			if (err == nil) != test.ok || !strings.Contains(string(out), test.says) {
				t.Errorf("error %v, output\n%s\nwant %q in it", err, out, test.says)
			}
			ran, _ := os.ReadFile(filepath.Join(dir, "log")) // none when nothing ran
			if got := hundreds(string(ran)); got != test.ran {
				t.Errorf("ran\n%s, want\n%s", got, test.ran)
			}
		})
	}
}

// hundreds rounds the long times of a log up: some seconds go by between the turns.
func hundreds(log string) string {
	return regexp.MustCompile(`\d{3,}s`).ReplaceAllStringFunc(log, func(text string) string {
		n, err := strconv.Atoi(strings.TrimSuffix(text, "s"))
		if err != nil {
			return text
		}
		return fmt.Sprintf("%ds", (n+99)/100*100)
	})
}

// fuzzTree is a tree with the script, a fake toolchain and two packages that have targets.
func fuzzTree(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	script, err := os.ReadFile(filepath.Join("..", "..", ".ci", "fuzz"))
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, ".ci", "fuzz"), string(script))
	write(t, filepath.Join(dir, "bin", "go"), fuzzedGo)
	for _, name := range []string{"a/a_test.go", "b/b_test.go"} {
		write(t, filepath.Join(dir, name), "func FuzzX(f *testing.F) {}\n")
	}
	write(t, filepath.Join(dir, "none/none_test.go"), "func TestX(t *testing.T) {}\n")
	return dir
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
}
