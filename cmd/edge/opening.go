package main

import (
	"context"
	"io/fs"
	"os"

	"halfmeg/camera"
)

// opening is a camera that is being opened while the network is loaded: each takes from
// a tenth of a second to two.
type opening struct {
	done   chan struct{}
	source camera.Source
	err    error
}

// startOpening starts to call open in the background.
func startOpening(open func() (camera.Source, error)) *opening {
	o := &opening{done: make(chan struct{})}
	go func() {
		defer close(o.done)
		o.source, o.err = open()
	}()
	return o
}

// wait returns the result of open.
func (o *opening) wait() (camera.Source, error) {
	<-o.done
	return o.source, o.err
}

// openAhead starts to open the cameras for which that is slow. The returned function ends
// that and closes the cameras, unless opened has returned them.
func (r *runCommand) openAhead(ctx context.Context, runs []*cameraRun) (abandon func()) {
	ctx, cancel := context.WithCancel(ctx)
	for _, c := range runs {
		if slowToOpen(c.Address) {
			c.opening = startOpening(func() (camera.Source, error) { return r.open(c.context(ctx), c) })
		}
	}
	return func() {
		cancel()
		for _, c := range runs {
			c.abandon()
		}
	}
}

// abandon closes the camera that is being opened, if there is one.
func (c *cameraRun) abandon() {
	if c.opening == nil {
		return
	}
	if source, err := c.opening.wait(); err == nil {
		_ = source.Close() // the error that ends the run is reported
	}
}

// slowToOpen reports whether a camera is worth opening in the background: a device or an
// address. Reading standard input or a pipe cannot be cancelled, and other sources are
// open in a moment.
func slowToOpen(name string) bool {
	if name == camera.TestCard || name == camera.StandardInput {
		return false
	}
	info, err := os.Stat(name)
	return err != nil || info.Mode()&fs.ModeCharDevice != 0
}

// opened returns the camera of a run, which openAhead may have opened already.
func (r *runCommand) opened(ctx context.Context, c *cameraRun) (camera.Source, error) {
	if c.opening == nil {
		return r.open(ctx, c)
	}
	o := c.opening
	c.opening = nil // from now on the caller closes it
	return o.wait()
}
