package sink

import (
	"io"

	"halfmeg/cmd/edge/internal/jsonl"
	"halfmeg/cmd/edge/internal/pipeline"
)

// JSON writes each observation as one line, for other programs.
type JSON struct{ w io.Writer }

// NewJSON returns a JSON that writes to w.
func NewJSON(w io.Writer) JSON { return JSON{w} }

// Observe writes a line.
func (j JSON) Observe(o *pipeline.Observation) error { return jsonl.Write(j.w, o) }
