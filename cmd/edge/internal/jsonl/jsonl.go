// Package jsonl writes JSON lines: one value, one line.
package jsonl

import (
	"encoding/json"
	"io"
)

// Write writes a value as one line. Characters such as < stay as they are:
// the output is for programs, not for a page.
func Write(w io.Writer, value any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e.Encode(value)
}
