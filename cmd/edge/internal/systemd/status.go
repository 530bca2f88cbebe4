package systemd

import (
	"fmt"
	"time"

	"halfmeg/cmd/edge/internal/pipeline"
	"halfmeg/cmd/edge/internal/text"
	"halfmeg/internal/printable"
)

// statusInterval is the time between status lines: each costs messages on the system's
// bus.
const statusInterval = 5 * time.Second

// Status is a sink that shows what edge sees in the status line.
type Status struct {
	set   func(text string)
	since time.Time // when the last line was set; zero before the first frame and after a failure
	frame int       // number of the frame in that line
}

// NewStatus returns a Status that sets the line of n.
func NewStatus(n *Notifier) *Status { return &Status{set: n.Status} }

// Observe updates the line if the last one is old enough.
func (s *Status) Observe(o *pipeline.Observation) error {
	if !o.HasFrame() {
		return nil
	}
	now := time.Now()
	elapsed := now.Sub(s.since)
	line := "sees: " + seen(o)
	switch {
	case s.since.IsZero():
	case elapsed < statusInterval:
		return nil
	default:
		line += fmt.Sprintf(", %.1f frames/s", float64(o.Frame-s.frame)/elapsed.Seconds())
	}
	s.since, s.frame = now, o.Frame
	s.set(line)
	return nil
}

// seen returns the most probable class, smoothed over frames if a Decider does that.
func seen(o *pipeline.Observation) string {
	name, probability := text.ShortLabel(o.Results[0].Label), float64(o.Results[0].Probability)
	if len(o.Answers) > 0 {
		name, probability = o.Answers[0].Name, o.Answers[0].Probability
	}
	return fmt.Sprintf("%s %.0f %%", printable.Text(name), 100*probability)
}

// CameraChanged shows why no frames arrive.
func (s *Status) CameraChanged(c pipeline.CameraState) error {
	s.since = time.Time{}
	if c.Err != nil {
		s.set("waits for the camera: " + printable.Text(c.Err.Error()))
	}
	return nil
}

// Close does nothing.
func (s *Status) Close() error { return nil }
