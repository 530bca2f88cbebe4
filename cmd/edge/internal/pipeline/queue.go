package pipeline

import (
	"context"
	"slices"
	"sync"
	"time"
)

// Policy is the behaviour of a full Queue.
type Policy int

// The policies.
const (
	// Wait blocks the Runner until the queue has space, so that nothing is lost. It
	// suits standard output, which is the result of a run.
	Wait Policy = iota
	// DropOldest drops and counts the oldest observation without events, so that the
	// Runner never blocks. It suits all other sinks.
	DropOldest
)

// maxPending bounds the length of a queue with the policy DropOldest while its sink blocks.
// Only events and camera changes make it longer than its size; those are rare, and take
// hours to fill it.
const maxPending = 1024

// Queue runs a sink in a separate goroutine, so that the Runner continues while the sink is
// busy.
type Queue struct {
	sink   Sink
	policy Policy
	onFail func(error)

	mu      sync.Mutex
	changed *sync.Cond
	pending []delivery
	size    int // maximum length, except for events and camera changes
	dropped int
	lost    int
	closed  bool
	err     error     // of the sink; after an error nothing is delivered
	busy    time.Time // when the current delivery began; zero while the sink is idle

	done chan struct{}
}

// delivery is an observation or, if that is nil, a change of the camera.
type delivery struct {
	observation *Observation
	camera      CameraState
}

// mayDrop reports whether the delivery may be dropped.
func (d delivery) mayDrop() bool { return d.observation != nil && len(d.observation.Events) == 0 }

// NewQueue starts a queue that holds up to size observations, at least one. The queue's
// goroutine calls onFail, which may be nil, with the sink's first error. Close ends the
// queue.
func NewQueue(sink Sink, size int, policy Policy, onFail func(error)) *Queue {
	q := &Queue{sink: sink, size: max(size, 1), policy: policy, onFail: onFail, done: make(chan struct{})}
	q.changed = sync.NewCond(&q.mu)
	go q.run()
	return q
}

// WantsPicture reports whether the sink uses the picture of an observation.
func (q *Queue) WantsPicture(o *Observation) bool {
	p, ok := q.sink.(PictureSink)
	return ok && p.WantsPicture(o)
}

// Observe enqueues an observation. With the policy Wait it returns the error of the sink
// for an earlier observation, or the context's error if that ends while the queue is full.
func (q *Queue) Observe(ctx context.Context, o *Observation) error {
	defer context.AfterFunc(ctx, q.wake)()
	q.mu.Lock()
	defer q.mu.Unlock()
	for q.policy == Wait && len(q.pending) >= q.size && q.err == nil && ctx.Err() == nil {
		q.changed.Wait()
	}
	switch {
	case q.err != nil && q.policy == DropOldest:
		return nil // the run continues without the sink
	case q.err != nil:
		return q.err
	case len(q.pending) < q.size:
	case q.policy == Wait: // the context has ended
		return ctx.Err()
	default:
		q.makeRoom()
	}
	q.add(delivery{observation: o})
	return nil
}

// CameraChanged enqueues a change of the camera. It never blocks.
func (q *Queue) CameraChanged(s CameraState) {
	if _, ok := q.sink.(CameraSink); !ok {
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.err == nil {
		q.add(delivery{camera: s})
	}
}

// add appends a delivery. The caller holds the lock.
func (q *Queue) add(d delivery) {
	if len(q.pending) == maxPending {
		q.pending = q.pending[1:]
		q.lost++
	}
	q.pending = append(q.pending, d)
	q.changed.Broadcast()
}

// makeRoom drops the oldest observation that has no events. If all have some, they
// stay, without their pictures, which are what takes memory.
func (q *Queue) makeRoom() {
	if i := slices.IndexFunc(q.pending, delivery.mayDrop); i >= 0 {
		q.pending = slices.Delete(q.pending, i, i+1)
		q.dropped++
		return
	}
	for i, d := range q.pending {
		if d.observation != nil && d.observation.Snapshot != nil {
			o := *d.observation // other sinks share it
			o.Snapshot = nil
			q.pending[i].observation = &o
		}
	}
}

// Close delivers all pending observations, closes the sink, ends the goroutine and returns
// the sink's first error. Observe must not be called afterwards.
func (q *Queue) Close() error {
	q.mu.Lock()
	q.closed = true
	q.changed.Broadcast()
	q.mu.Unlock()
	<-q.done
	return q.err
}

// Dropped returns the number of dropped observations, which had no events.
func (q *Queue) Dropped() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.dropped
}

// Lost returns the number of lost observations with events and camera changes. They are
// lost only if the sink blocks until maxPending of them are queued.
func (q *Queue) Lost() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.lost
}

// Busy returns how long the sink has handled its current observation; 0 while it is idle.
func (q *Queue) Busy() time.Duration {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.busy.IsZero() || q.err != nil {
		return 0
	}
	return time.Since(q.busy)
}

func (q *Queue) wake() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.changed.Broadcast()
}

func (q *Queue) run() {
	defer close(q.done)
	for d, ok := q.next(); ok; d, ok = q.next() {
		if err := q.deliver(d); err != nil {
			q.fail(err)
			break
		}
	}
	if err := q.sink.Close(); err != nil && q.err == nil {
		q.err = err // needs no lock: only Close reads it, after done is closed
	}
}

func (q *Queue) deliver(d delivery) error {
	if d.observation != nil {
		return q.sink.Observe(d.observation)
	}
	return q.sink.(CameraSink).CameraChanged(d.camera)
}

// next waits for a delivery. It returns false after the last one.
func (q *Queue) next() (delivery, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.busy = time.Time{}
	for len(q.pending) == 0 && !q.closed {
		q.changed.Wait()
	}
	if len(q.pending) == 0 {
		return delivery{}, false
	}
	q.busy = time.Now()
	d := q.pending[0]
	q.pending[0] = delivery{} // release the picture
	q.pending = q.pending[1:]
	q.changed.Broadcast()
	return d, true
}

func (q *Queue) fail(err error) {
	q.mu.Lock()
	q.err = err
	q.changed.Broadcast()
	q.mu.Unlock()
	if q.onFail != nil {
		q.onFail(err)
	}
}
