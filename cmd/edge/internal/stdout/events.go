package stdout

import (
	"fmt"
	"io"
	"time"

	"halfmeg/cmd/edge/internal/decision"
	"halfmeg/cmd/edge/internal/jsonl"
	"halfmeg/cmd/edge/internal/pipeline"
	"halfmeg/internal/printable"
)

// Events writes a line for each event and nothing for frames.
type Events struct {
	w    io.Writer
	json bool
}

// NewEvents returns an Events that writes to w, as text or as JSON.
func NewEvents(w io.Writer, json bool) Events { return Events{w, json} }

// Observe writes the events of an observation.
func (s Events) Observe(o *pipeline.Observation) error {
	for i := range o.Events {
		if err := s.write(&o.Events[i]); err != nil {
			return err
		}
	}
	return nil
}

func (s Events) write(e *decision.Event) error {
	if s.json {
		return jsonl.Write(s.w, e)
	}
	_, err := io.WriteString(s.w, eventLine(e))
	return err
}

// eventLine returns the text of an event: when something appeared and with which
// probability, or when and for how long it was seen and with which peak probability.
func eventLine(e *decision.Event) string {
	at, detail := e.Start, ""
	probability := e.Probability
	if e.Type == decision.Gone {
		if e.End != nil {
			at = *e.End
		}
		length := time.Duration(e.Duration * float64(time.Second)).Round(100 * time.Millisecond)
		probability, detail = e.Peak, fmt.Sprintf(" at best, seen for %v", length)
	}
	return fmt.Sprintf("%s  %s%-8s  %-24s %5.1f %%%s\n", at.Local().Format(time.DateTime), cameraColumn(e.Camera), e.Type, printable.Text(e.Name), 100*probability, detail)
}

// Close does nothing: every line is already written.
func (s Events) Close() error { return nil }
