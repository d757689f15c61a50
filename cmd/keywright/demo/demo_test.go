package demo_test

import (
	"bytes"
	"encoding/base64"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/keywright/keywright/cmd/keywright/demo"
	"github.com/keywright/keywright/cmd/keywright/internal/cmdio"
)

// logGit puts a git before the real one that writes its arguments to a file.
func logGit(t *testing.T) (arguments string) {
	t.Helper()
	git, err := exec.LookPath("git")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	arguments = filepath.Join(dir, "arguments")
	script := "#!/bin/sh\nprintf '%s\\n' \"$@\" >>" + arguments + "\nexec " + git + " \"$@\"\n"
	if err := os.WriteFile(filepath.Join(dir, "git"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	return arguments
}

func TestTheDemoHoldsAndLeavesNoPlaintext(t *testing.T) {
	arguments := logGit(t)
	t.Setenv("TMPDIR", t.TempDir())
	t.Chdir(t.TempDir()) // no .git here: it makes a repository
	var out, notes bytes.Buffer
	io := &cmdio.IO{In: strings.NewReader(""), Out: &out, Err: &notes, Getenv: os.Getenv, Now: time.Now, Actor: "test"}
	if err := demo.Run(t.Context(), io, &demo.Options{Keep: true}); err != nil {
		t.Fatalf("%v\n%s%s", err, out.String(), notes.String())
	}
	kept := filepath.Join(os.Getenv("TMPDIR"), onlyEntry(t, os.Getenv("TMPDIR")))
	keys := plantedKeys(t, filepath.Join(kept, "clone"))

	for _, want := range []string{"200 OK", "401 Unauthorized", "2 signed checkpoints", "is live: of billing", "ms between"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the transcript does not say %q", want)
		}
	}
	if strings.Contains(out.String(), "\x1b[") {
		t.Error("colour without a terminal")
	}
	logged, err := os.ReadFile(arguments)
	if err != nil || !strings.Contains(string(logged), "hash-object") {
		t.Fatalf("the arguments of git were not logged: %v", err)
	}
	texts := map[string]string{"stdout": out.String(), "stderr": notes.String(), "the arguments of git": string(logged)}
	readAll(t, kept, texts)
	for name, text := range texts {
		for _, key := range keys {
			if strings.Contains(text, key) || strings.Contains(text, key[len("demo_live_")+12:][:12]) {
				t.Errorf("%s holds a key", name)
			}
		}
	}
}

func onlyEntry(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Fatalf("%v in %s, %v", entries, dir, err)
	}
	return entries[0].Name()
}

// plantedKeys reads the two keys back from where the demo leaked them.
func plantedKeys(t *testing.T, clone string) []string {
	t.Helper()
	show := func(object string) string {
		text, err := exec.CommandContext(t.Context(), "git", "-C", clone, "show", object).Output()
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	inClear := regexp.MustCompile(`demo_live_[0-9A-Za-z]{51}`).FindString(show("HEAD~1:config/production.env"))
	encoded := regexp.MustCompile(`key: (\S+)`).FindStringSubmatch(show("deploy-notes:deploy/secret.yaml"))
	hidden, err := base64.StdEncoding.DecodeString(encoded[1])
	if err != nil || inClear == "" || len(hidden) != len(inClear) {
		t.Fatal("the keys are not where they were planted")
	}
	return []string{inClear, string(hidden)}
}

// readAll adds every file that the demo left but the clone's, which holds the keys on purpose.
func readAll(t *testing.T, dir string, texts map[string]string) {
	t.Helper()
	files := 0
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && entry.Name() == "clone" {
			return filepath.SkipDir
		}
		if entry.Type().IsRegular() {
			files++
			text, err := os.ReadFile(path)
			texts[path] = string(text)
			return err
		}
		return nil
	})
	if err != nil || files < 3 {
		t.Fatalf("%d files in %s, want store, pepper and signing key: %v", files, dir, err)
	}
}

func TestTheDemoClonesWhatItIsToldAndCleansUp(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	source := t.TempDir()
	for _, args := range [][]string{{"init", "-q", source}, {"-C", source, "-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "-q", "--allow-empty", "-m", "one"}} {
		if out, err := exec.CommandContext(t.Context(), "git", args...).CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v: %s", args, err, out)
		}
	}
	var out bytes.Buffer
	io := &cmdio.IO{In: strings.NewReader(""), Out: &out, Err: &out, OutTerminal: true, Getenv: func(string) string { return "" }, Now: time.Now, Actor: "test"}
	if err := demo.Run(t.Context(), io, &demo.Options{Repo: source}); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	if !strings.Contains(out.String(), "of "+source) || !strings.Contains(out.String(), "\x1b[") {
		t.Error("it did not clone what it was told, or did not colour on a terminal")
	}
	if left, err := os.ReadDir(os.Getenv("TMPDIR")); err != nil || len(left) != 0 {
		t.Errorf("left %v, %v", left, err)
	}
	if err := demo.Run(t.Context(), io, &demo.Options{Repo: filepath.Join(source, "nowhere")}); err == nil {
		t.Error("a repository that is not there was cloned")
	}
}
