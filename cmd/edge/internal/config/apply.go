package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"halfmeg/cmd/edge/internal/nearest"
	"halfmeg/cmd/edge/internal/readfile"
)

// Structured is a key that is not a flag, because its value is a map for example.
type Structured struct {
	Usage  string         // for the schema
	Schema map[string]any // JSON Schema of the value
	Set    func(Value) error
}

// Lists returns a key whose value maps names to lists of texts, such as groups of classes.
func Lists(into *map[string][]string, usage string) Structured {
	texts := map[string]any{"type": "array", "items": map[string]any{"type": "string"}}
	return Structured{
		Usage:  usage,
		Schema: map[string]any{"type": "object", "additionalProperties": texts},
		Set: func(v Value) error {
			if v.Kind != Map {
				return v.Errorf("expected a map from names to lists, got %s", v.Kind)
			}
			lists := make(map[string][]string, len(v.Fields))
			for _, f := range v.Fields {
				list, err := f.Value.texts()
				if err != nil {
					return fmt.Errorf("%s: %w", shown(f.Key), err)
				}
				lists[f.Key] = list
			}
			*into = lists
			return nil
		},
	}
}

// texts returns the items of a list, which must be scalars.
func (v Value) texts() ([]string, error) {
	if v.Kind != List {
		return nil, v.Errorf("expected a list such as [first, second], got %s", v.Kind)
	}
	list := make([]string, len(v.Items))
	for i, item := range v.Items {
		if !item.scalar() {
			return nil, item.Errorf("expected a list of texts, got %s in it", item.Kind)
		}
		list[i] = item.Text
	}
	return list, nil
}

// notKeys are the flags that are not keys of the file.
var notKeys = []string{"config", "help"}

// fileSuffix is the suffix of a key that names the file of a secret.
const fileSuffix = "-file"

// Apply sets the flags that were not set on the command line: secrets from the
// environment, all others from the document. structured holds the keys that are not flags.
func (d *Document) Apply(flags *pflag.FlagSet, structured map[string]Structured) (*Settings, error) {
	a := applier{document: d, flags: flags, structured: structured}
	return a.apply()
}

// Check is like Apply for a program that runs later, in another environment: it reads
// neither the environment nor the files of secrets, whose flags remain empty.
func (d *Document) Check(flags *pflag.FlagSet, structured map[string]Structured) (*Settings, error) {
	a := applier{document: d, flags: flags, structured: structured, later: true}
	return a.apply()
}

func (a *applier) apply() (*Settings, error) {
	a.origins, a.values = map[string]string{}, map[string]Value{}
	if err := a.environment(); err != nil {
		return nil, err
	}
	for _, f := range a.document.fields {
		if err := a.field(f); err != nil {
			at := &lineError{f.Line, err}
			if inner := (*lineError)(nil); errors.As(err, &inner) {
				at.line = inner.line
			}
			return nil, a.document.errorAt(at)
		}
	}
	return a.settings(), nil
}

// applier holds the state of Apply.
type applier struct {
	document   *Document
	flags      *pflag.FlagSet
	structured map[string]Structured
	later      bool              // see Check
	origins    map[string]string // by key; no entry for a default
	values     map[string]Value  // of the structured keys
	secrets    []Path            // the files of secrets
}

// environment sets secrets from the environment.
func (a *applier) environment() error {
	var failed error
	a.flags.VisitAll(func(f *pflag.Flag) {
		if f.Changed {
			a.origins[f.Name] = fromFlag
			return
		}
		if a.later {
			return
		}
		if list := f.Annotations[environmentAnnotation]; list != nil && os.Getenv(list[0]) != "" {
			a.origins[f.Name] = fromEnvironment + list[0]
			return
		}
		name := variable(f.Name)
		text := os.Getenv(name)
		if text == "" || !isSecret(f) || failed != nil {
			return
		}
		if err := f.Value.Set(text); err != nil {
			failed = fmt.Errorf("environment variable %s: %w", name, explain(f, err))
		}
		a.origins[f.Name] = fromEnvironment + name
	})
	return failed
}

// fromFlag is the origin of a value from the command line.
const fromFlag = "flag"

// fromEnvironment is the prefix of the origin of a value from the environment.
const fromEnvironment = "environment "

// variable returns the environment variable of a key.
func variable(key string) string {
	return "HALFMEG_" + strings.ToUpper(strings.ReplaceAll(key, "-", "_"))
}

// field applies an entry of the document.
func (a *applier) field(f Field) error {
	if s, ok := a.structured[f.Key]; ok {
		if err := s.Set(f.Value); err != nil {
			return fmt.Errorf("%s: %w", f.Key, err)
		}
		a.values[f.Key], a.origins[f.Key] = f.Value, a.at(f)
		return nil
	}
	if flag := a.flag(f.Key); flag != nil {
		return a.set(flag, f, func() error { return setFlag(flag, a.located(flag, f.Value)) })
	}
	if key, ok := strings.CutSuffix(f.Key, fileSuffix); ok {
		if flag := a.flag(key); flag != nil && isSecret(flag) {
			return a.set(flag, f, func() error { return a.setFromFile(flag, f) })
		}
	}
	return a.unknown(f.Key)
}

// located returns the value for a flag. A path becomes relative to the working directory.
func (a *applier) located(flag *pflag.Flag, v Value) Value {
	if isPath(flag) && (v.Kind == Text || v.Kind == Number) {
		v.Text = a.path(v.Text)
	}
	return v
}

// path resolves a path relative to the document's folder.
func (a *applier) path(text string) string {
	if text == "" || filepath.IsAbs(text) {
		return text
	}
	return filepath.Join(filepath.Dir(a.document.path), text)
}

// flag returns the flag of a key, or nil.
func (a *applier) flag(key string) *pflag.Flag {
	if slices.Contains(notKeys, key) {
		return nil
	}
	return a.flags.Lookup(key)
}

// set calls the function set, unless the command line or the environment has set the flag.
func (a *applier) set(flag *pflag.Flag, f Field, set func() error) error {
	origin, ok := a.origins[flag.Name]
	if ok && strings.HasPrefix(origin, a.document.path+":") {
		return fmt.Errorf("%s and %s exclude each other", flag.Name, flag.Name+fileSuffix)
	}
	if ok {
		return nil
	}
	if err := set(); err != nil {
		return fmt.Errorf("%s: %w", f.Key, err)
	}
	a.origins[flag.Name] = a.at(f)
	return nil
}

// at returns the file and line of an entry.
func (a *applier) at(f Field) string { return fmt.Sprintf("%s:%d", a.document.path, f.Line) }

// keys returns the names of all keys, sorted.
func (a *applier) keys() []string {
	var keys []string
	a.flags.VisitAll(func(f *pflag.Flag) {
		if slices.Contains(notKeys, f.Name) {
			return
		}
		keys = append(keys, f.Name)
		if isSecret(f) {
			keys = append(keys, f.Name+fileSuffix)
		}
	})
	for key := range a.structured {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

func (a *applier) unknown(key string) error {
	if slices.Contains(notKeys, key) {
		return fmt.Errorf("%s is a flag, not a key of the file", key)
	}
	if meant := nearest.Of(key, a.keys()); meant != "" {
		return fmt.Errorf("unknown key %s; did you mean %s?", shown(key), meant)
	}
	return fmt.Errorf("unknown key %s; the keys are the names of the flags of edge run", shown(key))
}

// setFlag sets a flag to a value of the file.
func setFlag(f *pflag.Flag, v Value) error {
	isBool := f.Value.Type() == "bool"
	switch {
	case v.Kind == Null:
		return v.Errorf("no value: set one or delete the line")
	case v.Kind == Map:
		return v.Errorf("expected a value, got a map")
	case v.Kind == List:
		return setList(f, v)
	case isBool && v.Kind != Bool:
		return v.Errorf("expected true or false, got %s", shown(v.Text))
	case isBool:
		return f.Value.Set(strings.ToLower(v.Text))
	case v.Kind == Bool && f.NoOptDefVal != "":
		if strings.EqualFold(v.Text, "true") {
			return f.Value.Set(f.NoOptDefVal) // like the flag without a value
		}
		return nil
	case v.Kind == Bool:
		return v.Errorf("expected a value, got %s; a text needs quotes", v.Text)
	}
	err := f.Value.Set(v.Text)
	switch {
	case err == nil:
		return nil
	case isSecret(f):
		return v.Errorf("%w", explain(f, err))
	}
	return v.Errorf("%w, got %s", explain(f, err), shown(v.Text))
}

// setList sets a flag that accepts several values.
func setList(f *pflag.Flag, v Value) error {
	slice, ok := f.Value.(pflag.SliceValue)
	if !ok {
		return v.Errorf("expected one value, got a list")
	}
	texts, err := v.texts()
	if err != nil {
		return err
	}
	if err := slice.Replace(texts); err != nil {
		return v.Errorf("%w", explain(f, err))
	}
	return nil
}

// forms maps types of package pflag to what they accept. pflag's errors are those of
// package strconv, which are not meant for users.
var forms = map[string]string{
	"int": "expected a whole number", "int32": "expected a whole number", "int64": "expected a whole number",
	"uint": "expected a whole number from 0", "uint16": "expected a whole number from 0", "uint32": "expected a whole number from 0",
	"uint64": "expected a whole number from 0", "float64": "expected a number", "bool": "expected true or false",
	"duration": "expected a time with its unit, such as 30s, 5m or 12h",
}

// explain replaces an error of pflag's types by what the flag accepts.
func explain(f *pflag.Flag, err error) error {
	if form, ok := forms[f.Value.Type()]; ok {
		return errors.New(form)
	}
	return err
}

// setFromFile sets a flag to the content of a file, without line ends at its end.
func (a *applier) setFromFile(flag *pflag.Flag, f Field) error {
	v := f.Value
	if v.Kind != Text {
		return v.Errorf("expected the path of a file, got %s", v.Kind)
	}
	path := a.path(v.Text)
	if a.later {
		a.secrets = append(a.secrets, Path{a.at(f) + ": " + f.Key, path})
		return nil
	}
	text, err := readfile.Secret(path)
	if err != nil {
		return v.Errorf("%w", err)
	}
	if text == "" {
		return v.Errorf("%s is empty", path)
	}
	if err := flag.Value.Set(text); err != nil {
		return v.Errorf("%s: %w", path, explain(flag, err))
	}
	return nil
}

// isSecret reports whether a flag is declared to hold a secret.
func isSecret(f *pflag.Flag) bool { return f.Annotations[secretAnnotation] != nil }

// isPath reports whether a flag is declared to hold a path.
func isPath(f *pflag.Flag) bool { return f.Annotations[pathAnnotation] != nil }
