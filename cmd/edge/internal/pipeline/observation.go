// Package pipeline reads frames from a camera, classifies them, and passes the results as
// observations to sinks, such as standard output, the page, MQTT, webhooks or the
// recorder.
package pipeline

import (
	"time"

	"halfmeg/camera"
	"halfmeg/camera/testcard"
	"halfmeg/cmd/edge/internal/decision"
	"halfmeg/cmd/edge/internal/snapshot"
	"halfmeg/model/classify"
)

// Observation is the result of one frame. It shares no memory with the frame or the
// engine, so sinks may keep it. Its JSON form is a line of "edge run --json".
//
// An observation without Results has no frame, only events: the Gone events at the end of
// a run or after a failure of the camera.
type Observation struct {
	Camera  string           `json:"camera,omitempty"` // name; empty if it has none
	Frame   int              `json:"frame"`            // counted from 1
	Scene   string           `json:"scene,omitempty"`  // what the frame shows, if the source knows it
	Right   *bool            `json:"right,omitempty"`  // whether the first result names the scene
	Results []classify.Class `json:"results"`          // the most probable first
	Times   Times            `json:"ms"`
	Events  []decision.Event `json:"events,omitempty"`

	// Time is when the frame was taken, by the system clock, which may be set while the
	// program runs. Age and Elapsed are measured by the monotonic clock.
	Time    time.Time `json:"time,omitzero"` // RFC 3339, to the microsecond
	Age     float64   `json:"age_ms"`        // of the frame when its answer was known, in milliseconds
	Elapsed float64   `json:"elapsed"`       // from the start of the run to the answer, in seconds

	Answers  []decision.Answer  `json:"-"` // smoothed over frames, the most probable first; nil without a Decider
	Snapshot *snapshot.Snapshot `json:"-"` // the frame's picture; nil if no sink needs it
}

// HasFrame reports whether the observation belongs to a frame.
func (o *Observation) HasFrame() bool { return len(o.Results) > 0 }

// Times are the durations of the steps to an answer, in milliseconds with three decimals.
type Times struct {
	Read    float64 `json:"read"`    // decode the picture, or wait for the camera's next frame
	Prepare float64 `json:"prepare"` // crop, resize, convert colours
	Infer   float64 `json:"infer"`   // run the network
}

// NewTimes returns the times of a result. read is how long reading the picture took.
func NewTimes(read time.Duration, r *classify.Result) Times {
	return Times{Read: milliseconds(read), Prepare: milliseconds(r.Prepare), Infer: milliseconds(r.Infer)}
}

// Total returns the sum of the times.
func (t Times) Total() float64 { return t.Read + t.Prepare + t.Infer }

// milliseconds converts a duration, truncated to microseconds: further digits are noise.
func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// newObservation returns the observation of a frame with its top classes. waited is how
// long reading the frame took.
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
