package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"halfmeg/cmd/edge/internal/pihealth"
	"halfmeg/cmd/edge/internal/pipeline"
	"halfmeg/cmd/edge/internal/record"
	"halfmeg/cmd/edge/internal/text"
	"halfmeg/internal/printable"
)

const (
	// stdoutQueue is the queue size of standard output: enough for a terminal that
	// pauses for a moment.
	stdoutQueue = 16

	// optionalQueue is the queue size of any other sink for each of its cameras. More
	// observations would be stale when they are shown. Events are queued beyond it.
	optionalQueue = 2

	// closeTimeout is how long a sink may block after Ctrl-C: a terminal may be stopped,
	// the reader of a pipe may hang, or a disk may be gone.
	closeTimeout = 3 * time.Second
)

// outputs are the sinks of a run.
type outputs struct {
	stderr  io.Writer
	cameras int               // number of cameras
	health  *pihealth.Monitor // of the board, for all outputs

	mu      sync.Mutex // guards list, which the page's metrics read
	list    []*output
	closers []io.Closer // used by sinks, closed after them

	recorder *record.Sink // nil without --record
}

// output is a sink of a run with its queue.
type output struct {
	name     string
	camera   *string // name of the only camera whose observations it receives; nil for all
	queue    *pipeline.Queue
	required bool        // the run ends if it fails: standard output
	failed   atomic.Bool // its error was reported
	blocked  bool        // reported by watch
}

// report writes an error of a sink to stderr.
func (o *outputs) report(err error) { report(o.stderr, err) }

// log writes a message that is not an error to stderr.
func (o *outputs) log(text string) { fmt.Fprintln(o.stderr, "edge:", printable.Text(text)) }

// addStdout adds the sink for the result of the run. Its failure cancels the run, even
// while no frames arrive.
func (o *outputs) addStdout(s pipeline.Sink, policy pipeline.Policy, cancel context.CancelCauseFunc) {
	out := &output{name: "standard output", required: true}
	out.queue = pipeline.NewQueue(s, stdoutQueue, policy, func(err error) { cancel(err) })
	o.add(out)
}

// addOptional adds a sink whose failure does not end the run.
func (o *outputs) addOptional(name string, s pipeline.Sink) {
	o.addQueue(&output{name: name}, s, optionalQueue*o.cameras)
}

// addForCamera adds a sink like addOptional that receives the observations of one camera.
func (o *outputs) addForCamera(name, camera string, s pipeline.Sink) {
	o.addQueue(&output{name: name, camera: &camera}, s, optionalQueue)
}

func (o *outputs) addQueue(out *output, s pipeline.Sink, size int) {
	out.queue = pipeline.NewQueue(s, size, pipeline.DropOldest, func(err error) {
		out.failed.Store(true)
		o.report(fmt.Errorf("%s failed, and the run continues without it: %w", out.name, err))
	})
	o.add(out)
}

func (o *outputs) add(out *output) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.list = append(o.list, out)
}

// queuesOf returns the queues of the outputs that receive the observations of a camera.
func (o *outputs) queuesOf(camera string) []*pipeline.Queue {
	var queues []*pipeline.Queue
	for _, out := range o.list {
		if out.camera == nil || *out.camera == camera {
			queues = append(queues, out.queue)
		}
	}
	return queues
}

// blockedTime is how long an optional sink may handle an observation before it is reported:
// longer than any timeout of the network. The run continues without it, and systemd's
// watchdog does not count it.
const blockedTime = time.Minute

// watch reports optional sinks that block, and their recovery, until the context ends.
func (o *outputs) watch(ctx context.Context) {
	ticker := time.NewTicker(blockedTime / 4)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		o.mu.Lock()
		list := slices.Clone(o.list)
		o.mu.Unlock()
		for _, out := range list {
			if !out.required {
				o.reportBlocked(out)
			}
		}
	}
}

// reportBlocked reports once that a sink blocks, and once that it continues.
func (o *outputs) reportBlocked(out *output) {
	blocked := out.queue.Busy() >= blockedTime
	switch {
	case blocked && !out.blocked:
		o.report(fmt.Errorf("%s has not responded for %v and misses what happens; the run continues", out.name, blockedTime))
	case !blocked && out.blocked:
		o.log(out.name + " responds again")
	}
	out.blocked = blocked
}

// missed returns the number of frames that each sink has missed, by its name.
func (o *outputs) missed() map[string]int {
	o.mu.Lock()
	defer o.mu.Unlock()
	frames := make(map[string]int)
	for _, out := range o.list {
		frames[out.name] += out.queue.Dropped()
	}
	return frames
}

// close flushes and closes the sinks. It waits for each until ctx has ended and closeTimeout
// has passed. It returns the error of standard output.
func (o *outputs) close(ctx context.Context) error {
	errs := make([]error, len(o.list))
	var all sync.WaitGroup
	for i, out := range o.list {
		all.Go(func() { // concurrently, so that one that hangs does not delay the others
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

// reportMissed reports frames that standard output has missed, and events that any sink
// has missed.
func (o *outputs) reportMissed(out *output) {
	if dropped := out.queue.Dropped(); out.required && dropped > 0 {
		o.report(fmt.Errorf("%s was too slow and missed %s", out.name, text.Count(dropped, "frame")))
	}
	if lost := out.queue.Lost(); lost > 0 {
		o.report(fmt.Errorf("%s blocked for too long and missed %s", out.name, text.Count(lost, "event")))
	}
}

// closeInTime closes the queue. After the end of the context it waits closeTimeout for a
// sink that blocks.
func (o *output) closeInTime(ctx context.Context) error {
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
		return fmt.Errorf("%s did not finish within %v; its unwritten data is lost", o.name, closeTimeout)
	}
}

// named adds the sink's name to an error. Errors of standard output already name it.
func (o *output) named(err error) error {
	if err == nil || o.required {
		return err
	}
	return fmt.Errorf("%s: %w", o.name, err)
}
