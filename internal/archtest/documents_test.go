package archtest

import (
	"fmt"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	makeTarget   = regexp.MustCompile(`(?m)^([a-z][a-z-]*):`)
	madeInText   = regexp.MustCompile(`(?:^|[\s;&|(])make ((?:[a-z][a-z-]*\b[ ]?)+)`)
	codeInText   = regexp.MustCompile("(?ms)^ {0,3}```.*?^ {0,3}```|`[^`\n]+`|^(?: {4}|\t).*?$")
	linkInText   = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	tableRow     = regexp.MustCompile("(?m)^\\| `([a-z][A-Za-z/]*)` \\|")
	numberedNote = regexp.MustCompile(`^docs/adr/(\d{4})-[a-z0-9-]+\.md$`)
)

func documents(t *testing.T) []string {
	t.Helper()
	return slices.DeleteFunc(treeFiles(t, root), func(name string) bool {
		return path.Ext(name) != ".md" || strings.Contains(name, "testdata/")
	})
}

func TestDocumentsNameOnlyTargetsThatTheMakefileHas(t *testing.T) {
	t.Parallel()
	var targets []string
	for _, found := range makeTarget.FindAllStringSubmatch(textOf(t, root, "Makefile"), -1) {
		targets = append(targets, found[1])
	}
	for _, name := range documents(t) {
		for _, target := range targetsNamed(textOf(t, root, name)) {
			if !slices.Contains(targets, target) {
				t.Errorf("%s says make %s, which the Makefile does not have", name, target)
			}
		}
	}
}

// targetsNamed are the targets of make that a document's code spans and blocks call.
func targetsNamed(document string) []string {
	var targets []string
	for _, code := range codeInText.FindAllString(document, -1) {
		for line := range strings.Lines(strings.Trim(code, "`")) {
			line, _, _ = strings.Cut(line, "#")
			for _, found := range madeInText.FindAllStringSubmatch(line, -1) {
				targets = append(targets, strings.Fields(found[1])...)
			}
		}
	}
	return targets
}

func TestTargetsInTextAreSeen(t *testing.T) {
	t.Parallel()
	document := "Please make sure.\n\n    make demo        # make nothing of it\n    cd x && make test\n\nThen `make check lint`:\n```\nmake build VERSION=1\n```\n"
	if got := targetsNamed(document); !slices.Equal(got, []string{"demo", "test", "check", "lint", "build"}) {
		t.Errorf("targets %q", got)
	}
}

func TestDocumentsLinkOnlyToFilesThatExist(t *testing.T) {
	t.Parallel()
	for _, name := range documents(t) {
		for _, problem := range deadLinks(name, textOf(t, root, name), func(file string) bool {
			_, err := os.Stat(filepath.Join(root, file))
			return err == nil
		}) {
			t.Error(problem)
		}
	}
}

func deadLinks(name, document string, exists func(string) bool) []string {
	var problems []string
	for _, found := range linkInText.FindAllStringSubmatch(document, -1) {
		link, err := url.Parse(found[1])
		if err != nil || link.Scheme != "" || link.Path == "" {
			continue // another site's, or a heading of this document
		}
		if file := path.Join(path.Dir(name), link.Path); !exists(file) {
			problems = append(problems, fmt.Sprintf("%s links to %s, which does not exist", name, file))
		}
	}
	return problems
}

func TestADeadLinkIsSeen(t *testing.T) {
	t.Parallel()
	exists := func(file string) bool { return file == "docs/there.md" }
	document := "[a](there.md#part) [b](gone.md) [c](https://example.org/x) [d](#here) [e](../docs/there.md)"
	if got := deadLinks("docs/a.md", document, exists); len(got) != 1 || !strings.Contains(got[0], "docs/gone.md") {
		t.Errorf("problems %q", got)
	}
}

func TestTheDocumentAndTheTableNameTheSameRooms(t *testing.T) {
	t.Parallel()
	var written []string
	for _, found := range tableRow.FindAllStringSubmatch(textOf(t, root, "docs/architecture.md"), -1) {
		written = append(written, found[1])
	}
	for name := range rooms {
		if strings.HasPrefix(name, "cmd/") {
			continue // one line for all
		}
		if !slices.Contains(written, name) {
			t.Errorf("docs/architecture.md has no row for %s", name)
		}
	}
	for _, name := range written {
		if _, listed := rooms[name]; !listed {
			t.Errorf("docs/architecture.md has a row for %s, which is no room of the table", name)
		}
	}
}

func TestEachDecisionHasItsFourParts(t *testing.T) {
	t.Parallel()
	numbers := map[string]string{}
	for _, name := range treeFiles(t, root) {
		found := numberedNote.FindStringSubmatch(name)
		if found == nil {
			if strings.HasPrefix(name, "docs/adr/") {
				t.Errorf("%s is not named NNNN-words.md", name)
			}
			continue
		}
		if other, taken := numbers[found[1]]; taken {
			t.Errorf("%s and %s have one number", name, other)
		}
		numbers[found[1]] = name
		text := textOf(t, root, name)
		for _, part := range []string{"## Context", "## Choice", "## What we gave up", "## How we would notice that it was wrong"} {
			if !strings.Contains(text, "\n"+part+"\n") {
				t.Errorf("%s has no part %q", name, part)
			}
		}
	}
	if len(numbers) == 0 {
		t.Error("docs/adr holds no decision")
	}
}
