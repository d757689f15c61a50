package archtest

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var changeKinds = []string{"added", "changed", "fixed", "removed", "security"}

var changeHead = regexp.MustCompile(`^([a-z]+): (\S.*)$`)

func TestEveryChangeFileHasTheFormOfChangelogReadme(t *testing.T) {
	t.Parallel()
	for _, name := range treeFiles(t, root) {
		if strings.HasPrefix(name, "changelog/unreleased/") {
			report(t, changeProblems(name, textOf(t, root, name)))
		}
	}
}

// changeProblems checks one change file against changelog/README.md.
func changeProblems(name, text string) []string {
	var problems []string
	say := func(format string, args ...any) {
		problems = append(problems, fmt.Sprintf("%s: %s (see changelog/README.md)", name, fmt.Sprintf(format, args...)))
	}
	if path.Ext(name) != ".md" {
		say("is not named *.md")
	}
	head, body, _ := strings.Cut(text, "\n")
	found := changeHead.FindStringSubmatch(head)
	switch {
	case found == nil:
		say("the first line is not `kind: what changed`")
	case !slices.Contains(changeKinds, found[1]):
		say("the kind %q is none of %s", found[1], strings.Join(changeKinds, ", "))
	}
	if body != "" && !strings.HasPrefix(body, "\n") {
		say("an empty line must follow the first")
	}
	return problems
}

func TestABadChangeFileIsSeen(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name, file, text string
		want             int
	}{
		{"one line", "changelog/unreleased/a.md", "added: a verb\n", 0},
		{"a line and a paragraph", "changelog/unreleased/a.md", "fixed: a bug\n\nIt was old.\n", 0},
		{"no kind", "changelog/unreleased/a.md", "A verb\n", 1},
		{"an unknown kind", "changelog/unreleased/a.md", "improved: a verb\n", 1},
		{"no empty line", "changelog/unreleased/a.md", "added: a verb\nmore\n", 1},
		{"not Markdown", "changelog/unreleased/a.txt", "added: a verb\n", 1},
	}
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if got := changeProblems(test.file, test.text); len(got) != test.want {
				t.Errorf("problems %q, want %d", got, test.want)
			}
		})
	}
}
