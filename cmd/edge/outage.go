package main

import (
	"fmt"
	"io"
	"sync"
	"time"

	"halfmeg/cmd/edge/internal/cameraerr"
)

// outageDelay is how long an outage of the camera must last to get a line of its own.
const outageDelay = time.Second

// outages reports on stderr when frames stop and when they resume, in one line for a
// short outage.
type outages struct {
	stderr  io.Writer
	changed func(error) // called like report, with an error for people; may be nil

	mu      sync.Mutex
	since   time.Time   // when the outage started; zero while frames arrive
	pending error       // not written yet; nil if there is none
	timer   *time.Timer // writes pending; nil before the first outage
}

// report is called with the error that stopped the frames, or with nil when frames
// arrive, which may be the first ones.
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
		o.pending = cameraerr.Explain(err)
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
		fmt.Fprintln(o.stderr, "edge: the camera is sending frames")
		o.since = time.Time{}
	}
}

// flush writes the pending error, at the latest at the end of the run.
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
