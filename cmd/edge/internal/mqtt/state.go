package mqtt

import (
	"math"
	"sync"
	"time"

	"halfmeg/cmd/edge/internal/homeassistant"
	"halfmeg/cmd/edge/internal/pipeline"
	"halfmeg/cmd/edge/internal/text"
)

// state is the payload of the state topic: the best answer.
type state struct {
	Name        *string `json:"name"` // null if no class is allowed
	Label       string  `json:"label"`
	Group       bool    `json:"group"`
	Probability float64 `json:"probability"`
	On          bool    `json:"on"` // whether it has appeared and is not gone
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
	default: // no Decider is in use
		r := o.Results[0]
		name = text.ShortLabel(r.Label)
		s = state{Label: r.Label, Probability: float64(r.Probability)}
	}
	name = homeassistant.Name(name)
	s.Name, s.Label = &name, homeassistant.Name(s.Label)
	s.Probability = math.Round(s.Probability*1000) / 1000
	return s
}

// minChange is the minimum change of a probability that is published.
const minChange = 0.05

// differs reports whether a state differs enough from the one before to be published.
func (s state) differs(before state) bool {
	if (s.Name == nil) != (before.Name == nil) || s.On != before.On {
		return true
	}
	return s.Name != nil && (*s.Name != *before.Name || math.Abs(s.Probability-before.Probability) >= minChange)
}

// limiter sends the latest payload, at most one per interval.
type limiter struct {
	interval time.Duration
	send     func(payload []byte)

	mu    sync.Mutex
	last  time.Time
	next  []byte      // to send when timer fires
	timer *time.Timer // nil if next is unset
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

// flush sends the pending payload, if there is one.
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
