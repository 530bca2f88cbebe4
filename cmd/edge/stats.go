package main

import (
	"fmt"
	"io"
	"time"

	"halfmeg/camera"
)

// stats measure the camera's part of a run.
type stats struct {
	frames      int
	began       time.Time // when the first frame was there
	ended       time.Time
	first, last uint64 // the source's numbers of the frames
	latency     time.Duration
	worst       time.Duration
}

// measured is what "edge run --stats --json" writes at its end.
type measured struct {
	Frames  int     `json:"frames"`
	Dropped uint64  `json:"dropped"` // that the source counted, and nobody saw
	Rate    float64 `json:"rate"`    // frames a second
	Latency latency `json:"latency_ms"`
}

// latency is the time from when the driver has taken a frame to when it is the
// network's input, in milliseconds.
type latency struct {
	Mean float64 `json:"mean"`
	Max  float64 `json:"max"`
}

// add counts a frame that was the network's input at that time.
func (s *stats) add(frame *camera.Frame, input time.Time) {
	if s.frames == 0 {
		s.began, s.first = input, frame.Sequence
	}
	s.ended, s.last = input, frame.Sequence
	s.frames++
	took := input.Sub(frame.Time)
	s.latency += took
	s.worst = max(s.worst, took)
}

func (s *stats) result() measured {
	m := measured{Frames: s.frames}
	if s.frames == 0 {
		return m
	}
	m.Dropped = s.last - s.first + 1 - uint64(s.frames)
	m.Latency = latency{Mean: milliseconds(s.latency / time.Duration(s.frames)), Max: milliseconds(s.worst)}
	if elapsed := s.ended.Sub(s.began); elapsed > 0 {
		m.Rate = float64(s.frames-1) / elapsed.Seconds()
	}
	return m
}

// write shows the result as a line for people or as one of JSON.
func (s *stats) write(w io.Writer, asJSON bool) error {
	m := s.result()
	if asJSON {
		return writeJSON(w, m)
	}
	_, err := fmt.Fprintf(w, "%d frames, %d dropped, %.1f a second; from camera to network input %.1f ms, at most %.1f ms\n",
		m.Frames, m.Dropped, m.Rate, m.Latency.Mean, m.Latency.Max)
	return err
}
