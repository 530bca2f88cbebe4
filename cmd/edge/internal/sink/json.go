package sink

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

// Observe writes a line. Without a frame it has events only.
func (j JSON) Observe(o *pipeline.Observation) error {
	if !o.HasFrame() {
		return jsonl.Write(j.w, struct {
			Events []decision.Event `json:"events"`
		}{o.Events})
	}
	return jsonl.Write(j.w, o)
}

// Close does nothing: every line is written already.
func (j JSON) Close() error { return nil }
