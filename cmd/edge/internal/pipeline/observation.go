// Package pipeline passes frames from a camera through the classifier to
// sinks, as observations. Sinks are a terminal, JSON lines, a page, MQTT, a
// display or a recorder.
package pipeline

import (
	"time"

	"halfmeg/camera"
	"halfmeg/camera/testcard"
	"halfmeg/cmd/edge/internal/decision"
	"halfmeg/cmd/edge/internal/snapshot"
	"halfmeg/model/classify"
)

// Observation is the result of one frame. It holds no memory of the frame or
// the engine, so a sink may keep it. Its JSON form is a line of "edge run
// --json".
//
// An observation without Results has no frame: it has the events of things that are
// gone because the run ends or the camera has failed.
type Observation struct {
	Camera  string           `json:"camera,omitempty"` // its name, where it was given one
	Frame   int              `json:"frame"`            // counted from 1
	Scene   string           `json:"scene,omitempty"`  // what the frame truly shows, where the source knows
	Right   *bool            `json:"right,omitempty"`  // whether the first result names the scene
	Results []classify.Class `json:"results"`          // the most probable first
	Times   Times            `json:"ms"`
	Events  []decision.Event `json:"events,omitempty"` // what appeared and what is gone

	// Time is when the frame was taken, by the system's clock, which may be set while
	// the program runs. The other two are of the monotonic clock.
	Time    time.Time `json:"time,omitzero"` // RFC 3339, to the microsecond
	Age     float64   `json:"age_ms"`        // of the frame when its answer was known, in milliseconds
	Elapsed float64   `json:"elapsed"`       // from the start of the run to the answer, in seconds

	Answers  []decision.Answer  `json:"-"` // smoothed over frames, the most probable first; nil without a Decider
	Snapshot *snapshot.Snapshot `json:"-"` // the frame's picture, if a sink wanted it
}

// HasFrame reports whether a frame led to the observation.
func (o *Observation) HasFrame() bool { return len(o.Results) > 0 }

// Times are how long an answer took, in milliseconds with three decimals.
type Times struct {
	Read    float64 `json:"read"`    // decode the picture, or wait for the camera's next frame
	Prepare float64 `json:"prepare"` // crop, resize, convert colours
	Infer   float64 `json:"infer"`   // run the network
}

// NewTimes returns the times of a result whose picture took read to arrive.
func NewTimes(read time.Duration, r *classify.Result) Times {
	return Times{Read: milliseconds(read), Prepare: milliseconds(r.Prepare), Infer: milliseconds(r.Infer)}
}

// Total is the whole time of an answer.
func (t Times) Total() float64 { return t.Read + t.Prepare + t.Infer }

// milliseconds rounds down to microseconds: more digits are noise.
func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// newObservation describes the result of one frame by its top classes.
func newObservation(number int, frame *camera.Frame, waited time.Duration, result *classify.Result, top int) *Observation {
	o := &Observation{
		Frame:   number,
		Scene:   frame.Scene,
		Results: result.Top(top),
		Times:   NewTimes(waited, result),
		Time:    frame.Time.Truncate(time.Microsecond),
		Age:     milliseconds(time.Since(frame.Time)),
	}
	if o.Scene != "" {
		right := testcard.Matches(o.Scene, o.Results[0].Label)
		o.Right = &right
	}
	return o
}
