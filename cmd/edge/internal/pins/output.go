// Package pins connects GPIO lines: outputs that follow events, for a lamp or a relay, and
// buttons that start actions. Lines that are missing, busy or not permitted are reported
// and requested again with backoff, while the run continues.
package pins

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"halfmeg/cmd/edge/internal/decision"
	"halfmeg/cmd/edge/internal/gpio"
	"halfmeg/cmd/edge/internal/pipeline"
)

// Config is what outputs and buttons have in common.
type Config struct {
	GPIO *gpio.GPIO

	// Report is called once for each problem with a line, and Log when a problem is over.
	// Both must be safe for concurrent use.
	Report func(error)
	Log    func(string)
}

// Sink sets outputs by events.
type Sink struct {
	outputs []*output
	cancel  context.CancelFunc
	running sync.WaitGroup
}

// output is an output with its line.
type output struct {
	Output

	mu     sync.Mutex
	active map[string]bool // ids of the events that are not gone
	on     bool
	until  time.Time   // while on: the end of the minimum time or of the pulse; monotonic
	timer  *time.Timer // calls update at until; nil if on does not change then
	line   *gpio.Line  // nil while it is not available
	failed error       // of Set
	closed bool
}

// NewSink requests the lines of the outputs, which are inactive, and returns a sink.
func NewSink(c Config, list []Output) *Sink {
	ctx, cancel := context.WithCancel(context.Background())
	s := &Sink{cancel: cancel}
	for _, spec := range list {
		o := &output{Output: spec, active: map[string]bool{}}
		s.outputs = append(s.outputs, o)
		k := keeper{
			name:    "output " + spec.Address.String(),
			request: func() (*gpio.Line, error) { return c.GPIO.Output(spec.Address, spec.ActiveLow) },
			use:     o.use,
			report:  c.Report,
			log:     c.Log,
		}
		s.running.Go(func() { k.run(ctx) })
	}
	return s
}

// Observe sets the outputs by the observation's events.
func (s *Sink) Observe(o *pipeline.Observation) error {
	if len(o.Events) == 0 {
		return nil
	}
	for _, out := range s.outputs {
		out.observe(o.Events)
	}
	return nil
}

// Close makes all outputs inactive and releases their lines.
func (s *Sink) Close() error {
	s.cancel()
	var errs []error
	for _, out := range s.outputs {
		errs = append(errs, out.close())
	}
	s.running.Wait()
	return errors.Join(errs...)
}

func (e *Events) match(event *decision.Event) bool {
	switch {
	case e.Any:
		return true
	case event.Group || event.Class == nil:
		return e.Group != "" && strings.EqualFold(e.Group, event.Name)
	default:
		return slices.Contains(e.Classes, *event.Class)
	}
}

// observe processes the events of an observation.
func (o *output) observe(events []decision.Event) {
	o.mu.Lock()
	defer o.mu.Unlock()
	appeared := false
	for i := range events {
		e := &events[i]
		switch {
		case !o.Events.match(e):
		case e.Type == decision.Appeared:
			o.active[e.ID], appeared = true, true
		default:
			delete(o.active, e.ID)
		}
	}
	now := time.Now()
	switch {
	case o.Pulse > 0 && appeared:
		o.until = now.Add(o.Pulse)
	case !o.on && len(o.active) > 0:
		o.until = now.Add(o.MinOn)
	}
	o.update(now)
}

// update sets the level for a time. The caller holds the lock.
func (o *output) update(now time.Time) {
	if o.closed {
		return
	}
	if o.timer != nil {
		o.timer.Stop()
		o.timer = nil
	}
	left := o.until.Sub(now)
	on := left > 0 || o.Pulse == 0 && len(o.active) > 0
	if on != o.on {
		o.on = on
		o.set()
	}
	if left > 0 {
		o.timer = time.AfterFunc(left, func() {
			o.mu.Lock()
			defer o.mu.Unlock()
			o.update(time.Now())
		})
	}
}

// set writes the level to the line, if there is one. The caller holds the lock.
func (o *output) set() {
	if o.line == nil {
		return
	}
	if err := o.line.Set(o.on); err != nil {
		o.failed = err
		_ = o.line.Close() // ends use
		o.line = nil
	}
}

// use sets the line to the current level and returns when the line fails or is closed.
func (o *output) use(_ context.Context, line *gpio.Line) error {
	o.mu.Lock()
	if o.closed {
		o.mu.Unlock()
		return line.Close()
	}
	o.line, o.failed = line, nil
	if o.on { // otherwise the line has the level
		o.set()
	}
	o.mu.Unlock()

	err := line.Wait() // an output has no edges: it returns when the chip is removed or the line closed

	o.mu.Lock()
	defer o.mu.Unlock()
	if o.failed != nil {
		err = o.failed
	}
	if o.line != nil {
		_ = o.line.Close() // its chip was removed
		o.line = nil
	}
	return err
}

// close makes the output inactive and releases the line.
func (o *output) close() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed, o.on = true, false
	if o.timer != nil {
		o.timer.Stop()
	}
	if o.line == nil {
		return nil
	}
	line := o.line
	o.line = nil
	return errors.Join(line.Set(false), line.Close())
}
