package main

import (
	"fmt"
	"io"
	"sync"
	"time"

	"halfmeg/cmd/edge/internal/cameraerr"
)

// outageDelay is how long an outage of the camera must last to be worth a line of its
// own.
const outageDelay = time.Second

// outages tells on stderr when frames stay away and when they come again, with one
// line for a short outage.
type outages struct {
	stderr  io.Writer
	changed func(error) // called like report, with an error for people; may be nil

	mu    sync.Mutex
	since time.Time   // when the outage started; zero while frames come
	held  error       // not told yet; nil if there is none
	timer *time.Timer // tells held; nil before the first outage
}

// report is called with the error that keeps frames away, or with nil when they come
// again.
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
		o.held = cameraerr.Explain(err)
		if time.Since(o.since) >= outageDelay {
			o.tell()
		} else if o.timer == nil {
			o.timer = time.AfterFunc(outageDelay, o.flush)
		} else {
			o.timer.Reset(outageDelay - time.Since(o.since))
		}
	case o.held != nil:
		report(o.stderr, fmt.Errorf("%w; frames came again after %.1f s", o.held, time.Since(o.since).Seconds()))
		o.held, o.since = nil, time.Time{}
	default:
		fmt.Fprintln(o.stderr, "edge: the camera is sending frames again")
		o.since = time.Time{}
	}
}

// flush tells what is held back, at the latest at the end of the run.
func (o *outages) flush() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.tell()
}

func (o *outages) tell() {
	if o.held != nil {
		report(o.stderr, fmt.Errorf("%w; waiting for the camera", o.held))
		o.held = nil
	}
}
