package patterns

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"
)

var update = flag.Bool("update", false, "rewrite catalogue.json and schema.json")

// readCatalogue reads the YAML as a contributor wrote it and applies every rule for built-in patterns.
func readCatalogue(t *testing.T) *Set {
	t.Helper()
	names, err := filepath.Glob("catalogue/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	rules := make([]rulesText, len(names))
	for i, name := range names {
		if rules[i], err = readRules(name); err != nil {
			t.Fatal(err)
		}
		rules[i].name = filepath.ToSlash(name)
	}
	set, problems, err := makeSet(rules, func(f *parsedFile) []Problem { return f.check(builtinFile) })
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range problems {
		t.Error(problem)
	}
	return set
}

// writeJSON writes a pattern a line, without empty fields.
func writeJSON(t *testing.T, set *Set) []byte {
	t.Helper()
	var out bytes.Buffer
	version, err := json.Marshal(set.Version())
	if err != nil {
		t.Fatal(err)
	}
	out.WriteString(`{"Version":` + string(version) + `,"Patterns":[` + "\n")
	for i, p := range set.All() {
		text, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		var fields any
		if err := json.Unmarshal(text, &fields); err != nil {
			t.Fatal(err)
		}
		if i > 0 {
			out.WriteString(",\n")
		}
		encoder := json.NewEncoder(&out)
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(withoutEmpty(fields)); err != nil {
			t.Fatal(err)
		}
		out.Truncate(out.Len() - 1)
	}
	out.WriteString("\n]}\n")
	return out.Bytes()
}

func withoutEmpty(value any) any {
	switch value := value.(type) {
	case map[string]any:
		for key, field := range value {
			if isEmpty(field) {
				delete(value, key)
			} else {
				value[key] = withoutEmpty(field)
			}
		}
	case []any:
		for i := range value {
			value[i] = withoutEmpty(value[i])
		}
	}
	return value
}

func isEmpty(value any) bool {
	switch value := value.(type) {
	case nil:
		return true
	case string:
		return value == ""
	case float64:
		return value == 0
	case bool:
		return !value
	default:
		return false
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(name, got, 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not what its sources say: run go test ./patterns -update", name)
	}
}

func TestTheEmbeddedCatalogueIsWhatTheFilesSay(t *testing.T) {
	t.Parallel()
	set := readCatalogue(t)
	if !t.Failed() { // nothing unsound is embedded
		golden(t, "catalogue.json", writeJSON(t, set))
	}
}
