package archtest

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// banned is something that no file of the repository says.
type banned struct {
	what string
	// literal, in lower case, stands in every match in any case: looked for first, since an expression over the whole tree takes seconds.
	literal string
	expr    *regexp.Regexp
	// but are folders or files where it may stand.
	but []string
}

// hosts are those of package registries, written in pieces so that this file does not name them.
var hosts = []string{
	"proxy.golang" + ".org", "sum.golang" + ".org", "registry.npmjs" + ".org", "registry.yarnpkg" + ".com", "pypi" + ".org",
	"pythonhosted" + ".org", "crates" + ".io", "rubygems" + ".org", "deb.debian" + ".org", "repo.maven.apache" + ".org",
	"registry-1.docker" + ".io",
}

// unsaid are the words of the repository that are not about the product.
func unsaid() []banned {
	var all []banned
	for _, host := range hosts {
		all = append(all, banned{
			what:    "a package registry's host, which is the business of each machine's own configuration",
			literal: host,
			expr:    regexp.MustCompile(`(?i)(?:^|[^a-z0-9-])` + regexp.QuoteMeta(host) + `(?:[^a-z0-9-]|$)`),
			// A registry's own tokens are verified and documented at the registry; GitHub's API description lists registries.
			but: []string{"patterns/catalogue", "webhook/githubtest/testdata/"},
		})
	}
	for literal, expr := range map[string]string{
		"/work" + "/":    `(?:^|[^A-Za-z0-9_./-])/work` + `/`,
		"/tmp" + "/":     `/tmp` + `/(?:wt|gl|brief)\b`,
		"../shar" + "ed": `\.\./shar` + `ed/`,
		"/root" + "/":    `(?:^|[^A-Za-z0-9_./-])/root` + `/`,
	} {
		all = append(all, banned{what: "a path of one machine", literal: literal, expr: regexp.MustCompile(expr)})
	}
	for literal, expr := range map[string]string{
		"authored" + "-by": `(?i)\bco-authored` + `-by:`,
		"age" + "nt":       `(?i)\bsub-?age` + `nts?\b`,
		"issues " + "show": `(?i)\bissues ` + `show\b`,
	} {
		all = append(all, banned{what: "how it was made instead of what it is", literal: literal, expr: regexp.MustCompile(expr)})
	}
	return all
}

func TestNoFileSaysWhatIsNotAboutTheProduct(t *testing.T) {
	t.Parallel()
	rules := unsaid()
	for _, name := range treeFiles(t, root) {
		report(t, sayings(rules, name, textOf(t, root, name)))
	}
}

func sayings(rules []banned, name, text string) []string {
	var problems []string
	lower := strings.ToLower(text)
	for _, rule := range rules {
		if !strings.Contains(lower, rule.literal) {
			continue
		}
		if slices.ContainsFunc(rule.but, func(prefix string) bool { return strings.HasPrefix(name, prefix) }) {
			continue
		}
		if at := rule.expr.FindStringIndex(text); at != nil {
			line := 1 + strings.Count(text[:at[0]], "\n")
			problems = append(problems, fmt.Sprintf("%s:%d says %q: %s", name, line, strings.TrimSpace(text[at[0]:at[1]]), rule.what))
		}
	}
	return problems
}

func TestWhatIsUnsaidIsSeen(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name, file, text string
		want             int
	}{
		{"a registry's host in a URL", "docs/a.md", "see https://" + hosts[0] + "/x", 1},
		{"a registry's host in another case", "docs/a.md", strings.ToUpper(hosts[2]), 1},
		{"a registry's host below another name", "docs/a.md", "https://my-" + hosts[4], 0},
		{"a registry's own tokens in the catalogue", "patterns/catalogue/x.yaml", "https://" + hosts[2] + "/-/whoami", 0},
		{"a path of one machine", "a.go", "open(\"/work" + "/main/x\")", 1},
		{"a folder of that name inside another", "a.go", "/srv/work" + "/x and ./work" + "/y", 0},
		{"a trailer about its making", "a.txt", "\nCo-authored" + "-By: x", 1},
		{"ordinary text", "a.md", "issues an API key, shows it once", 0},
	}
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if got := sayings(unsaid(), test.file, test.text); len(got) != test.want {
				t.Errorf("problems %q, want %d", got, test.want)
			}
		})
	}
}
