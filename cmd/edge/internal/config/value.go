package config

import "fmt"

// Kind is the kind of a Value.
type Kind int

// The kinds.
const (
	Null Kind = iota
	Bool
	Number
	Text
	List
	Map
)

// String names the kind in messages.
func (k Kind) String() string {
	return [...]string{"nothing", "true or false", "a number", "a text", "a list", "a map"}[k]
}

// Value is a node of a document.
type Value struct {
	Kind   Kind
	Line   int     // in the file, from 1
	Text   string  // of a scalar, as written, without quotes
	Items  []Value // of a List
	Fields []Field // of a Map, in the order of the file; keys are unique
}

// Field is an entry of a map.
type Field struct {
	Key   string
	Line  int
	Value Value
}

// Errorf returns an error that names the value's line. Apply adds the file and the key.
func (v Value) Errorf(format string, args ...any) error {
	return &lineError{v.Line, fmt.Errorf(format, args...)}
}

// scalar reports whether the value is a text, number, true or false.
func (v Value) scalar() bool { return v.Kind == Bool || v.Kind == Number || v.Kind == Text }

// lineError is an error in a line of the file.
type lineError struct {
	line int
	err  error
}

func (e *lineError) Error() string { return e.err.Error() }

func (e *lineError) Unwrap() error { return e.err }
