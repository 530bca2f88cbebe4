package config

import (
	"encoding/json"
	"slices"

	"github.com/spf13/pflag"
)

// Schema returns a JSON Schema (draft 2020-12) of the file, for editors. It omits defaults,
// because some depend on the machine, and does not restrict texts, which the flags check.
func Schema(flags *pflag.FlagSet, structured map[string]Structured) ([]byte, error) {
	properties := map[string]any{}
	flags.VisitAll(func(f *pflag.Flag) {
		if slices.Contains(notKeys, f.Name) || f.Hidden {
			return
		}
		_, usage := pflag.UnquoteUsage(f)
		property := typeSchema(f)
		property["description"] = usage
		properties[f.Name] = property
		if isSecret(f) {
			properties[f.Name+fileSuffix] = map[string]any{"type": "string", "description": "file that contains the value of " + f.Name}
		}
	})
	for key, s := range structured {
		property := map[string]any{"description": s.Usage}
		for k, v := range s.Schema {
			property[k] = v
		}
		properties[key] = property
	}
	data, err := json.MarshalIndent(map[string]any{
		"$schema":              "https://json-schema.org/draft/2020-12/schema",
		"title":                "Configuration of edge run",
		"type":                 "object",
		"properties":           properties,
		"additionalProperties": false,
	}, "", "  ")
	return append(data, '\n'), err
}

// typeSchema returns the schema of a flag's value. Custom flag types parse a text, which
// YAML may read as a number.
func typeSchema(f *pflag.Flag) map[string]any {
	types := []string{"string", "number"}
	switch f.Value.Type() {
	case "bool":
		return map[string]any{"type": "boolean"}
	case "int", "int32", "int64":
		return map[string]any{"type": "integer"}
	case "uint", "uint16", "uint32", "uint64":
		return map[string]any{"type": "integer", "minimum": 0}
	case "float64":
		return map[string]any{"type": "number"}
	case "duration":
		return map[string]any{"type": "string"}
	}
	if f.NoOptDefVal != "" {
		types = append(types, "boolean")
	}
	if _, ok := f.Value.(pflag.SliceValue); ok {
		return map[string]any{"type": append(types, "array"), "items": map[string]any{"type": []string{"string", "number"}}}
	}
	return map[string]any{"type": types}
}
