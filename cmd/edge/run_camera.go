package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"halfmeg/camera"
	"halfmeg/cmd/edge/internal/cameraerr"
	"halfmeg/cmd/edge/internal/flags"
	"halfmeg/cmd/edge/internal/pipeline"
	"halfmeg/cmd/edge/internal/systemd"
	"halfmeg/model"
	"halfmeg/model/classify"
)

// cameraRun is a camera of a run. Several share the classifier in turns, and most outputs.
type cameraRun struct {
	flags.NamedCamera
	pipeline.Runner

	outages outages
}

// cameraRuns returns the runs of all selected cameras, without sources and queues, and
// before prepare without the classifier.
func (r *runCommand) cameraRuns(stderr io.Writer) []*cameraRun {
	var turn sync.Mutex
	runs := make([]*cameraRun, len(r.cameras))
	for i, named := range r.cameras {
		runs[i] = &cameraRun{
			NamedCamera: named,
			Runner: pipeline.Runner{
				Camera: named.Name,
				Turn:   &turn,
				Frames: r.frames,
				Top:    topClasses,
				Rotate: int(r.rotate),
				Mirror: r.mirror,
				Crop:   r.crop,
			},
			outages: outages{camera: named.Name, stderr: stderr},
		}
		runs[i].outages.changed = runs[i].CameraChanged
	}
	return runs
}

// prepare sets the classifier and, if an output needs events, the Deciders.
func (r *runCommand) prepare(runs []*cameraRun, c *classify.Classifier, n *model.Network) error {
	for _, run := range runs {
		run.Classifier = c
		if !r.events && !r.outputs.enabled() {
			continue
		}
		d, err := r.decider(labels(n))
		if err != nil {
			return err
		}
		run.Decider = d
	}
	return nil
}

// context returns a context with which the camera reports that it waits.
func (c *cameraRun) context(ctx context.Context) context.Context {
	return camera.WithIdle(ctx, c.Progress.Idle)
}

// runAll runs all cameras until the last one ends. A camera that fails does not end the
// others.
func (r *runCommand) runAll(ctx context.Context, runs []*cameraRun, stderr io.Writer) error {
	errs := make([]error, len(runs))
	var all sync.WaitGroup
	for i, c := range runs {
		all.Go(func() {
			err := cameraerr.Explain(r.runOne(c.context(ctx), c))
			c.Progress.Idle(true) // the watchdog expects nothing of it any more
			if err != nil && c.Name != "" {
				err = fmt.Errorf("%s: %w", c.Name, err)
			}
			if err != nil && len(runs) > 1 {
				report(stderr, err)
				c.CameraChanged(err)
				err = fmt.Errorf("camera %s has failed", c.Name)
			}
			errs[i] = err
		})
	}
	all.Wait()
	return errors.Join(errs...)
}

// runOne opens a camera and runs until its end.
func (r *runCommand) runOne(ctx context.Context, c *cameraRun) (err error) {
	defer c.outages.flush()
	source, err := r.open(ctx, c)
	if err != nil {
		return pipeline.IgnoreEnd(ctx, err)
	}
	defer func() { err = errors.Join(err, source.Close()) }()
	c.Source = source
	return c.Run(ctx)
}

// open opens a camera. Unless --exit-on-error is set, the source reopens the camera
// whenever it fails.
func (r *runCommand) open(ctx context.Context, c *cameraRun) (camera.Source, error) {
	options := r.camera.Options
	if options.Rate == 0 && c.Address == camera.TestCard && r.frames == 0 {
		options.Rate = watchRate // cameras have their own default
	}
	options.Skipped = func(err error) { report(c.outages.stderr, err) }
	opener := camera.NewOpener(c.Address, options)
	open := func(ctx context.Context) (camera.Source, error) {
		source, err := opener.Open(ctx)
		if err != nil {
			return nil, err
		}
		return camera.Skip(source, r.skip), nil
	}
	if r.exitOnError {
		return open(ctx)
	}
	return camera.Reconnect(ctx, open, camera.Retry{KeepTrying: r.keepTrying(), Report: c.outages.report})
}

// keepTrying reports whether to open a camera again after a permanent error. A service
// that ended would be restarted and would log in every few seconds, until the camera locks
// the account. One of several cameras must come back while the others run; a limited run
// ends instead.
func (r *runCommand) keepTrying() bool {
	return r.camera.KeepTrying || systemd.InService() || len(r.cameras) > 1 && r.frames == 0
}

// watchRate is a frame rate that people can follow.
const watchRate = 10

// advance reports whether every camera's run advances or waits.
func advance(runs []*cameraRun) bool {
	all := true
	for _, c := range runs {
		all = c.Progress.Advances() && all // Advances must be called for each
	}
	return all
}
