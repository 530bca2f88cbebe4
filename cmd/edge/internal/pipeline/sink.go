package pipeline

import (
	"time"
)

// Sink receives the results of a run, in the order of frames. Its methods are called
// by one goroutine.
type Sink interface {
	// Observe handles one observation. It must not change it, because other
	// sinks receive the same one.
	Observe(o *Observation) error
	// Close is called once, after everything else, also after an error.
	Close() error
}

// CameraSink is a Sink that is told whether the camera sends frames.
type CameraSink interface {
	Sink
	// CameraChanged is called in order with Observe, whenever the state changes.
	CameraChanged(s CameraState) error
}

// PictureSink is a Sink that shows or stores pictures.
type PictureSink interface {
	Sink
	// WantsPicture reports whether the sink uses the picture of an observation. The
	// Runner calls it, so it must not block and may be called at any time.
	WantsPicture(o *Observation) bool
}

// CameraState is whether the camera sends frames.
type CameraState struct {
	Name  string    // of the camera
	Since time.Time // when the state began
	Err   error     // why no frames arrive, worded for the user; nil while they arrive
}
