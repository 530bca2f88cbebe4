package pipeline

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"halfmeg/camera"
	"halfmeg/cmd/edge/internal/text"
)

// Stats measures the camera's part of a run: rate, dropped frames and latency.
type Stats struct {
	frames      int
	start, end  time.Time     // when the first and the last frame became the network's input
	first, last uint64        // sequence numbers of these frames
	latency     time.Duration // sum over all frames
	maxLatency  time.Duration
}

// Summary is what "edge run --stats --json" writes at the end.
type Summary struct {
	Camera  string  `json:"camera,omitempty"` // its name, if it has one
	Frames  int     `json:"frames"`
	Dropped uint64  `json:"dropped"` // frames of the source that were not classified
	Rate    float64 `json:"rate"`    // frames a second
	Latency Latency `json:"latency_ms"`

	// Missed is the number of frames that outputs have missed, by the output's name.
	Missed map[string]int `json:"missed,omitempty"`
}

// Latency is the time from the driver's timestamp of a frame until it is the network's
// input, in milliseconds.
type Latency struct {
	Mean float64 `json:"mean"`
	Max  float64 `json:"max"`
}

// add counts a frame that became the network's input at the given time.
func (s *Stats) add(frame *camera.Frame, input time.Time) {
	if s.frames == 0 {
		s.start, s.first = input, frame.Sequence
	}
	s.end, s.last = input, frame.Sequence
	s.frames++
	latency := input.Sub(frame.Time)
	s.latency += latency
	s.maxLatency = max(s.maxLatency, latency)
}

// Summary returns the figures of all frames so far.
func (s *Stats) Summary() Summary {
	m := Summary{Frames: s.frames}
	if s.frames == 0 {
		return m
	}
	m.Dropped = s.last - s.first + 1 - uint64(s.frames)
	m.Latency = Latency{Mean: milliseconds(s.latency / time.Duration(s.frames)), Max: milliseconds(s.maxLatency)}
	if elapsed := s.end.Sub(s.start); elapsed > 0 {
		m.Rate = float64(s.frames-1) / elapsed.Seconds()
	}
	return m
}

// Write writes the figures as a line of text.
func (m Summary) Write(w io.Writer) error {
	camera := ""
	if m.Camera != "" {
		camera = m.Camera + ": "
	}
	_, err := fmt.Fprintf(w, "%s%s, %d dropped, %.1f a second; from camera to network input %.1f ms, at most %.1f ms\n",
		camera, text.Count(m.Frames, "frame"), m.Dropped, m.Rate, m.Latency.Mean, m.Latency.Max)
	for _, name := range slices.Sorted(maps.Keys(m.Missed)) {
		if err == nil {
			_, err = fmt.Fprintf(w, "%s missed %s\n", name, text.Count(m.Missed[name], "frame"))
		}
	}
	return err
}
