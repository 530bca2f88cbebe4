package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Document is a configuration file whose keys and values are not checked yet. The
// zero value is an empty one.
type Document struct {
	path   string
	fields []Field
}

// Path is the name of the file; empty if there is none.
func (d *Document) Path() string { return d.path }

// maxDepth bounds how deeply values are nested.
const maxDepth = 8

// Parse reads a document. The path is for messages, and relative paths in
// the document start at its folder.
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
		return nil, d.errorAt(&lineError{second.Line, errors.New("a second document starts here; a configuration file has one")})
	} else if !errors.Is(err, io.EOF) {
		return nil, d.syntaxError(data, err)
	}
	v, err := convert(root.Content[0], maxDepth)
	if err == nil && v.Kind != Map && v.Kind != Null {
		err = v.Errorf("it is %s; a configuration file has lines such as camera: auto", v.Kind)
	}
	if err != nil {
		return nil, d.errorAt(err)
	}
	d.fields = v.Fields
	return d, nil
}

// convert checks a node and everything in it.
func convert(n *yaml.Node, depth int) (Value, error) {
	v := Value{Line: n.Line}
	switch {
	case depth == 0:
		return v, v.Errorf("nested too deeply")
	case n.Kind == yaml.AliasNode || n.Anchor != "":
		return v, v.Errorf("anchors (&) and aliases (*) are not supported; a text that starts so needs quotes")
	case n.Style&yaml.TaggedStyle != 0:
		return v, v.Errorf("tags such as %s are not supported; a text that starts so needs quotes", n.Tag)
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
			return nil, key.Errorf("a key is a text, not %s", key.Kind)
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

// errorAt adds the file and the line to an error.
func (d *Document) errorAt(err error) error {
	var at *lineError
	if errors.As(err, &at) && at.line > 0 {
		return fmt.Errorf("%s:%d: %w", d.path, at.line, err)
	}
	return fmt.Errorf("%s: %w", d.path, err)
}

// yamlError has the line and the text of an error of the library.
var yamlError = regexp.MustCompile(`^yaml: (?:line (\d+): )?(.*)`)

// syntaxError explains an error of the library.
func (d *Document) syntaxError(data []byte, err error) error {
	if line := tabbedLine(data); line > 0 {
		return d.errorAt(&lineError{line, errors.New("the line starts with a tab: YAML is indented by spaces")})
	}
	m := yamlError.FindStringSubmatch(err.Error())
	if m == nil {
		return d.errorAt(err)
	}
	line, _ := strconv.Atoi(m[1]) // 0 if it has none
	return d.errorAt(&lineError{line, fmt.Errorf("not YAML: %s", m[2])})
}

// tabbedLine is the first line with a tab in its indentation, or 0.
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

// shown is a foreign text for a message: quoted if it is not a plain word, and
// shortened.
func shown(text string) string {
	const longest = 60
	if len(text) > longest {
		text = strings.ToValidUTF8(text[:longest], "") + "…"
	}
	return scalarText(text)
}
