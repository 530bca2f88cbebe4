package decision

import "time"

// EventVersion is the version of the JSON form of Event. It is increased when a field
// changes its meaning or is removed, but not when a field is added.
const EventVersion = 1

// The types of an Event.
const (
	Appeared = "appeared"
	Gone     = "gone"
)

// Answer is a class or group of a Decision.
type Answer struct {
	Index       int     `json:"class"`           // of the class; -1 for a group
	Name        string  `json:"name"`            // the first name of the label, or the group's name
	Label       string  `json:"label,omitempty"` // the network's label; empty for a group
	Group       bool    `json:"group,omitempty"`
	Probability float64 `json:"probability"` // smoothed, with six decimals
	On          bool    `json:"on"`          // it has appeared and is not gone yet
}

// Decision is the result of a frame.
type Decision struct {
	// Answers are the TopK most probable allowed classes, then all allowed groups, each
	// sorted by descending probability. They share memory with the Decider and are
	// valid until its next call: keep a copy.
	Answers []Answer

	// Events are the changes: first what is gone, then what appeared. They belong to the
	// caller.
	Events []Event
}

// Event reports that a class or group appeared or is gone. docs/events.md and
// docs/event.schema.json describe its JSON form.
type Event struct {
	Version int    `json:"version"` // EventVersion
	ID      string `json:"id"`      // of the sighting, shared by its "appeared" and "gone"
	Type    string `json:"type"`    // Appeared or Gone
	Camera  string `json:"camera,omitempty"`
	Name    string `json:"name"`            // the first name of the label, or the group's name
	Label   string `json:"label,omitempty"` // the network's label; empty for a group
	Class   *int   `json:"class,omitempty"` // nil for a group
	Group   bool   `json:"group"`

	// Start and End are the times of the first and the last frame of the sighting, by
	// the system clock, which may be set in between. Duration, in seconds, is not
	// affected by that. In Appeared End is nil and Duration 0.
	Start    time.Time  `json:"start"`
	End      *time.Time `json:"end,omitempty"`
	Duration float64    `json:"duration"`

	Probability float64 `json:"probability"` // smoothed, when the event happened
	Peak        float64 `json:"peak"`        // the highest so far

	// The caller of the Decider sets these and Camera.
	Frame    int    `json:"frame,omitempty"`    // number of the frame that caused the event
	Snapshot string `json:"snapshot,omitempty"` // file or address of a picture
}

// idTime is the time layout at the start of an ID: UTC, to the millisecond, so that IDs
// sort by time. It has only characters that are valid in file names.
const idTime = "20060102T150405.000Z"
