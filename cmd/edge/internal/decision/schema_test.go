package decision

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"
)

const (
	schemaFile = "../../../../docs/event.schema.json"
	docsFile   = "../../../../docs/events.md"
)

func compileSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	s, err := c.Compile(schemaFile)
	require.NoError(t, err)
	return s
}

func validate(t *testing.T, s *jsonschema.Schema, text string) error {
	t.Helper()
	v, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	require.NoError(t, err)
	return s.Validate(v)
}

func marshal(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	require.NoError(t, err)
	return string(text)
}

// sightings returns events of both types of a class and a group, without and with the
// fields that the caller sets.
func sightings(t *testing.T) []Event {
	t.Helper()
	d := newDecider(t, Config{On: 0.5, Off: 0.5, Groups: []Group{{"cat", []int{2, 3}}}})
	list := d.Decide(logits(0, 0, 0.9), at(0)).Events
	list = append(list, d.Decide(logits(), at(1.5)).Events...)
	require.Equal(t, []string{"tabby appeared", "cat appeared", "tabby gone", "cat gone"}, short(list))
	for _, e := range list {
		e.Camera, e.Frame, e.Snapshot = "door", 7, "a.jpg"
		list = append(list, e)
	}
	return list
}

func TestEventsFitTheSchema(t *testing.T) {
	s := compileSchema(t)
	for _, e := range sightings(t) {
		text := marshal(t, e)
		require.NoError(t, validate(t, s, text), text)
		var back Event
		require.NoError(t, json.Unmarshal([]byte(text), &back))
		require.JSONEq(t, text, marshal(t, back))
	}
}

// A missing or invalid field is an error.
func TestSchemaRejects(t *testing.T) {
	s := compileSchema(t)
	var fields map[string]any
	change := func(e Event, key string, value any) string {
		fields = nil
		require.NoError(t, json.Unmarshal([]byte(marshal(t, e)), &fields))
		if fields[key] = value; value == nil {
			delete(fields, key)
		}
		return marshal(t, fields)
	}
	list := sightings(t)
	appeared, group, gone := list[0], list[1], list[2]
	for _, key := range []string{"version", "id", "type", "name", "label", "class", "group", "start", "end", "duration", "probability", "peak"} {
		require.Error(t, validate(t, s, change(gone, key, nil)), "without %s", key)
	}
	require.Error(t, validate(t, s, change(gone, "version", 2)))
	require.Error(t, validate(t, s, change(gone, "type", "seen")))
	require.Error(t, validate(t, s, change(gone, "start", "yesterday")))
	require.Error(t, validate(t, s, change(gone, "probability", 1.5)))
	require.Error(t, validate(t, s, change(appeared, "end", "2026-01-02T03:04:05Z")))
	require.Error(t, validate(t, s, change(group, "class", 3)))
	require.NoError(t, validate(t, s, change(gone, "new", 3)), "fields may be added")
}

// The type, the schema and docs/events.md have the same fields, and the examples in
// docs/events.md are valid.
func TestFieldsAreDocumented(t *testing.T) {
	text, err := os.ReadFile(schemaFile)
	require.NoError(t, err)
	var schema struct {
		Properties map[string]any `json:"properties"`
	}
	require.NoError(t, json.Unmarshal(text, &schema))
	page, err := os.ReadFile(docsFile)
	require.NoError(t, err)

	fields := map[string]bool{}
	for _, e := range sightings(t) {
		var object map[string]any
		require.NoError(t, json.Unmarshal([]byte(marshal(t, e)), &object))
		for key := range object {
			fields[key] = true
			require.Contains(t, schema.Properties, key)
			require.Contains(t, string(page), "| `"+key+"` |")
		}
	}
	require.Len(t, fields, len(schema.Properties), "the schema has fields that no event has")

	s := compileSchema(t)
	examples := regexp.MustCompile("(?s)```json\n(.*?)```").FindAllStringSubmatch(string(page), -1)
	require.Len(t, examples, 2)
	for _, example := range examples {
		require.NoError(t, validate(t, s, example[1]), example[1])
	}
}
