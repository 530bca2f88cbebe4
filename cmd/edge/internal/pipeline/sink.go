package pipeline

import (
	"context"
	"sync"
)

// Sink receives observations, in the order of frames.
type Sink interface {
	// Observe handles one observation. It must not change it, for other sinks
	// receive the same one.
	Observe(o *Observation) error
}

// Policy says what a Queue does when its sink falls behind.
type Policy int

// The policies.
const (
	// Wait loses nothing: the Runner waits for room in the queue. It suits
	// standard output, which is the result of a run.
	Wait Policy = iota
	// DropOldest never lets the Runner wait: the oldest observation in the
	// queue is dropped and counted. It suits live displays.
	DropOldest
)

// Queue runs a sink in a goroutine of its own, so that the Runner goes on
// while the sink is busy.
type Queue struct {
	sink   Sink
	policy Policy
	onFail func(error)

	mu      sync.Mutex
	changed *sync.Cond
	waiting []*Observation // at most size
	size    int
	dropped int
	closed  bool
	err     error // of the sink; nothing is delivered after it

	done chan struct{}
}

// NewQueue starts a queue that holds up to size observations, at least one. OnFail, which may
// be nil, is called once with the sink's error, from the queue's
// goroutine. Close ends the queue.
func NewQueue(sink Sink, size int, policy Policy, onFail func(error)) *Queue {
	q := &Queue{sink: sink, size: max(size, 1), policy: policy, onFail: onFail, done: make(chan struct{})}
	q.changed = sync.NewCond(&q.mu)
	go q.run()
	return q
}

// Observe queues an observation. Its error is one that the sink returned for an
// earlier one, or the context's, which ends a wait for room.
func (q *Queue) Observe(ctx context.Context, o *Observation) error {
	defer context.AfterFunc(ctx, q.wake)()
	q.mu.Lock()
	defer q.mu.Unlock()
	for q.policy == Wait && len(q.waiting) == q.size && q.err == nil && ctx.Err() == nil {
		q.changed.Wait()
	}
	switch {
	case q.err != nil:
		return q.err
	case len(q.waiting) < q.size:
	case q.policy == Wait: // the context has ended
		return ctx.Err()
	default:
		q.waiting = q.waiting[1:]
		q.dropped++
	}
	q.waiting = append(q.waiting, o)
	q.changed.Broadcast()
	return nil
}

// Close delivers what is queued, ends the goroutine and returns the sink's
// first error. Observe must not be called afterwards.
func (q *Queue) Close() error {
	q.mu.Lock()
	q.closed = true
	q.changed.Broadcast()
	q.mu.Unlock()
	<-q.done
	return q.err
}

// Dropped is how many observations the sink has missed.
func (q *Queue) Dropped() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.dropped
}

func (q *Queue) wake() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.changed.Broadcast()
}

func (q *Queue) run() {
	defer close(q.done)
	for o := q.next(); o != nil; o = q.next() {
		if err := q.sink.Observe(o); err != nil {
			q.fail(err)
			return
		}
	}
}

// next waits for an observation; nil is the end.
func (q *Queue) next() *Observation {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.waiting) == 0 && !q.closed {
		q.changed.Wait()
	}
	if len(q.waiting) == 0 {
		return nil
	}
	o := q.waiting[0]
	q.waiting = q.waiting[1:]
	q.changed.Broadcast()
	return o
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
