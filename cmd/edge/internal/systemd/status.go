package systemd

import (
	"fmt"
	"maps"
	"slices"
	"strings"
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
	since  time.Time         // when the last line was set; zero before the first frame and after a failure
	last   map[string]int    // number of the last frame of each camera
	frames int               // of all cameras since the last line
	waits  map[string]string // why a camera sends no frames, by its name
}

// NewStatus returns a Status that sets the line of n.
func NewStatus(n *Notifier) *Status { return newStatus(n.Status) }

func newStatus(set func(text string)) *Status {
	return &Status{set: set, last: map[string]int{}, waits: map[string]string{}}
}

// Observe updates the line if the last one is old enough.
func (s *Status) Observe(o *pipeline.Observation) error {
	if !o.HasFrame() {
		return nil
	}
	s.frames += o.Frame - s.last[o.Camera] // the queue drops some
	s.last[o.Camera] = o.Frame
	delete(s.waits, o.Camera)
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
	if len(s.waits) > 0 {
		line += "; " + s.waiting()
	}
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

// CameraChanged shows why no frames arrive. With other cameras, their next frame shows both.
func (s *Status) CameraChanged(c pipeline.CameraState) error {
	if c.Err == nil {
		delete(s.waits, c.Name)
		s.since = time.Time{}
		return nil
	}
	why := printable.Text(named(c.Name, c.Err.Error()))
	if s.waits[c.Name] == why {
		return nil // each attempt to open it fails
	}
	s.waits[c.Name] = why
	s.since = time.Time{}
	s.set(s.waiting())
	return nil
}

// waiting returns which cameras send no frames, and why.
func (s *Status) waiting() string {
	var list []string
	for _, name := range slices.Sorted(maps.Keys(s.waits)) {
		list = append(list, s.waits[name])
	}
	return "waits for the camera: " + strings.Join(list, "; ")
}

// Close does nothing.
func (s *Status) Close() error { return nil }
