package server

import (
	"net/http"
	"time"
)

// A series covers two minutes, with one point a second.
const (
	seriesStep   = time.Second
	seriesLength = 120
)

// Series is what GET /api/series returns: figures of the last two minutes, for plots.
type Series struct {
	Points []Point `json:"points"` // the oldest first, at least a second apart
}

// Point holds the figures of one moment.
type Point struct {
	Age    float64 `json:"age"`  // in seconds
	Rate   float64 `json:"rate"` // frames a second
	Answer float64 `json:"ms"`   // preparation of the frame and inference
}

// sample is a point with its time instead of its age.
type sample struct {
	at           time.Time
	rate, answer float64
}

// sampleState adds the current state to the series, once every seriesStep. The caller
// holds the lock.
func (c *Sink) sampleState(now time.Time) {
	if n := len(c.samples); c.state.Rate == 0 || n > 0 && now.Sub(c.samples[n-1].at) < seriesStep {
		return
	}
	if len(c.samples) == seriesLength {
		c.samples = append(c.samples[:0], c.samples[1:]...)
	}
	c.samples = append(c.samples, sample{now, c.state.Rate, c.state.Times.Prepare + c.state.Times.Infer})
}

func (s *Server) getSeries(w http.ResponseWriter, r *http.Request) {
	c := s.camera(r)
	if c == nil {
		writeError(w, http.StatusNotFound, "no such camera")
		return
	}
	now := time.Now()
	series := Series{Points: []Point{}}
	s.mu.Lock()
	for _, p := range c.samples {
		if age := now.Sub(p.at); age <= seriesLength*seriesStep {
			series.Points = append(series.Points, Point{float64(age.Milliseconds()) / 1000, p.rate, p.answer})
		}
	}
	s.mu.Unlock()
	writeJSON(w, http.StatusOK, series)
}
