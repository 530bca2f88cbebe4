package decision

import "time"

// EventVersion is the version of the JSON form of Event. It is increased when a
// field changes its meaning or goes away; fields may be added without.
const EventVersion = 1

// The types of an Event.
const (
	Appeared = "appeared"
	Gone     = "gone"
)

// Answer is one class or group of a Decision.
type Answer struct {
	Index       int     `json:"class"`           // of the class; -1 for a group
	Name        string  `json:"name"`            // the first name of the label, or the group's name
	Label       string  `json:"label,omitempty"` // as the network has it; empty for a group
	Group       bool    `json:"group,omitempty"`
	Probability float64 `json:"probability"` // smoothed, with six decimals
	On          bool    `json:"on"`          // it has appeared and is not gone
}

// Decision is the result of a frame.
type Decision struct {
	// Answers are the most probable classes, TopK of them, then all groups; both
	// with the most probable first. What is not allowed is left out. They share
	// memory with the Decider and are valid until its next call: keep a copy.
	Answers []Answer

	// Events are what changed: first what is gone, then what appeared. They belong
	// to the caller.
	Events []Event
}

// Event says that a class or group appeared or is gone. Its JSON form is version
// 1 of docs/events.md and docs/event.schema.json.
type Event struct {
	Version int    `json:"version"` // EventVersion
	ID      string `json:"id"`      // of the sighting: "appeared" and its "gone" share it
	Type    string `json:"type"`    // Appeared or Gone
	Camera  string `json:"camera,omitempty"`
	Name    string `json:"name"`            // the first name of the label, or the group's name
	Label   string `json:"label,omitempty"` // as the network has it; empty for a group
	Class   *int   `json:"class,omitempty"` // nil for a group
	Group   bool   `json:"group"`

	// Start is the first frame of the sighting, and End the last, nil as long as
	// it goes on. Both are of the system's clock, which may be set in between;
	// Duration, in seconds, is not affected by that. It is 0 in Appeared.
	Start    time.Time  `json:"start"`
	End      *time.Time `json:"end,omitempty"`
	Duration float64    `json:"duration"`

	Probability float64 `json:"probability"` // smoothed, when the event happened
	Peak        float64 `json:"peak"`        // the highest so far

	// The Decider leaves these and Camera to its caller.
	Frame    int    `json:"frame,omitempty"`    // number of the frame that led to the event
	Snapshot string `json:"snapshot,omitempty"` // file or address of a picture
}

// idTime is the layout of the first part of an ID: UTC, to the millisecond, so
// that IDs sort by time. It has no character that file names forbid.
const idTime = "20060102T150405.000Z"
