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

// request is a request for a picture of each camera, if its reason is not empty.
type request struct {
	reason string
	at     time.Time
	served map[string]bool // cameras whose picture is kept
}

// Request keeps the picture of the next frame of each camera, with a reason that is part of
// the file's name. Requests before that frame count as one. It does not block and is safe
// for concurrent use.
func (s *Sink) Request(reason string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.request = request{reason: cmp.Or(reason, typeSnapshot), at: time.Now(), served: map[string]bool{}}
}

// pending reports whether the request needs a picture of a camera.
func (r *request) pending(camera string) bool { return r.reason != "" && !r.served[camera] }

// serve returns the reason of a request that needs a picture of the camera, or "", and
// counts the camera as served. Then the picture is kept unless the request is too old.
func (s *Sink) serve(camera string) (reason string, tooOld bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := &s.request
	if !r.pending(camera) {
		return "", false
	}
	reason = r.reason
	if time.Since(r.at) <= requestTimeout {
		r.served[camera] = true
		return reason, false
	}
	if len(r.served) > 0 { // other cameras than this one
		reason = ""
	}
	*r = request{}
	return reason, true
}

// keepRequested adds the observation's picture, if it was requested.
func (s *Sink) keepRequested(o *pipeline.Observation) {
	if o.Snapshot == nil || !o.HasFrame() {
		return
	}
	reason, tooOld := s.serve(o.Camera)
	switch {
	case reason == "":
		return
	case tooOld:
		s.config.Warn(fmt.Errorf("the picture for %q is not kept: no frame arrived within %v", reason, requestTimeout))
		return
	case !s.canKeep(o.Snapshot):
		s.config.Warn(fmt.Errorf("the picture for %q is not kept: too many pictures wait to be written", reason))
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
	s.active = append(s.active, &sighting{subject: subject{class: -2}, event: e, reason: reason, picture: o.Snapshot, dirty: true})
}

// description is the JSON of an event or a requested picture.
type description struct {
	*decision.Event
	Reason string `json:"reason,omitempty"` // of a requested picture
}
