package archtest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

func TestEveryPackageIsARoomOfTheTable(t *testing.T) {
	t.Parallel()
	report(t, unlisted(rooms, pending, goFiles(t, root)))
}

func TestNoRoomImportsWhatItsLineDoesNotName(t *testing.T) {
	t.Parallel()
	report(t, addedEdges(rooms, goFiles(t, root)))
}

func TestStrangersNeverMeetNotEvenInTests(t *testing.T) {
	t.Parallel()
	report(t, meetings(strangers, goFiles(t, root)))
}

func TestTheTableNamesOnlyRoomsOfTheTable(t *testing.T) {
	t.Parallel()
	report(t, danglingNames(rooms))
}

// unlisted compares the packages of the tree with the table, in both directions.
func unlisted(table map[string]room, pending []string, files []goFile) []string {
	var problems []string
	there := map[string]bool{}
	for _, file := range files {
		there[file.room] = true
	}
	for _, name := range slices.Sorted(maps.Keys(there)) {
		switch _, listed := table[name]; {
		case !listed:
			problems = append(problems, fmt.Sprintf(
				"package %s is not in the table: a new room starts as a line of internal/archtest/table_test.go and docs/architecture.md", name))
		case slices.Contains(pending, name):
			problems = append(problems, fmt.Sprintf("package %s stands: take its line from internal/archtest/pending_test.go", name))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(table)) {
		if !there[name] && !slices.Contains(pending, name) {
			problems = append(problems, fmt.Sprintf("the table lists %s, but there is no such package", name))
		}
	}
	return problems
}

// addedEdges are the imports that the importing room's line does not name.
func addedEdges(table map[string]room, files []goFile) []string {
	var problems []string
	for _, file := range files {
		line, listed := table[file.room]
		if file.test || !listed { // unlisted reports the room
			continue
		}
		for _, imported := range file.imports {
			bothForTests := line.forTests && table[imported].forTests
			switch {
			case table[imported].forTests && !line.forTests:
				problems = append(problems, fmt.Sprintf("%s imports %s, which is for tests only", file.path, imported))
			case !bothForTests && !matchAny(line.may, imported):
				problems = append(problems, fmt.Sprintf("%s imports %s: the room %s may import %s", file.path, imported, file.room, said(line.may)))
			}
		}
	}
	return problems
}

func said(may []string) string {
	if len(may) == 0 {
		return "nothing of ours"
	}
	return "only " + strings.Join(may, ", ")
}

// meetings are the imports between two families of rooms, in any file.
func meetings(pair [2]string, files []goFile) []string {
	var problems []string
	for _, file := range files {
		for i, own := range pair {
			other := pair[1-i]
			if !within(own, file.room) {
				continue
			}
			for _, imported := range file.imports {
				if within(other, imported) {
					problems = append(problems, fmt.Sprintf("%s imports %s: %s and %s are strangers, in tests too", file.path, imported, own, other))
				}
			}
		}
	}
	return problems
}

func within(family, room string) bool { return room == family || strings.HasPrefix(room, family+"/") }

// danglingNames are the entries of lines that cover no room: a room was renamed and a line was forgotten.
func danglingNames(table map[string]room) []string {
	var problems []string
	for _, name := range slices.Sorted(maps.Keys(table)) {
		for _, may := range table[name].may {
			covers := func(room string) bool { return match(may, room) }
			if !slices.ContainsFunc(slices.Collect(maps.Keys(table)), covers) {
				problems = append(problems, fmt.Sprintf("the line of %s names %s, which is no room", name, may))
			}
		}
	}
	return problems
}

func TestTheBordersCanBeCrossed(t *testing.T) {
	t.Parallel()
	table := map[string]room{
		"a": {}, "b": {may: []string{"a", "c/*"}}, "c/d": {}, "t": {forTests: true}, "later": {},
		"scanner": {may: []string{"issuer/x"}}, "issuer/x": {},
	}
	base := []goFile{{path: "a/a.go", room: "a"}, {path: "b/b.go", room: "b", imports: []string{"a", "c/d"}}, {path: "c/d/d.go", room: "c/d"},
		{path: "t/t.go", room: "t"}, {path: "scanner/s.go", room: "scanner"}, {path: "issuer/x/x.go", room: "issuer/x"}}
	all := func(files []goFile) []string {
		return slices.Concat(unlisted(table, []string{"later"}, files), addedEdges(table, files), meetings(strangers, files))
	}
	for _, problem := range all(base) {
		t.Errorf("the sound module is refused: %s", problem)
	}
	cases := []struct {
		name string
		file goFile
		want string
	}{
		{"an edge that no line names", goFile{path: "a/new.go", room: "a", imports: []string{"b"}}, "a/new.go imports b: the room a may import nothing of ours"},
		{"a package that no line lists", goFile{path: "new/new.go", room: "new"}, "package new is not in the table"},
		{"a room that was pending and now stands", goFile{path: "later/l.go", room: "later"}, "package later stands"},
		{"a room for tests in the product", goFile{path: "b/t.go", room: "b", imports: []string{"t"}}, "for tests only"},
		{"a test of the scanner that imports the issuer", goFile{path: "scanner/s_test.go", room: "scanner", test: true, imports: []string{"issuer/x"}}, "strangers"},
		{"strangers meet although a line allows it", goFile{path: "scanner/y.go", room: "scanner", imports: []string{"issuer/x"}}, "strangers"},
	}
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			problems := all(append(slices.Clone(base), test.file))
			if !slices.ContainsFunc(problems, func(p string) bool { return strings.Contains(p, test.want) }) {
				t.Errorf("problems %q do not say %q", problems, test.want)
			}
		})
	}
	t.Run("a test file may import more than its room", func(t *testing.T) {
		t.Parallel()
		report(t, all(append(slices.Clone(base), goFile{path: "a/a_test.go", room: "a", test: true, imports: []string{"b", "t"}})))
	})
	t.Run("a room that the table lists and the tree lacks", func(t *testing.T) {
		t.Parallel()
		if problems := all(base[1:]); !slices.Contains(problems, "the table lists a, but there is no such package") {
			t.Errorf("problems %q do not say it", problems)
		}
	})
	t.Run("a line that names no room", func(t *testing.T) {
		t.Parallel()
		if problems := danglingNames(map[string]room{"a": {may: []string{"gone"}}}); len(problems) != 1 {
			t.Errorf("problems %q", problems)
		}
	})
}
