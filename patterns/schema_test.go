package patterns

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/keywright/keywright/internal/checksum"
)

// closedSets are the fields whose values are listed, by type and YAML name.
func closedSets() map[string][]string {
	return map[string][]string{
		"rulePattern.exposure": {"account", "project", "public-id"},
		"rulePattern.evidence": {"documented", "assumed"},
		"ruleFile.evidence":    {"documented", "assumed"},
		"Checksum.name":        checksum.Names(),
		"Checksum.over":        {"body", "all"},
	}
}

// needed are the fields that an entry cannot do without.
func needed() map[string][]string {
	return map[string][]string{
		"rulePattern":    {"id", "name", "examples"},
		"ruleRegex":      {"expr", "literals"},
		"ruleVerify":     {"auth", "live"},
		"Checksum":       {"name", "over", "length"},
		"Source":         {"url", "checked", "says"},
		"Reject":         {"name"},
		"CounterExample": {"text", "why"},
	}
}

func schemaOf(t *testing.T, typ reflect.Type) map[string]any {
	t.Helper()
	switch typ.Kind() {
	case reflect.Pointer:
		return schemaOf(t, typ.Elem())
	case reflect.Slice:
		return map[string]any{"type": "array", "items": schemaOf(t, typ.Elem())}
	case reflect.String:
		return map[string]any{"type": "string"}
	case reflect.Bool:
		return map[string]any{"type": "boolean"}
	case reflect.Int:
		return map[string]any{"type": "integer", "minimum": 0}
	case reflect.Float64:
		return map[string]any{"type": "number", "minimum": 0}
	case reflect.Struct:
		return schemaOfStruct(t, typ)
	default:
		t.Fatalf("the schema knows no %s", typ)
		return nil
	}
}

func schemaOfStruct(t *testing.T, typ reflect.Type) map[string]any {
	t.Helper()
	properties := map[string]any{}
	for i := range typ.NumField() {
		field := typ.Field(i)
		name, doc := field.Tag.Get("yaml"), field.Tag.Get("doc")
		if name == "" || doc == "" {
			t.Errorf("%s.%s has no yaml name or no doc", typ.Name(), field.Name)
		}
		schema := schemaOf(t, field.Type)
		schema["description"] = doc
		if values := closedSets()[typ.Name()+"."+name]; values != nil {
			schema["enum"] = values
		}
		properties[name] = schema
	}
	out := map[string]any{"type": "object", "additionalProperties": false, "properties": properties}
	if names := needed()[typ.Name()]; names != nil {
		out["required"] = names
	}
	return out
}

func TestTheSchemaIsWhatTheTypesSay(t *testing.T) {
	t.Parallel()
	schema := schemaOf(t, reflect.TypeFor[ruleFile]())
	schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	schema["title"] = "Keywright rules file"
	text, err := json.MarshalIndent(schema, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "schema.json", append(text, '\n'))
}

func TestTheSchemaKnowsEveryKeyOfTheCatalogue(t *testing.T) {
	t.Parallel()
	// The loader refuses unknown keys; what it reads must be what the schema offers to an editor.
	schema := schemaOf(t, reflect.TypeFor[rulePattern]())
	known, ok := schema["properties"].(map[string]any)
	if !ok {
		t.Fatal("no properties")
	}
	for _, name := range strings.Fields("id name format regex keywords generic public reject random_bits exposure verify revoke replaces shared_with sources evidence examples counter_examples") {
		if _, ok := known[name]; !ok {
			t.Errorf("the schema lacks %s", name)
		}
	}
}
