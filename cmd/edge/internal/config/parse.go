package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"halfmeg/internal/lazyregexp"

	"go.yaml.in/yaml/v3"
)

// Document is a parsed configuration file. Its keys and values are not checked yet. The
// zero value is an empty document.
type Document struct {
	path   string
	fields []Field
}

// Path returns the path of the file, or "" without a file.
func (d *Document) Path() string { return d.path }

// maxDepth bounds the nesting of values.
const maxDepth = 8

// Parse parses a document. The path appears in messages, and its folder is the base of
// relative paths in the document.
func Parse(path string, data []byte) (*Document, error) {
	d := &Document{path: path}
	if len(data) > maxSize {
		return nil, fmt.Errorf("%s: more than %d kB: not a configuration file", path, maxSize>>10)
	}
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	var root yaml.Node
	err := decoder.Decode(&root)
	if errors.Is(err, io.EOF) {
		return d, nil
	}
	if err != nil {
		return nil, d.syntaxError(data, err)
	}
	var second yaml.Node
	if err := decoder.Decode(&second); err == nil {
		return nil, d.errorAt(&lineError{second.Line, errors.New("a second document starts here; a configuration file has only one")})
	} else if !errors.Is(err, io.EOF) {
		return nil, d.syntaxError(data, err)
	}
	v, err := convert(root.Content[0], maxDepth)
	if err == nil && v.Kind != Map && v.Kind != Null {
		err = v.Errorf("expected lines such as camera: auto, got %s", v.Kind)
	}
	if err != nil {
		return nil, d.errorAt(err)
	}
	d.fields = v.Fields
	return d, nil
}

// convert converts a YAML node and its children to a Value, and rejects unsupported ones.
func convert(n *yaml.Node, depth int) (Value, error) {
	v := Value{Line: n.Line}
	switch {
	case depth == 0:
		return v, v.Errorf("nested too deeply")
	case n.Kind == yaml.AliasNode || n.Anchor != "":
		return v, v.Errorf("anchors (&) and aliases (*) are not supported; a text that starts with & or * needs quotes")
	case n.Style&yaml.TaggedStyle != 0:
		return v, v.Errorf("tags such as %s are not supported; a text that starts with ! needs quotes", n.Tag)
	}
	var err error
	switch n.Kind {
	case yaml.SequenceNode:
		v.Kind = List
		for _, item := range n.Content {
			i, err := convert(item, depth-1)
			if err != nil {
				return v, err
			}
			v.Items = append(v.Items, i)
		}
	case yaml.MappingNode:
		v.Kind = Map
		v.Fields, err = convertFields(n, depth)
	default:
		v.Text = n.Value
		v.Kind = scalarKind(n.ShortTag())
	}
	return v, err
}

func convertFields(n *yaml.Node, depth int) ([]Field, error) {
	var fields []Field
	lines := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, err := convert(n.Content[i], depth-1)
		if err != nil {
			return nil, err
		}
		if !key.scalar() {
			return nil, key.Errorf("a key must be a text, got %s", key.Kind)
		}
		if first := lines[key.Text]; first != 0 {
			return nil, key.Errorf("duplicate key %s, first in line %d", shown(key.Text), first)
		}
		lines[key.Text] = key.Line
		value, err := convert(n.Content[i+1], depth-1)
		if err != nil {
			return nil, err
		}
		fields = append(fields, Field{key.Text, key.Line, value})
	}
	return fields, nil
}

func scalarKind(tag string) Kind {
	switch tag {
	case "!!null":
		return Null
	case "!!bool":
		return Bool
	case "!!int", "!!float":
		return Number
	}
	return Text
}

// errorAt adds the file to an error, and the line if it is a lineError.
func (d *Document) errorAt(err error) error {
	var at *lineError
	if errors.As(err, &at) && at.line > 0 {
		return fmt.Errorf("%s:%d: %w", d.path, at.line, err)
	}
	return fmt.Errorf("%s: %w", d.path, err)
}

// yamlError matches an error of package yaml: the line, which may be missing, and the
// text.
var yamlError = lazyregexp.New(`^yaml: (?:line (\d+): )?(.*)`)

// syntaxError explains an error of package yaml.
func (d *Document) syntaxError(data []byte, err error) error {
	if line := tabbedLine(data); line > 0 {
		return d.errorAt(&lineError{line, errors.New("the line starts with a tab: YAML is indented by spaces")})
	}
	m := yamlError().FindStringSubmatch(err.Error())
	if m == nil {
		return d.errorAt(err)
	}
	line, _ := strconv.Atoi(m[1]) // 0 if it has none
	return d.errorAt(&lineError{line, fmt.Errorf("not YAML: %s", m[2])})
}

// tabbedLine returns the number of the first line with a tab in its indentation, or 0.
func tabbedLine(data []byte) int {
	line := 0
	for text := range strings.Lines(string(data)) {
		line++
		if content := strings.TrimLeft(text, " \t"); strings.Contains(text[:len(text)-len(content)], "\t") {
			return line
		}
	}
	return 0
}

// shown returns a text of the file for a message: shortened, and quoted unless it is a
// plain word.
func shown(text string) string {
	const longest = 60
	if len(text) > longest {
		text = strings.ToValidUTF8(text[:longest], "") + "…"
	}
	return scalarText(text)
}
