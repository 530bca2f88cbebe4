package model

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// workers is a fixed set of goroutines that compute the parts of operations
// together. A frame has about two dozen operations, some of them shorter than it
// takes to wake a thread. So workers spin for a while before they park: within a
// frame none parks, and between frames none burns a core. The goroutine that
// calls do is one of the workers.
//
// Each worker starts with its own parts, the same in each frame, so that its
// caches hold what it reads. Then it takes those that the others have not started.
// An operation is finished when its parts are: a helper that the system does not
// run delays the others only if it has started a part.
type workers struct {
	job      atomic.Pointer[job]
	queues   []queue       // parts of each worker that are not started
	left     atomic.Int32  // parts that are not finished
	epoch    atomic.Uint32 // counts operations that have begun
	finished atomic.Uint32 // counts operations that have finished
	spins    int
	caller   waiter
	helpers  []waiter // workers 0, 1, …; the caller is the last worker
	exited   sync.WaitGroup
	stopped  atomic.Bool
}

// job is what an operation runs.
type job struct {
	parts int            // at most maxParts
	run   func(part int) // nil ends the helpers
}

// maxParts is the largest number of parts of a job.
const maxParts = 1<<16 - 1

// queue is a range of parts of an epoch: the epoch, the end and the next part, from
// the highest bits to the lowest. It fills a cache line, so that workers do not
// slow each other down.
type queue struct {
	state atomic.Uint64
	_     [56]byte
}

func (q *queue) fill(epoch uint32, from, to int) {
	q.state.Store(uint64(epoch)<<32 | uint64(to)<<16 | uint64(from))
}

// take returns the next part. It returns false if there is none, or if the epoch
// has ended: a helper may be that late. While a part is taken and not finished,
// its epoch lasts.
func (q *queue) take(epoch uint32) (part int, ok bool) {
	for {
		s := q.state.Load()
		next, end := s&maxParts, s>>16&maxParts
		if uint32(s>>32) != epoch || next == end {
			return 0, false
		}
		if q.state.CompareAndSwap(s, s+1) {
			return int(next), true
		}
	}
}

// spinsBeforePark takes about 0.1 ms on a desktop and 0.5 ms on a Cortex-A53.
// The parts of an operation may differ by as much, and to park and wake a
// goroutine costs as much.
const spinsBeforePark = 100_000

func newWorkers(count int) *workers {
	if count > runtime.GOMAXPROCS(0) {
		return newSpinningWorkers(count, 0) // a spinning worker would keep another from running
	}
	return newSpinningWorkers(count, spinsBeforePark)
}

func newSpinningWorkers(count, spins int) *workers {
	w := &workers{queues: make([]queue, count), caller: newWaiter(), spins: spins}
	for range count - 1 {
		w.helpers = append(w.helpers, newWaiter())
	}
	for i := range w.helpers {
		w.exited.Go(func() { w.help(i) })
	}
	return w
}

// help runs a helper's share of the operations. It may miss some.
func (w *workers) help(worker int) {
	epoch := uint32(0)
	for {
		w.helpers[worker].wait(&w.epoch, epoch, w.spins)
		epoch = w.epoch.Load()
		j := w.job.Load() // of this epoch, or of a later one: then there is nothing to take
		if j.run == nil {
			return
		}
		w.work(worker, epoch, j)
	}
}

// work runs the worker's own parts, then those that others have not started.
func (w *workers) work(worker int, epoch uint32, j *job) {
	for i := range w.queues {
		q := &w.queues[(worker+i)%len(w.queues)]
		for part, ok := q.take(epoch); ok; part, ok = q.take(epoch) {
			j.run(part)
			if w.left.Add(-1) == 0 {
				w.finished.Add(1)
				w.caller.wake()
			}
		}
	}
}

// do runs all parts of a job and returns when they have finished. It panics after
// stop.
func (w *workers) do(j *job) {
	if w.stopped.Load() {
		panic("model: Run of a closed Engine")
	}
	epoch := w.start(j)
	w.work(len(w.helpers), epoch, j)
	w.caller.wait(&w.finished, epoch-1, w.spins)
}

// start begins an epoch.
func (w *workers) start(j *job) (epoch uint32) {
	epoch = w.epoch.Load() + 1
	w.job.Store(j)
	w.left.Store(int32(j.parts))
	for i := range w.queues {
		share := fraction(j.parts, i, len(w.queues))
		w.queues[i].fill(epoch, share.From, share.To)
	}
	w.epoch.Swap(epoch) // not Store, for the reason in wait
	for i := range w.helpers {
		w.helpers[i].wake()
	}
	return epoch
}

// stop ends the helpers and returns when they have ended. It may be called more than once,
// also concurrently, but not during do.
func (w *workers) stop() {
	if w.stopped.CompareAndSwap(false, true) {
		w.start(&job{})
	}
	w.exited.Wait()
}

// waiter is where one goroutine waits for a number to change.
type waiter struct {
	parked atomic.Bool
	wakeup chan struct{} // holds one wake-up
}

func newWaiter() waiter { return waiter{wakeup: make(chan struct{}, 1)} }

// wait blocks while number equals value; the writer must call wake after it has
// stored another one. That call may be so late that this goroutine already waits
// for the next change. A wake-up may therefore be spurious, and wait checks the
// number again.
func (w *waiter) wait(number *atomic.Uint32, value uint32, spins int) {
	for range spins {
		if number.Load() != value {
			return
		}
	}
	for number.Load() == value {
		// Not Store: QEMU on amd64 lets the Load below overtake it, which Go's
		// memory model rules out; seen in 2 of 100 runs.
		w.parked.Swap(true)
		// If the number has just changed, wake may have found no parked goroutine.
		if number.Load() != value && w.parked.CompareAndSwap(true, false) {
			return
		}
		<-w.wakeup
	}
}

// wake wakes the goroutine if it is parked.
func (w *waiter) wake() {
	if w.parked.Load() && w.parked.CompareAndSwap(true, false) {
		w.wakeup <- struct{}{}
	}
}
