package main

import (
	"context"
	"fmt"
	"io"
	"sync"

	"halfmeg/cmd/edge/internal/pipeline"
	"halfmeg/internal/printable"
)

const (
	// outputQueue is how many observations may wait for standard output: enough for
	// a terminal that pauses for a moment.
	outputQueue = 16

	// sinkQueue is how many observations may wait for any other sink. More would be
	// outdated when shown; events are queued beyond that.
	sinkQueue = 2
)

// outputs are the sinks of a run.
type outputs struct {
	stderr   io.Writer
	queues   []*pipeline.Queue
	names    []string        // of queues
	required *pipeline.Queue // standard output
	closers  []io.Closer     // of what sinks use, to be closed after them
}

// report writes a problem of a sink to stderr.
func (o *outputs) report(err error) { report(o.stderr, err) }

// log writes to stderr that a problem of a sink is over.
func (o *outputs) log(text string) { fmt.Fprintln(o.stderr, "edge:", printable.Text(text)) }

// addRequired adds the sink of the run's result: it misses nothing, and if it fails
// the run ends, even while the camera sends nothing.
func (o *outputs) addRequired(s pipeline.Sink, cancel context.CancelCauseFunc) {
	o.required = pipeline.NewQueue(s, outputQueue, pipeline.Wait, func(err error) { cancel(err) })
	o.add("standard output", o.required)
}

// addOptional adds a sink without which the run goes on.
func (o *outputs) addOptional(name string, s pipeline.Sink) {
	o.add(name, pipeline.NewQueue(s, sinkQueue, pipeline.DropOldest, func(err error) {
		o.report(fmt.Errorf("%s has failed, and the run goes on without it: %w", name, err))
	}))
}

func (o *outputs) add(name string, q *pipeline.Queue) {
	o.queues, o.names = append(o.queues, q), append(o.names, name)
}

// close waits until the sinks have everything. It returns the error of standard
// output.
func (o *outputs) close() error {
	errs := make([]error, len(o.queues))
	var all sync.WaitGroup
	for i, q := range o.queues {
		all.Go(func() { errs[i] = q.Close() }) // one that hangs delays no other
	}
	all.Wait()
	var err error
	for i, q := range o.queues {
		if q == o.required {
			err = errs[i]
		}
		if lost := q.Lost(); lost > 0 {
			o.report(fmt.Errorf("%s was stuck and has missed %d events", o.names[i], lost))
		}
	}
	for _, c := range o.closers {
		if failed := c.Close(); failed != nil {
			o.report(failed)
		}
	}
	return err
}
