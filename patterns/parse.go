package patterns

import (
	"errors"
	"fmt"
	"io"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// The caps of rules files. Each is far above what a person writes.
const (
	maxRuleFileBytes   = 1 << 20
	maxPatternsPerFile = 2000
	maxRuleFiles       = 1000
)

// Parse reads one rules file and checks it as a user's file is checked. The error joins every [Problem].
func Parse(name string, data []byte) ([]*Pattern, error) {
	parsed, problems := parse(name, data)
	if len(problems) == 0 {
		problems = parsed.check(userFile)
	}
	if len(problems) > 0 {
		return nil, joinProblems(problems)
	}
	return parsed.patterns, nil
}

func joinProblems(problems []Problem) error {
	errs := make([]error, len(problems))
	for i, p := range problems {
		errs[i] = p
	}
	return errors.Join(errs...)
}

// parsedFile is what one rules file holds.
type parsedFile struct {
	patterns []*Pattern
	disabled []disabled
}

// disabled is one id under `disable:`.
type disabled struct {
	id     ID
	origin Origin
}

func (f *parsedFile) check(rules ruleset) []Problem {
	var out []Problem
	for _, p := range f.patterns {
		out = append(out, p.check(rules)...)
	}
	return out
}

// parse reads the text and its short forms; what the patterns mean is for check.
func parse(name string, data []byte) (*parsedFile, []Problem) {
	if len(data) > maxRuleFileBytes {
		return nil, []Problem{{File: name, Text: fmt.Sprintf("larger than %d bytes: split it", maxRuleFileBytes)}}
	}
	file, lines, problem := decode(name, data)
	if problem != nil {
		return nil, []Problem{*problem}
	}
	return file.read(name, lines)
}

// decode is where the YAML library runs. It panics on some broken files (fuzzing found tags on scalars), and
// a broken rules file must be told as one.
func decode(name string, data []byte) (file *ruleFile, lines map[string][]int, problem *Problem) {
	defer func() {
		if recover() != nil {
			problem = &Problem{File: name, Text: "cannot be read as YAML: see docs/pattern-format.md"}
		}
	}()
	tree, err := parser.ParseBytes(data, 0)
	if err != nil {
		return nil, nil, yamlProblem(name, err)
	}
	body, problem := onlyDocument(name, tree)
	if problem != nil {
		return nil, nil, problem
	}
	file = &ruleFile{}
	if err := yaml.NodeToValue(body, file, yaml.Strict()); err != nil && !errors.Is(err, io.EOF) {
		return nil, nil, yamlProblem(name, err)
	}
	return file, itemLines(body), nil
}

func onlyDocument(name string, tree *ast.File) (ast.Node, *Problem) {
	var docs []ast.Node
	for _, doc := range tree.Docs {
		if doc.Body != nil && doc.Body.Type() != ast.CommentType {
			docs = append(docs, doc.Body)
		}
	}
	if len(docs) == 0 {
		return nil, &Problem{File: name, Text: "holds no rules: write patterns: or disable:, see docs/pattern-format.md"}
	}
	if len(docs) > 1 {
		return nil, &Problem{File: name, Line: line(docs[1]), Text: "a second document: one rules file is one document, remove the ---"}
	}
	if found := findIndirect(docs[0]); found != nil {
		return nil, &Problem{File: name, Line: line(found), Text: "anchors, aliases and tags are not read: write the value out"}
	}
	return docs[0], nil
}

// findIndirect finds anchors and aliases, by which a file of a hundred bytes could stand for gigabytes, and
// tags, which say of a value that it is another one.
func findIndirect(node ast.Node) ast.Node {
	find := &indirectFinder{}
	ast.Walk(find, node)
	return find.found
}

type indirectFinder struct{ found ast.Node }

// Visit looks at one node on ast.Walk's way.
func (f *indirectFinder) Visit(node ast.Node) ast.Visitor {
	switch node.Type() {
	case ast.AnchorType, ast.AliasType, ast.MergeKeyType, ast.TagType:
		f.found = node
		return nil
	default:
		return f
	}
}

func line(node ast.Node) int {
	if token := node.GetToken(); token != nil && token.Position != nil {
		return token.Position.Line
	}
	return 0
}

// itemLines are the lines of the items of each top-level sequence, by its key.
func itemLines(body ast.Node) map[string][]int {
	out := map[string][]int{}
	mapping, ok := body.(*ast.MappingNode)
	if !ok {
		return out
	}
	for _, entry := range mapping.Values {
		items, ok := entry.Value.(*ast.SequenceNode)
		if !ok {
			continue
		}
		lines := make([]int, len(items.Values))
		for i, item := range items.Values {
			lines[i] = line(item)
			if inner, ok := item.(*ast.MappingNode); ok && len(inner.Values) > 0 {
				lines[i] = line(inner.Values[0].Key)
			}
		}
		out[entry.Key.String()] = lines
	}
	return out
}

func (file *ruleFile) read(name string, lines map[string][]int) (*parsedFile, []Problem) {
	if len(file.Patterns) > maxPatternsPerFile {
		return nil, []Problem{{File: name, Text: fmt.Sprintf("more than %d patterns: split it", maxPatternsPerFile)}}
	}
	if len(file.Patterns) == 0 && len(file.Disable) == 0 {
		return nil, []Problem{{File: name, Text: "holds no rules: write patterns: or disable:, see docs/pattern-format.md"}}
	}
	var problems []Problem
	out := &parsedFile{}
	for i := range file.Patterns {
		p := file.Patterns[i].pattern(file, Origin{name, at(lines["patterns"], i)})
		for _, slip := range file.Patterns[i].slips() {
			problems = append(problems, p.problem("%s", slip))
		}
		out.patterns = append(out.patterns, p)
	}
	for i, id := range file.Disable {
		out.disabled = append(out.disabled, disabled{id, Origin{name, at(lines["disable"], i)}})
	}
	return out, problems
}

func at(lines []int, i int) int {
	if i < len(lines) {
		return lines[i]
	}
	return 0
}

// yamlProblem takes the message and the line, never the source excerpt that the library would add: a rules
// file may hold what a person pasted by mistake.
func yamlProblem(name string, err error) *Problem {
	problem := &Problem{File: name, Text: "cannot be read as YAML"}
	var withToken yaml.Error
	if errors.As(err, &withToken) {
		problem.Text = withToken.GetMessage() + ": see docs/pattern-format.md"
		if token := withToken.GetToken(); token != nil && token.Position != nil {
			problem.Line = token.Position.Line
		}
	}
	return problem
}
