package pipeline

import (
	"context"
	"slices"
	"sync"
)

// Policy says what a Queue does when it is full.
type Policy int

// The policies.
const (
	// Wait loses nothing: the Runner waits for room in the queue. It suits
	// standard output, which is the result of a run.
	Wait Policy = iota
	// DropOldest never lets the Runner wait: the oldest observation without events
	// is dropped and counted. It suits everything else.
	DropOldest
)

// maxPending bounds what a queue with the policy DropOldest holds while its sink is
// stuck: events and changes of the camera. They are rare; this many take hours.
const maxPending = 1024

// Queue runs a sink in a goroutine of its own, so that the Runner goes on
// while the sink is busy.
type Queue struct {
	sink   Sink
	policy Policy
	onFail func(error)

	mu      sync.Mutex
	changed *sync.Cond
	pending []delivery
	size    int
	dropped int
	lost    int
	closed  bool
	err     error // of the sink; nothing is delivered after it

	done chan struct{}
}

// delivery is an observation or a change of the camera.
type delivery struct {
	observation *Observation
	camera      CameraState
}

// mayDrop reports whether the delivery may be dropped.
func (d delivery) mayDrop() bool { return d.observation != nil && len(d.observation.Events) == 0 }

// NewQueue starts a queue that holds up to size observations, at least one. OnFail, which may
// be nil, is called once with the sink's error, from the queue's
// goroutine. Close ends the queue.
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

// Observe queues an observation. With the policy Wait its error is one that the sink
// returned for an earlier one, or the context's, which ends a wait for room.
func (q *Queue) Observe(ctx context.Context, o *Observation) error {
	defer context.AfterFunc(ctx, q.wake)()
	q.mu.Lock()
	defer q.mu.Unlock()
	for q.policy == Wait && len(q.pending) >= q.size && q.err == nil && ctx.Err() == nil {
		q.changed.Wait()
	}
	switch {
	case q.err != nil && q.policy == DropOldest:
		return nil // the run goes on without the sink
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

// CameraChanged queues a change of the camera. It never waits.
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

// Close delivers what is queued, closes the sink, ends the goroutine and returns the
// sink's first error. Observe must not be called afterwards.
func (q *Queue) Close() error {
	q.mu.Lock()
	q.closed = true
	q.changed.Broadcast()
	q.mu.Unlock()
	<-q.done
	return q.err
}

// Dropped is how many observations without events the sink has missed.
func (q *Queue) Dropped() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.dropped
}

// Lost is how many events and changes of the camera the sink has missed, because it
// was stuck for too long.
func (q *Queue) Lost() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.lost
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
		q.err = err // which only Close reads from now on
	}
}

func (q *Queue) deliver(d delivery) error {
	if d.observation != nil {
		return q.sink.Observe(d.observation)
	}
	return q.sink.(CameraSink).CameraChanged(d.camera)
}

// next waits for a delivery; false is the end.
func (q *Queue) next() (delivery, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.pending) == 0 && !q.closed {
		q.changed.Wait()
	}
	if len(q.pending) == 0 {
		return delivery{}, false
	}
	d := q.pending[0]
	q.pending[0] = delivery{} // the picture may go
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
