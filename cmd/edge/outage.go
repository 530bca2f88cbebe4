package main

import (
	"fmt"
	"io"
	"sync"
	"time"

	"halfmeg/cmd/edge/internal/cameraerr"
)

// outageDelay is how long an outage must last before it is reported. A shorter one is
// reported when it is over.
const outageDelay = time.Second

// outages reports on stderr when frames stop and when they resume, with a single line for
// a short outage.
type outages struct {
	camera  string // its name; empty if it has none
	stderr  io.Writer
	changed func(error) // called by report, with the explained error; may be nil

	mu      sync.Mutex
	since   time.Time   // start of the outage; zero while frames arrive
	pending error       // error to write; nil if none
	timer   *time.Timer // writes pending; nil before the first outage
}

// report reports the error that stopped the frames, or with nil that frames arrive, the
// first ones included.
func (o *outages) report(err error) {
	if o.changed != nil {
		o.changed(cameraerr.Explain(err))
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case err != nil:
		if o.since.IsZero() {
			o.since = time.Now()
		}
		o.pending = o.named(cameraerr.Explain(err))
		if time.Since(o.since) >= outageDelay {
			o.write()
		} else if o.timer == nil {
			o.timer = time.AfterFunc(outageDelay, o.flush)
		} else {
			o.timer.Reset(outageDelay - time.Since(o.since))
		}
	case o.pending != nil:
		report(o.stderr, fmt.Errorf("%w; recovered after %.1f s", o.pending, time.Since(o.since).Seconds()))
		o.pending, o.since = nil, time.Time{}
	default:
		text := "the camera is sending frames"
		if o.camera != "" {
			text = o.camera + ": " + text
		}
		fmt.Fprintln(o.stderr, "edge:", text)
		o.since = time.Time{}
	}
}

// named adds the camera's name to an error.
func (o *outages) named(err error) error {
	if o.camera == "" {
		return err
	}
	return fmt.Errorf("%s: %w", o.camera, err)
}

// flush writes the pending error. It is called by the timer and at the end of the run.
func (o *outages) flush() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.write()
}

func (o *outages) write() {
	if o.pending != nil {
		report(o.stderr, fmt.Errorf("%w; waiting for the camera", o.pending))
		o.pending = nil
	}
}
