package archtest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/go/packages"
)

func TestALibraryUserLinksNoMoreThanPromised(t *testing.T) {
	t.Parallel()
	graph := map[string][]string{}
	packages.Visit(load(t, packages.NeedName|packages.NeedImports|packages.NeedDeps), nil, func(pkg *packages.Package) {
		for _, imported := range pkg.Imports {
			graph[pkg.PkgPath] = append(graph[pkg.PkgPath], imported.PkgPath)
		}
		slices.Sort(graph[pkg.PkgPath])
	})
	if _, seen := graph[module+"/scanner"]; !seen {
		t.Fatal("the scanner was not loaded: this test looks at the wrong thing")
	}
	for _, rule := range linking {
		t.Run(rule.name, func(t *testing.T) {
			t.Parallel()
			for _, pkg := range slices.Sorted(maps.Keys(graph)) {
				ours, ok := strings.CutPrefix(pkg, module+"/")
				if !ok || !matchAny(rule.of, ours) {
					continue
				}
				if way := wayTo(graph, pkg, rule.never); way != nil {
					t.Errorf("%s links %s (%s): %s", ours, way[len(way)-1], rule.reason, strings.Join(way, " → "))
				}
			}
		})
	}
}

// wayTo is the shortest chain of imports from a package to one whose path is, or lies below, a forbidden one; nil where
// there is none.
func wayTo(graph map[string][]string, from string, never []string) []string {
	before := map[string]string{from: ""}
	queue := []string{from}
	for len(queue) > 0 {
		pkg := queue[0]
		queue = queue[1:]
		if pkg != from && slices.ContainsFunc(never, func(path string) bool { return isOrBelow(pkg, path) }) {
			return chain(before, pkg)
		}
		for _, imported := range graph[pkg] {
			if _, seen := before[imported]; !seen {
				before[imported] = pkg
				queue = append(queue, imported)
			}
		}
	}
	return nil
}

func isOrBelow(pkg, path string) bool {
	path = strings.TrimSuffix(path, "/")
	return pkg == path || strings.HasPrefix(pkg, path+"/")
}

func chain(before map[string]string, end string) []string {
	var way []string
	for pkg := end; pkg != ""; pkg = before[pkg] {
		way = append(way, pkg)
	}
	slices.Reverse(way)
	return way
}

func TestALinkIsSeenHoweverFarAway(t *testing.T) {
	t.Parallel()
	graph := map[string][]string{"us/scanner": {"us/leaf", "other/a"}, "us/leaf": {"fmt"}, "other/a": {"other/b", "us/scanner"}, "other/b": {"database/sql/driver"}}
	cases := []struct {
		name  string
		from  string
		never []string
		want  string
	}{
		{"three imports away, below the forbidden path", "us/scanner", []string{"database/sql"}, "us/scanner other/a other/b database/sql/driver"},
		{"a direct import", "us/leaf", []string{"fmt"}, "us/leaf fmt"},
		{"a path that only begins alike", "other/b", []string{"database/sq"}, ""},
		{"a cycle ends, and the package itself is no link", "us/scanner", []string{"us/scanner"}, ""},
	}
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if got := strings.Join(wayTo(graph, test.from, test.never), " "); got != test.want {
				t.Errorf("way %q, want %q", got, test.want)
			}
		})
	}
	if got := fmt.Sprint(wayTo(nil, "us/none", []string{"fmt"})); got != "[]" {
		t.Errorf("an unknown package links %s", got)
	}
}
