package mqtt

import (
	"math"
	"sync"
	"time"

	"halfmeg/cmd/edge/internal/homeassistant"
	"halfmeg/cmd/edge/internal/pipeline"
	"halfmeg/cmd/edge/internal/text"
)

// state is the best answer, as it is published.
type state struct {
	Name        *string `json:"name"` // null if nothing may be shown
	Label       string  `json:"label"`
	Group       bool    `json:"group"`
	Probability float64 `json:"probability"`
	On          bool    `json:"on"` // it has appeared and is not gone
}

// stateOf returns the best answer of an observation with a frame.
func stateOf(o *pipeline.Observation) state {
	var s state
	var name string
	switch {
	case len(o.Answers) > 0:
		a := o.Answers[0]
		name = a.Name
		s = state{Label: a.Label, Group: a.Group, Probability: a.Probability, On: a.On}
	case o.Answers != nil:
		return state{}
	default: // there is no Decider
		r := o.Results[0]
		name = text.ShortLabel(r.Label)
		s = state{Label: r.Label, Probability: float64(r.Probability)}
	}
	name = homeassistant.Name(name)
	s.Name, s.Label = &name, homeassistant.Name(s.Label)
	s.Probability = math.Round(s.Probability*1000) / 1000
	return s
}

// worthwhile is by how much a probability must change to be published.
const worthwhile = 0.05

// differs reports whether a state is worth a message after another.
func (s state) differs(before state) bool {
	if (s.Name == nil) != (before.Name == nil) || s.On != before.On {
		return true
	}
	return s.Name != nil && (*s.Name != *before.Name || math.Abs(s.Probability-before.Probability) >= worthwhile)
}

// limiter sends at most one payload an interval: the newest.
type limiter struct {
	interval time.Duration
	send     func(payload []byte)

	mu    sync.Mutex
	last  time.Time
	next  []byte // waits for timer
	timer *time.Timer
}

func (l *limiter) put(payload []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	wait := l.interval - time.Since(l.last)
	switch {
	case l.timer != nil:
		l.next = payload
	case wait <= 0:
		l.last = time.Now()
		l.send(payload)
	default:
		l.next = payload
		l.timer = time.AfterFunc(wait, l.flush)
	}
}

// flush sends what waits.
func (l *limiter) flush() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.timer == nil {
		return
	}
	l.timer.Stop()
	l.timer = nil
	l.last = time.Now()
	l.send(l.next)
}
