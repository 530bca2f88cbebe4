package stdout

import (
	"io"

	"halfmeg/cmd/edge/internal/decision"
	"halfmeg/cmd/edge/internal/jsonl"
	"halfmeg/cmd/edge/internal/pipeline"
)

// JSON writes each observation as one line, for other programs.
type JSON struct{ w io.Writer }

// NewJSON returns a JSON that writes to w.
func NewJSON(w io.Writer) JSON { return JSON{w} }

// Observe writes a line. The line of an observation without a frame has only events.
func (j JSON) Observe(o *pipeline.Observation) error {
	if !o.HasFrame() {
		return jsonl.Write(j.w, struct {
			Events []decision.Event `json:"events"`
		}{o.Events})
	}
	return jsonl.Write(j.w, o)
}

// Close does nothing: every line is already written.
func (j JSON) Close() error { return nil }
