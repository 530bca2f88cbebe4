package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"halfmeg/camera"
	"halfmeg/camera/pixel"
	"halfmeg/cmd/edge/internal/decision"
	"halfmeg/cmd/edge/internal/snapshot"
	"halfmeg/model/classify"
)

// Runner classifies frames and passes the observations to queues.
type Runner struct {
	Camera     string // a name for observations and events; may be empty
	Source     camera.Source
	Classifier *classify.Classifier
	Decider    Decider // nil for no answers and events
	Queues     []*Queue

	Frames int          // stop after this number of frames; 0 for no limit
	Top    int          // classes of an observation
	Rotate int          // clockwise by 0, 90, 180 or 270 degrees
	Mirror bool         // left to right, after the rotation
	Crop   pixel.Region // of frames as they come, before the rotation; zero for all

	started time.Time // when Run was called

	Stats Stats // of the camera

	mu      sync.Mutex // of what follows, and of the Decider
	ended   bool       // whether Run has returned
	last    time.Time  // when the last frame was taken
	absence *time.Timer
}

// Decider turns the answers of frames into events. Package decision has it.
type Decider interface {
	// Decide takes the logits of a frame. The result may share memory with the Decider
	// until the next call, except the events.
	Decide(logits []float32, at time.Time) decision.Decision
	// End returns the events of everything that is still on.
	End(at time.Time) []decision.Event
}

// absenceDelay is for how long the camera may fail until what it saw last counts as
// gone: longer than a loose plug or a restart of the camera's program takes.
const absenceDelay = 10 * time.Second

// errNoFrame is the error of a source that ends without a frame. Most sources return
// one that names them.
var errNoFrame = errors.New("the camera sent no frames")

// endTimeout is how long the last events may wait for room in a queue.
const endTimeout = 2 * time.Second

// Run returns nil when the source ends, the context ends, or the limit of frames is
// reached. It waits for a sink only if a queue with the policy Wait is full.
func (r *Runner) Run(ctx context.Context) error {
	r.started = time.Now()
	defer r.end()
	for number := 1; r.Frames == 0 || number <= r.Frames; number++ {
		start := time.Now()
		frame, err := r.Source.Next(ctx)
		if number == 1 && errors.Is(err, io.EOF) {
			return errNoFrame
		}
		if err != nil {
			return IgnoreEnd(ctx, err)
		}
		if err := r.process(ctx, number, frame, time.Since(start)); err != nil {
			return IgnoreEnd(ctx, err)
		}
	}
	return nil
}

// process classifies a frame and queues the observation.
func (r *Runner) process(ctx context.Context, number int, frame *camera.Frame, waited time.Duration) error {
	pixels := frame.Pixels()
	img, err := pixels.Crop(r.Crop)
	if err != nil {
		return fmt.Errorf("frame %d: %w", number, err)
	}
	img.Rotate, img.Mirror = r.Rotate, r.Mirror
	start := time.Now()
	result, err := r.Classifier.Classify(img)
	if err != nil {
		return fmt.Errorf("frame %d: %w", number, err)
	}
	r.Stats.add(frame, start.Add(result.Prepare))
	o := newObservation(number, frame, waited, result, r.Top)
	o.Elapsed = milliseconds(time.Since(r.started)) / 1000
	o.Camera = r.Camera

	// The lock is held until the observation is queued: events that end in the
	// meantime must not overtake it.
	r.mu.Lock()
	defer r.mu.Unlock()
	r.decide(o, frame.Time, result.Logits)
	if slices.ContainsFunc(r.Queues, func(q *Queue) bool { return q.WantsPicture(o) }) {
		o.Snapshot = snapshot.New(frame, &img)
	}
	for _, q := range r.Queues {
		if err := q.Observe(ctx, o); err != nil {
			return err
		}
	}
	return nil
}

// decide adds answers and events to an observation. The caller holds the lock.
func (r *Runner) decide(o *Observation, at time.Time, logits []float32) {
	if r.Decider == nil {
		return
	}
	r.last = at
	d := r.Decider.Decide(logits, at)
	o.Answers, o.Events = slices.Clone(d.Answers), d.Events
	r.complete(o)
}

// HasDecider reports whether there are answers and events.
func (r *Runner) HasDecider() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.Decider != nil
}

// SetDecider replaces the Decider during a run. What is on is gone, and appears again
// where the new one sees it.
func (r *Runner) SetDecider(d Decider) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.Decider != nil && !r.ended {
		r.endEvents()
	}
	r.Decider = d
}

// complete adds to events what the Decider does not know.
func (r *Runner) complete(o *Observation) {
	for i := range o.Events {
		o.Events[i].Camera, o.Events[i].Frame = r.Camera, o.Frame
	}
}

// CameraChanged tells the sinks that frames have stopped, or with a nil error that
// they have resumed. It may be called from Source.Next.
func (r *Runner) CameraChanged(err error) {
	state := CameraState{Name: r.Camera, Since: time.Now(), Err: err}
	for _, q := range r.Queues {
		q.CameraChanged(state)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case err == nil && r.absence != nil:
		r.absence.Stop()
		r.absence = nil
	case err != nil && r.absence == nil && r.Decider != nil && !r.ended:
		r.absence = time.AfterFunc(absenceDelay, r.closeEvents)
	}
}

// closeEvents ends the events of what the camera saw before it failed.
func (r *Runner) closeEvents() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.absence != nil && !r.ended { // otherwise frames have resumed
		r.endEvents()
	}
}

// end ends all events, at the end of a run.
func (r *Runner) end() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ended = true
	if r.absence != nil {
		r.absence.Stop()
	}
	if r.Decider != nil {
		r.endEvents()
	}
}

// endEvents passes on the events of what is gone with the last frame. The caller
// holds the lock.
func (r *Runner) endEvents() {
	o := &Observation{Camera: r.Camera, Time: r.last.Truncate(time.Microsecond), Events: r.Decider.End(r.last)}
	if len(o.Events) == 0 {
		return
	}
	r.complete(o)
	ctx, cancel := context.WithTimeout(context.Background(), endTimeout)
	defer cancel()
	for _, policy := range []Policy{DropOldest, Wait} { // who never waits comes first
		for _, q := range r.Queues {
			if q.policy == policy {
				_ = q.Observe(ctx, o) // the sink's error ends the run anyway
			}
		}
	}
}

// IgnoreEnd returns nil where err is the normal end of a run: the source has no more frames,
// or the context has ended.
func IgnoreEnd(ctx context.Context, err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, ctx.Err()) {
		return nil
	}
	return err
}
