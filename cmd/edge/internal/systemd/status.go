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
	set    func(text string)
	since  time.Time      // when the last line was set; zero before the first frame and after a failure
	last   map[string]int // number of the last frame of each camera
	frames int            // of all cameras since the last line
}

// NewStatus returns a Status that sets the line of n.
func NewStatus(n *Notifier) *Status { return &Status{set: n.Status, last: map[string]int{}} }

// Observe updates the line if the last one is old enough.
func (s *Status) Observe(o *pipeline.Observation) error {
	if !o.HasFrame() {
		return nil
	}
	s.frames += o.Frame - s.last[o.Camera] // the queue drops some
	s.last[o.Camera] = o.Frame
	now := time.Now()
	elapsed := now.Sub(s.since)
	line := "sees: " + seen(o)
	switch {
	case s.since.IsZero():
	case elapsed < statusInterval:
		return nil
	default:
		line += fmt.Sprintf(", %.1f frames/s", float64(s.frames)/elapsed.Seconds())
	}
	s.since, s.frames = now, 0
	s.set(line)
	return nil
}

// seen returns the most probable class, smoothed over frames if a Decider does that.
func seen(o *pipeline.Observation) string {
	name, probability := text.ShortLabel(o.Results[0].Label), float64(o.Results[0].Probability)
	if len(o.Answers) > 0 {
		name, probability = o.Answers[0].Name, o.Answers[0].Probability
	}
	return fmt.Sprintf("%s %.0f %%", printable.Text(named(o.Camera, name)), 100*probability)
}

// named adds the name of a camera, if it has one, to a text.
func named(camera, text string) string {
	if camera == "" {
		return text
	}
	return camera + ": " + text
}

// CameraChanged shows why no frames arrive.
func (s *Status) CameraChanged(c pipeline.CameraState) error {
	s.since = time.Time{}
	if c.Err != nil {
		s.set("waits for the camera: " + printable.Text(named(c.Name, c.Err.Error())))
	}
	return nil
}

// Close does nothing.
func (s *Status) Close() error { return nil }
