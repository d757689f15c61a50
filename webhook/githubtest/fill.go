package githubtest

import (
	"maps"

	"github.com/getkin/kin-openapi/openapi3"
)

// fill returns given with every required property that it lacks, at the dullest value that its schema allows.
// GitHub's objects have dozens of required links that no App under test looks at. given wins, recursively.
func fill(schema *openapi3.Schema, given map[string]any) map[string]any {
	out := maps.Clone(given)
	if out == nil {
		out = map[string]any{}
	}
	for _, part := range schema.AllOf {
		out = fill(part.Value, out)
	}
	for _, name := range schema.Required {
		if _, there := out[name]; !there && schema.Properties[name] != nil {
			out[name] = dull(schema.Properties[name].Value)
		}
	}
	for name, value := range out {
		property := schema.Properties[name]
		if object, ok := value.(map[string]any); ok && property != nil && len(property.Value.Properties) > 0 {
			out[name] = fill(property.Value, object)
		}
	}
	return out
}

// dull is a plain value of a schema: null where it may be, else the first choice, else empty.
func dull(s *openapi3.Schema) any {
	switch {
	case s.Nullable:
		return nil
	case len(s.Enum) > 0:
		return s.Enum[0]
	case len(s.OneOf) > 0:
		return dull(s.OneOf[0].Value)
	case len(s.AnyOf) > 0:
		return dull(s.AnyOf[0].Value)
	case s.Type.Is("string"):
		return dullText(s.Format)
	case s.Type.Is("integer"), s.Type.Is("number"):
		return 0
	case s.Type.Is("boolean"):
		return false
	case s.Type.Is("array"):
		return []any{}
	default:
		return fill(s, nil)
	}
}

func dullText(format string) string {
	switch format {
	case "uri":
		return "https://github.invalid/"
	case "date-time":
		return "2026-01-01T00:00:00Z"
	case "email":
		return "somebody@github.invalid"
	default:
		return ""
	}
}
