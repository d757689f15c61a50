package archtest

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"maps"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/go/packages"
)

// revelation is one place where code reaches for the plaintext.
type revelation struct {
	room     string
	function string // "Type.method", "function", or "package level"
	at       string
}

func TestOnlyTheListedFunctionsRevealASecret(t *testing.T) {
	t.Parallel()
	loaded := load(t, packages.LoadSyntax)
	var all []revelation
	for _, pkg := range loaded {
		at := strings.TrimPrefix(pkg.PkgPath, module+"/")
		all = append(all, revelations(at, pkg.Fset, pkg.Syntax, pkg.TypesInfo)...)
		for _, ignored := range pkg.IgnoredFiles { // another platform's or tag's: no types, so the text decides
			if strings.Contains(textOf(t, "/", ignored), ".Reveal") && !strings.HasSuffix(ignored, "_test.go") {
				all = append(all, revelation{room: at, function: "a file under another build tag", at: ignored})
			}
		}
	}
	if len(all) == 0 {
		t.Fatal("no call of Reveal was seen at all: this test looks at the wrong thing")
	}
	report(t, unlistedRevelations(revealers, all))
	report(t, unusedPermissions(revealers, pending, all))
}

// revelations finds every use of a method Reveal that returns a string: calls, method values, and calls through an
// interface that has the method.
func revelations(room string, fset *token.FileSet, files []*ast.File, info *types.Info) []revelation {
	var all []revelation
	for id, object := range info.Uses {
		function, ok := object.(*types.Func)
		if !ok || function.Name() != "Reveal" || !returnsText(function.Signature()) {
			continue
		}
		all = append(all, revelation{room: room, function: enclosing(files, id.Pos()), at: fset.Position(id.Pos()).String()})
	}
	slices.SortFunc(all, func(a, b revelation) int { return strings.Compare(a.at, b.at) })
	return all
}

func returnsText(signature *types.Signature) bool {
	results := signature.Results()
	return signature.Recv() != nil && signature.Params().Len() == 0 && results.Len() == 1 && types.Identical(results.At(0).Type(), types.Typ[types.String])
}

func enclosing(files []*ast.File, pos token.Pos) string {
	for _, file := range files {
		for _, decl := range file.Decls {
			function, ok := decl.(*ast.FuncDecl)
			if !ok || pos < function.Pos() || pos >= function.End() {
				continue
			}
			if function.Recv == nil {
				return function.Name.Name
			}
			return receiver(function.Recv.List[0].Type) + "." + function.Name.Name
		}
	}
	return "package level"
}

func receiver(expr ast.Expr) string {
	switch expr := expr.(type) {
	case *ast.StarExpr:
		return receiver(expr.X)
	case *ast.IndexExpr:
		return receiver(expr.X)
	case *ast.Ident:
		return expr.Name
	default:
		return "?"
	}
}

func unlistedRevelations(allowed map[string][]string, all []revelation) []string {
	var problems []string
	for _, one := range all {
		if functions := allowed[one.room]; !slices.Contains(functions, "*") && !slices.Contains(functions, one.function) {
			problems = append(problems, fmt.Sprintf("%s: %s of %s reveals a secret and is not listed in revealers of internal/archtest/table_test.go", one.at, one.function, one.room))
		}
	}
	return problems
}

// unusedPermissions are the entries that nothing needs (any more): each is a door that somebody may walk through unseen.
func unusedPermissions(allowed map[string][]string, pending []string, all []revelation) []string {
	var problems []string
	for _, name := range slices.Sorted(maps.Keys(allowed)) {
		if slices.Contains(pending, name) {
			continue
		}
		for _, function := range allowed[name] {
			if !slices.ContainsFunc(all, func(one revelation) bool { return one.room == name && (function == "*" || function == one.function) }) {
				problems = append(problems, fmt.Sprintf("revealers of internal/archtest/table_test.go lists %q of %s, which reveals nothing", function, name))
			}
		}
	}
	return problems
}

func TestAPermissionThatNothingNeedsIsSeen(t *testing.T) {
	t.Parallel()
	all := []revelation{{room: "a", function: "show"}}
	allowed := map[string][]string{"a": {"show", "gone"}, "b": {"*"}, "later": {"*"}}
	if problems := unusedPermissions(allowed, []string{"later"}, all); len(problems) != 2 {
		t.Errorf("problems %q, want those of gone and of b", problems)
	}
	report(t, unusedPermissions(map[string][]string{"a": {"*", "show"}}, nil, all))
}

func TestARevelationIsSeenInEveryForm(t *testing.T) {
	t.Parallel()
	const head = "package p\ntype Text struct{}\nfunc (Text) Reveal() string { return \"\" }\ntype box struct{ Reveal bool }\n"
	cases := []struct {
		name, body string
		want       []string // functions
	}{
		{"a call", "func show(t Text) string { return t.Reveal() }", []string{"show"}},
		{"a call in a method", "func (b *box) show(t Text) string { return t.Reveal() }", []string{"box.show"}},
		{"a method value", "func show(t Text) func() string { return t.Reveal }", []string{"show"}},
		{"a method expression at package level", "var show = Text.Reveal", []string{"package level"}},
		{"a call through an interface", "func show(t interface{ Reveal() string }) string { return t.Reveal() }", []string{"show"}},
		{"a call in a function literal", "var show = func(t Text) string { return t.Reveal() }", []string{"package level"}},
		{"a field of that name", "func show(b box) bool { return b.Reveal }", nil},
		{"another method of that name", "type door struct{}\nfunc (door) Reveal(int) string { return \"\" }\nfunc show(d door) string { return d.Reveal(1) }", nil},
	}
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got := revelationsOfSource(t, head+test.body)
			var functions []string
			for _, one := range got {
				functions = append(functions, one.function)
			}
			if !slices.Equal(functions, test.want) {
				t.Fatalf("seen in %q, want %q", functions, test.want)
			}
			if problems := unlistedRevelations(map[string][]string{"p": {"other"}}, got); len(problems) != len(test.want) {
				t.Errorf("unlisted callers passed: %q", problems)
			}
			report(t, unlistedRevelations(map[string][]string{"p": test.want}, got))
			report(t, unlistedRevelations(map[string][]string{"p": {"*"}}, got))
		})
	}
}

func revelationsOfSource(t *testing.T, source string) []revelation {
	t.Helper()
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "p.go", source, 0)
	if err != nil {
		t.Fatal(err)
	}
	info := &types.Info{Uses: map[*ast.Ident]types.Object{}}
	if _, err := new(types.Config).Check("p", fset, []*ast.File{file}, info); err != nil {
		t.Fatal(err)
	}
	return revelations("p", fset, []*ast.File{file}, info)
}

// load loads the packages of the module without their tests and fails on one that does not build.
func load(t *testing.T, mode packages.LoadMode) []*packages.Package {
	t.Helper()
	loaded, err := packages.Load(&packages.Config{Mode: mode | packages.NeedModule, Dir: root}, "./...")
	if err != nil {
		t.Fatalf("load the packages: %v", err)
	}
	for _, pkg := range loaded {
		for _, err := range pkg.Errors {
			t.Fatalf("load %s: %v", pkg.PkgPath, err)
		}
	}
	return loaded
}
