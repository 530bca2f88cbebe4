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

// Runner classifies the frames of a camera and passes the observations to queues. Several
// Runners may share queues, and a classifier in turns.
type Runner struct {
	Camera     string // a name for observations and events; may be empty
	Source     camera.Source
	Classifier *classify.Classifier
	Turn       sync.Locker // held while the classifier and its result are in use; nil if it is not shared
	Decider    Decider     // nil for no smoothed answers and no events
	Queues     []*Queue

	Frames int          // stop after this number of frames; 0 for no limit
	Top    int          // number of classes in an observation
	Rotate int          // clockwise by 0, 90, 180 or 270 degrees
	Mirror bool         // left to right, after the rotation
	Crop   pixel.Region // of the source's frames, before the rotation; zero for all

	started time.Time // when Run was called
	logits  []float32 // of the latest frame

	Stats    Stats    // of the camera
	Progress Progress // of Run

	mu      sync.Mutex  // guards Decider and the fields below
	ended   bool        // whether Run has returned
	last    time.Time   // when the last frame was taken
	absence *time.Timer // ends all sightings; nil while frames arrive
}

// Decider turns the results of frames into events. decision.Decider implements it.
type Decider interface {
	// Decide processes the logits of a frame. The answers may share memory with the
	// Decider until its next call; the events must not.
	Decide(logits []float32, at time.Time) decision.Decision
	// End ends all sightings and returns their events.
	End(at time.Time) []decision.Event
}

// absenceDelay is how long the camera may fail before everything it saw counts as gone. It
// is longer than a loose contact or a restart of the camera's program takes.
const absenceDelay = 10 * time.Second

// errNoFrame is the error for a source that ends without a frame. Most sources return a
// more specific one.
var errNoFrame = errors.New("the camera sent no frames")

// endTimeout is how long the events at the end may wait for space in a queue.
const endTimeout = 2 * time.Second

// Run classifies frames until the source or the context ends, or the limit of frames is
// reached, and then returns nil. It blocks on a sink only if a queue with the policy Wait
// is full.
func (r *Runner) Run(ctx context.Context) error {
	r.started = time.Now()
	defer r.end()
	for number := 1; r.Frames == 0 || number <= r.Frames; number++ {
		start := time.Now()
		frame, err := r.Source.Next(ctx)
		r.Progress.Idle(false)
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

// process classifies a frame and enqueues its observation.
func (r *Runner) process(ctx context.Context, number int, frame *camera.Frame, waited time.Duration) error {
	pixels := frame.Pixels()
	img, err := pixels.Crop(r.Crop)
	if err != nil {
		return fmt.Errorf("frame %d: %w", number, err)
	}
	img.Rotate, img.Mirror = r.Rotate, r.Mirror
	o, err := r.classify(number, frame, waited, img)
	if err != nil {
		return fmt.Errorf("frame %d: %w", number, err)
	}
	// Hold the lock until the observation is queued: otherwise SetDecider or
	// cameraAbsent could enqueue "gone" before "appeared".
	r.mu.Lock()
	defer r.mu.Unlock()
	r.decide(o, frame.Time)
	if slices.ContainsFunc(r.Queues, func(q *Queue) bool { return q.WantsPicture(o) }) {
		o.Snapshot = snapshot.New(frame, &img)
	}
	defer r.Progress.Idle(false)
	for _, q := range r.Queues {
		r.Progress.Idle(q.policy == Wait)
		if err := q.Observe(ctx, o); err != nil {
			return err
		}
	}
	return nil
}

// classify returns the observation of a frame, without answers and events, and sets
// r.logits.
func (r *Runner) classify(number int, frame *camera.Frame, waited time.Duration, img pixel.Image) (*Observation, error) {
	if r.Turn != nil {
		r.Turn.Lock()
		defer r.Turn.Unlock()
	}
	start := time.Now()
	result, err := r.Classifier.Classify(img)
	if err != nil {
		return nil, err
	}
	r.Progress.Idle(false)
	r.Stats.add(frame, start.Add(result.Prepare))
	o := newObservation(number, frame, waited, result, r.Top)
	o.Elapsed = milliseconds(time.Since(r.started)) / 1000
	o.Camera = r.Camera
	r.logits = append(r.logits[:0], result.Logits...)
	return o, nil
}

// decide adds answers and events to an observation. The caller holds the lock.
func (r *Runner) decide(o *Observation, at time.Time) {
	if r.Decider == nil {
		return
	}
	r.last = at
	d := r.Decider.Decide(r.logits, at)
	o.Answers, o.Events = slices.Clone(d.Answers), d.Events
	r.complete(o)
}

// HasDecider reports whether the Runner has a Decider.
func (r *Runner) HasDecider() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.Decider != nil
}

// SetDecider replaces the Decider during a run. All sightings end, and the new Decider
// starts from scratch.
func (r *Runner) SetDecider(d Decider) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.Decider != nil && !r.ended {
		r.endEvents()
	}
	r.Decider = d
}

// complete sets the fields of events that the Decider does not know.
func (r *Runner) complete(o *Observation) {
	for i := range o.Events {
		o.Events[i].Camera, o.Events[i].Frame = r.Camera, o.Frame
	}
}

// CameraChanged notifies the sinks that frames have stopped because of an error, or have
// resumed if err is nil. It may be called from Source.Next.
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
		r.absence = time.AfterFunc(absenceDelay, r.cameraAbsent)
	}
}

// cameraAbsent ends all sightings after the camera has failed for absenceDelay.
func (r *Runner) cameraAbsent() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.absence != nil && !r.ended { // otherwise frames have resumed
		r.endEvents()
	}
}

// end ends all sightings at the end of a run.
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

// endEvents ends all sightings with the last frame and passes their events to the queues.
// The caller holds the lock.
func (r *Runner) endEvents() {
	o := &Observation{Camera: r.Camera, Time: r.last.Truncate(time.Microsecond), Events: r.Decider.End(r.last)}
	if len(o.Events) == 0 {
		return
	}
	r.complete(o)
	ctx, cancel := context.WithTimeout(context.Background(), endTimeout)
	defer cancel()
	for _, policy := range []Policy{DropOldest, Wait} { // first the queues that never block
		for _, q := range r.Queues {
			if q.policy == policy {
				_ = q.Observe(ctx, o) // Queue.Close returns the sink's error
			}
		}
	}
}

// IgnoreEnd returns nil if err is a normal end of a run: the source has no more frames, or
// the context has ended.
func IgnoreEnd(ctx context.Context, err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, ctx.Err()) {
		return nil
	}
	return err
}
