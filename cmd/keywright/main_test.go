package main

import (
	"encoding/base64"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"keywright": main})
}

// TestScripts runs every verb as a user would. Commands beside testscript's own:
//
//	exits CODE command…     runs a command and wants that exit code, and no Go panic
//	commit DIR MESSAGE      stages all and commits
//	fifo PATH               makes a FIFO
//	asfile FILE…            writes the last standard output, without its line end, to each FILE
//	expand FILE KEYFILE     replaces @KEY@ and @BASE64KEY@ in FILE by what stands in KEYFILE
//	secretfree FILE…        wants none of the keys that asfile kept, nor any quarter of one, in a file or below a folder
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		UpdateScripts:       os.Getenv("UPDATE_SCRIPTS") != "",
		Setup:               setup,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":      exits,
			"commit":     commit,
			"fifo":       fifo,
			"asfile":     asFile,
			"expand":     expand,
			"secretfree": secretFree,
		},
	})
}

// setup gives each script a home of its own, so that neither git nor keywright sees the user's.
func setup(env *testscript.Env) error {
	home := filepath.Join(env.WorkDir, ".home")
	for name, value := range map[string]string{
		"HOME": home, "XDG_CONFIG_HOME": filepath.Join(home, "config"), "XDG_DATA_HOME": filepath.Join(home, "data"),
		"XDG_CACHE_HOME": filepath.Join(home, "cache"), "NO_COLOR": "1", "LC_ALL": "C",
		"GIT_CONFIG_GLOBAL": filepath.Join(home, "gitconfig"), "GIT_CONFIG_NOSYSTEM": "1",
		"GIT_AUTHOR_DATE": "2026-01-02T03:04:05Z", "GIT_COMMITTER_DATE": "2026-01-02T03:04:05Z",
	} {
		env.Setenv(name, value)
	}
	if err := os.MkdirAll(home, 0o700); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(home, "gitconfig"), []byte(`[user]
	name = Ada
	email = ada@example.org
[init]
	defaultBranch = main
[protocol "file"]
	allow = always
[uploadpack]
	allowFilter = true
[core]
	autocrlf = false
`), 0o600)
}

func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE command…")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%s: %v", args[1], err)
		}
		got = exit.ExitCode()
	}
	for _, out := range []string{ts.ReadFile("stdout"), ts.ReadFile("stderr")} {
		if strings.Contains(out, "panic: ") || strings.Contains(out, "\ngoroutine ") {
			ts.Fatalf("it panicked")
		}
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d\n%s", got, want, ts.ReadFile("stderr"))
	}
}

func commit(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: commit DIR MESSAGE")
	}
	ts.Check(ts.Exec("git", "-C", args[0], "add", "-A"))
	ts.Check(ts.Exec("git", "-C", args[0], "commit", "-q", "--allow-empty", "-m", args[1]))
}

func fifo(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: fifo PATH")
	}
	ts.Check(syscall.Mkfifo(ts.MkAbs(args[0]), 0o600))
}

// keysFile lists the keys of a script, for secretfree. It stands outside what scripts scan.
func keysFile(ts *testscript.TestScript) string {
	return ts.MkAbs(ts.Getenv("HOME") + "/keys-of-the-script")
}

func asFile(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: asfile FILE…")
	}
	text := strings.TrimRight(ts.ReadFile("stdout"), "\n")
	for _, name := range args {
		ts.Check(os.WriteFile(ts.MkAbs(name), []byte(text), 0o600))
	}
	f, err := os.OpenFile(keysFile(ts), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	ts.Check(err)
	_, err = f.WriteString(text + "\n")
	ts.Check(errors.Join(err, f.Close()))
}

func expand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: expand FILE KEYFILE")
	}
	key := ts.ReadFile(args[1])
	text := ts.ReadFile(args[0])
	text = strings.ReplaceAll(text, "@BASE64KEY@", base64.StdEncoding.EncodeToString([]byte(key)))
	text = strings.ReplaceAll(text, "@KEY@", key)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o600))
}

func secretFree(ts *testscript.TestScript, neg bool, args []string) {
	keys := strings.Fields(ts.ReadFile(keysFile(ts)))
	if neg || len(args) == 0 || len(keys) == 0 {
		ts.Fatalf("usage: secretfree FILE…, after asfile")
	}
	for _, name := range args {
		if name == "stdout" || name == "stderr" {
			noSecret(ts, keys, name, ts.ReadFile(name))
			continue
		}
		ts.Check(filepath.WalkDir(ts.MkAbs(name), func(path string, entry os.DirEntry, err error) error {
			if err != nil || !entry.Type().IsRegular() || path == keysFile(ts) {
				return err
			}
			data, err := os.ReadFile(path)
			noSecret(ts, keys, path, string(data))
			return err
		}))
	}
}

func noSecret(ts *testscript.TestScript, keys []string, where, text string) {
	for _, key := range keys {
		// Behind the last underscore: 12 of id, which is public, then 30 of secret.
		secret := key[strings.LastIndexByte(key, '_')+1+12:][:30]
		for i := 0; i+8 <= len(secret); i++ {
			if strings.Contains(text, secret[i:i+8]) {
				ts.Fatalf("%s holds a part of a key", where)
			}
		}
	}
}
