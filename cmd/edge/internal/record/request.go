package record

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"time"

	"halfmeg/cmd/edge/internal/decision"
	"halfmeg/cmd/edge/internal/pipeline"
)

// requestTimeout is how old a request may be when a frame arrives. After a longer outage
// of the camera the picture would not show what it was requested for.
const requestTimeout = 10 * time.Second

// typeSnapshot is the type in the JSON of a requested picture.
const typeSnapshot = "snapshot"

// request is a request for a picture, if its reason is not empty.
type request struct {
	reason string
	at     time.Time
}

// Request keeps the picture of the next frame, with a reason that is part of the file's
// name. Requests before that frame count as one. It does not block and is safe for
// concurrent use.
func (s *Sink) Request(reason string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.request = request{cmp.Or(reason, typeSnapshot), time.Now()}
}

// takeRequest returns the pending request and removes it.
func (s *Sink) takeRequest() request {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.request
	s.request = request{}
	return r
}

// keepRequested adds the observation's picture, if it was requested.
func (s *Sink) keepRequested(o *pipeline.Observation) {
	if o.Snapshot == nil || !o.HasFrame() {
		return
	}
	r := s.takeRequest()
	switch {
	case r.reason == "":
		return
	case time.Since(r.at) > requestTimeout:
		s.config.Warn(fmt.Errorf("the picture for %q is not kept: no frame arrived within %v", r.reason, requestTimeout))
		return
	case !s.canKeep(o.Snapshot):
		s.config.Warn(fmt.Errorf("the picture for %q is not kept: too many pictures wait to be written", r.reason))
		return
	}
	e := decision.Event{
		Version: decision.EventVersion, Type: typeSnapshot, Camera: o.Camera, Frame: o.Frame, Start: o.Time,
		ID: fmt.Sprintf("%s-%08x", fourDigitYear(o.Time).UTC().Format(idTimeLayout), rand.Uint32()),
	}
	if len(o.Answers) > 0 { // what the picture shows
		a := o.Answers[0]
		e.Name, e.Label, e.Group, e.Probability, e.Peak = a.Name, a.Label, a.Group, a.Probability, a.Probability
		if !a.Group {
			e.Class = &a.Index
		}
	}
	s.active = append(s.active, &sighting{subject: subject{class: -2}, event: e, reason: r.reason, picture: o.Snapshot, dirty: true})
}

// description is the JSON of an event or a requested picture.
type description struct {
	*decision.Event
	Reason string `json:"reason,omitempty"` // of a requested picture
}
