package main

import (
	"context"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"halfmeg/cmd/edge/internal/pipeline"
	"halfmeg/internal/printable"
)

const (
	// outputQueue is how many observations may wait for standard output: enough for
	// a terminal that pauses for a moment.
	outputQueue = 16

	// sinkQueue is how many observations may wait for any other sink. More would be
	// old before they are shown; events wait beyond that.
	sinkQueue = 2

	// closeTimeout is how long a sink may take after Ctrl-C: a terminal may be
	// stopped, the reader of a pipe asleep, or a disk gone.
	closeTimeout = 3 * time.Second
)

// outputs are the sinks of a run.
type outputs struct {
	stderr io.Writer

	mu      sync.Mutex // of list, which the page's metrics read
	list    []*sinkOutput
	queues  []*pipeline.Queue // of list
	closers []io.Closer       // of what sinks use, to be closed after them
}

// sinkOutput is a sink of a run with its queue.
type sinkOutput struct {
	name     string
	queue    *pipeline.Queue
	required bool        // it is the result of the run: standard output
	failed   atomic.Bool // and stderr has it
}

// report writes a problem of a sink to stderr.
func (o *outputs) report(err error) { report(o.stderr, err) }

// log writes to stderr that a problem of a sink is over.
func (o *outputs) log(text string) { fmt.Fprintln(o.stderr, "edge:", printable.Text(text)) }

// addRequired adds the sink that is the result of the run: if it fails the run ends,
// even while the camera sends nothing.
func (o *outputs) addRequired(s pipeline.Sink, policy pipeline.Policy, cancel context.CancelCauseFunc) {
	out := &sinkOutput{name: "standard output", required: true}
	out.queue = pipeline.NewQueue(s, outputQueue, policy, func(err error) { cancel(err) })
	o.add(out)
}

// addOptional adds a sink without which the run goes on.
func (o *outputs) addOptional(name string, s pipeline.Sink) {
	out := &sinkOutput{name: name}
	out.queue = pipeline.NewQueue(s, sinkQueue, pipeline.DropOldest, func(err error) {
		out.failed.Store(true)
		o.report(fmt.Errorf("%s has failed, and the run goes on without it: %w", name, err))
	})
	o.add(out)
}

func (o *outputs) add(out *sinkOutput) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.list, o.queues = append(o.list, out), append(o.queues, out.queue)
}

// missed returns how many frames each sink was too slow for, by its name.
func (o *outputs) missed() map[string]int {
	o.mu.Lock()
	defer o.mu.Unlock()
	frames := make(map[string]int)
	for _, out := range o.list {
		frames[out.name] += out.queue.Dropped()
	}
	return frames
}

// close waits until the sinks have everything, but not much longer than ctx. It returns
// the error of standard output.
func (o *outputs) close(ctx context.Context) error {
	errs := make([]error, len(o.list))
	var all sync.WaitGroup
	for i, out := range o.list {
		all.Go(func() { // one that hangs delays no other
			errs[i] = out.closeInTime(ctx)
		})
	}
	all.Wait()
	var err error
	for i, out := range o.list {
		if out.required {
			err = errs[i]
		} else if errs[i] != nil && !out.failed.Load() {
			o.report(errs[i])
		}
		o.reportMissed(out)
	}
	for _, c := range o.closers {
		if failed := c.Close(); failed != nil {
			o.report(failed)
		}
	}
	return err
}

// reportMissed reports what a sink has missed that it should not have.
func (o *outputs) reportMissed(out *sinkOutput) {
	if dropped := out.queue.Dropped(); out.required && dropped > 0 {
		o.report(fmt.Errorf("%s was too slow for %d frames, which it has missed", out.name, dropped))
	}
	if lost := out.queue.Lost(); lost > 0 {
		o.report(fmt.Errorf("%s was stuck and has missed %d events", out.name, lost))
	}
}

// closeInTime closes the queue. Once the context has ended, a sink that is stuck has a
// few seconds left.
func (o *sinkOutput) closeInTime(ctx context.Context) error {
	closed := make(chan error, 1)
	go func() { closed <- o.queue.Close() }()
	select {
	case err := <-closed:
		return o.named(err)
	case <-ctx.Done():
	}
	select {
	case err := <-closed:
		return o.named(err)
	case <-time.After(closeTimeout):
		return fmt.Errorf("%s is stuck; what it had not written after %v is lost", o.name, closeTimeout)
	}
}

// named adds the sink's name to an error, except for standard output, whose errors name it.
func (o *sinkOutput) named(err error) error {
	if err == nil || o.required {
		return err
	}
	return fmt.Errorf("%s: %w", o.name, err)
}
