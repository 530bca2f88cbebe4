// Package stdout contains the sinks of "edge run" for standard output: a table, JSON lines
// and events.
package stdout

import (
	"fmt"
	"io"

	"halfmeg/cmd/edge/internal/pipeline"
	"halfmeg/cmd/edge/internal/text"
	"halfmeg/internal/printable"
)

// Terminal writes a table with one line per frame. If the source knows the scene, the line
// shows it next to the answer.
type Terminal struct {
	w            io.Writer
	headed       bool
	right, known int // correctly classified frames, of those whose scene is known
}

// NewTerminal returns a Terminal that writes to w.
func NewTerminal(w io.Writer) *Terminal { return &Terminal{w: w} }

// Observe writes a line for a frame, and the heading before the first line.
func (t *Terminal) Observe(o *pipeline.Observation) error {
	if !o.HasFrame() {
		return nil
	}
	if o.Right != nil {
		t.known++
		if *o.Right {
			t.right++
		}
	}
	line := fmt.Sprintf("%6d  %s%s\n", o.Frame, cameraColumn(o.Camera), row(o))
	if !t.headed {
		t.headed = true
		line = heading(o) + line
	}
	_, err := io.WriteString(t.w, line)
	return err
}

// Close writes how many frames were classified correctly, if any scene was known.
func (t *Terminal) Close() error {
	if t.known == 0 {
		return nil
	}
	_, err := fmt.Fprintf(t.w, "%d of %d right\n", t.right, t.known)
	return err
}

func heading(o *pipeline.Observation) string {
	columns := fmt.Sprintf("%-24s %11s  %9s", "answer", "probability", "time")
	if o.Right != nil {
		columns = fmt.Sprintf("%-16s  %-5s  %s", "scene", "", columns)
	}
	camera := ""
	if o.Camera != "" {
		camera = cameraColumn("camera")
	}
	return " frame  " + camera + columns + "\n"
}

// cameraColumn returns the column with the name of a camera, or nothing if it has none.
func cameraColumn(name string) string {
	if name == "" {
		return ""
	}
	return fmt.Sprintf("%-12s  ", printable.Text(name))
}

func row(o *pipeline.Observation) string {
	first := o.Results[0]
	columns := fmt.Sprintf("%-24s %9.1f %%  %6.1f ms", printable.Text(text.ShortLabel(first.Label)),
		100*first.Probability, o.Times.Prepare+o.Times.Infer)
	if o.Right != nil {
		columns = fmt.Sprintf("%-16s  %s  %s", o.Scene, verdict(*o.Right), columns)
	}
	return columns
}

// verdict returns "right" or "wrong", which have the same width in the table.
func verdict(right bool) string {
	if right {
		return "right"
	}
	return "wrong"
}
