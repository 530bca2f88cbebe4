package pipeline

import (
	"time"
)

// Sink receives the results of a run in the order of frames. All its methods are called by
// one goroutine.
type Sink interface {
	// Observe handles an observation. It must not modify it, because other sinks
	// receive the same one.
	Observe(o *Observation) error
	// Close is called once at the end, even after an error.
	Close() error
}

// CameraSink is a Sink that is notified when frames stop and resume.
type CameraSink interface {
	Sink
	// CameraChanged is called when the state changes, in order with Observe.
	CameraChanged(s CameraState) error
}

// PictureSink is a Sink that shows or stores pictures.
type PictureSink interface {
	Sink
	// WantsPicture reports whether the sink needs the picture of an observation. The
	// Runner calls it concurrently with the other methods, so it must not block.
	WantsPicture(o *Observation) bool
}

// CameraState says whether the camera sends frames.
type CameraState struct {
	Name  string    // of the camera
	Since time.Time // when the state began
	Err   error     // why no frames arrive, as a message for users; nil while they arrive
}
