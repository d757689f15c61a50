package patterns

import (
	"bytes"
	"flag"
	"fmt"
	"go/format"
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

var update = flag.Bool("update", false, "rewrite catalogue_builtin.go and schema.json")

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

// writeGo writes the set as a table in Go, a pattern a line, without empty fields.
func writeGo(t *testing.T, set *Set) []byte {
	t.Helper()
	var out bytes.Buffer
	out.WriteString("// Code generated from catalogue/*.yaml by go test ./patterns -update. DO NOT EDIT.\n\npackage patterns\n\n")
	fmt.Fprintf(&out, "const builtinVersion = %q\n\nvar builtinPatterns = [...]Pattern{\n", set.Version())
	for _, p := range set.All() {
		out.WriteByte('\t')
		writeFields(&out, reflect.ValueOf(*p))
		out.WriteString(",\n")
	}
	out.WriteString("}\n")
	text, err := format.Source(out.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func writeFields(out *bytes.Buffer, v reflect.Value) {
	out.WriteByte('{')
	for i := range v.NumField() {
		if field := v.Field(i); !field.IsZero() {
			out.WriteString(v.Type().Field(i).Name + ": ")
			writeValue(out, field)
			out.WriteString(", ")
		}
	}
	if bytes.HasSuffix(out.Bytes(), []byte(", ")) {
		out.Truncate(out.Len() - 2)
	}
	out.WriteByte('}')
}

func writeValue(out *bytes.Buffer, v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		out.WriteString("&" + v.Elem().Type().Name())
		writeFields(out, v.Elem())
	case reflect.Struct:
		out.WriteString(v.Type().Name())
		writeFields(out, v)
	case reflect.Slice:
		out.WriteString("[]" + v.Type().Elem().Name() + "{")
		for i := range v.Len() {
			if i > 0 {
				out.WriteString(", ")
			}
			if v.Index(i).Kind() == reflect.Struct {
				writeFields(out, v.Index(i))
			} else {
				writeValue(out, v.Index(i))
			}
		}
		out.WriteByte('}')
	case reflect.String:
		fmt.Fprintf(out, "%q", v.String())
	default: // numbers and truth values are written as they print
		fmt.Fprint(out, v.Interface())
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
	if t.Failed() {
		return
	}
	builtin, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	if !*update && !reflect.DeepEqual(builtin.All(), set.All()) {
		t.Error("the patterns of the program are not those of the files")
	}
	if !t.Failed() { // nothing unsound is embedded
		golden(t, "catalogue_builtin.go", writeGo(t, set))
	}
}
