package model

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// workers is a fixed set of goroutines that run the operations of a frame
// together. A frame has about two dozen operations, some of them shorter than
// it takes to wake a thread. So workers spin for a while before they park:
// within a frame none parks, and between frames none burns a core. The
// goroutine that calls do is one of the workers.
type workers struct {
	run     func(worker int) // the operation of this epoch; nil ends the helpers
	epoch   atomic.Uint32    // counts operations
	running atomic.Uint32    // helpers that have not finished the operation
	spins   int
	caller  waiter
	helpers []waiter // workers 0, 1, …; the caller is the last worker
	exited  sync.WaitGroup
	stopped atomic.Bool
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
	w := &workers{caller: newWaiter(), spins: spins}
	for range count - 1 {
		w.helpers = append(w.helpers, newWaiter())
	}
	for i := range w.helpers {
		w.exited.Go(func() { w.help(i) })
	}
	return w
}

// help runs a helper's part of every operation.
func (w *workers) help(worker int) {
	for epoch := uint32(1); ; epoch++ {
		w.helpers[worker].wait(&w.epoch, epoch, w.spins)
		run := w.run
		if run == nil {
			return
		}
		run(worker)
		if w.running.Add(^uint32(0)) == 0 {
			w.caller.wake()
		}
	}
}

// do runs an operation on all workers and returns when all have finished. It
// panics after stop.
func (w *workers) do(run func(worker int)) {
	if w.stopped.Load() {
		panic("model: Run of a closed Engine")
	}
	w.start(run)
	run(len(w.helpers))
	w.caller.wait(&w.running, 0, w.spins)
}

// start begins an epoch of the helpers.
func (w *workers) start(run func(worker int)) {
	w.run = run
	w.running.Store(uint32(len(w.helpers)))
	w.epoch.Add(1)
	for i := range w.helpers {
		w.helpers[i].wake()
	}
}

// stop ends the helpers. It may be called more than once.
func (w *workers) stop() {
	if w.stopped.CompareAndSwap(false, true) {
		w.start(nil)
		w.exited.Wait()
	}
}

// waiter is where one goroutine waits for a number to change.
type waiter struct {
	parked atomic.Bool
	wakeup chan struct{} // holds one wake-up
}

func newWaiter() waiter { return waiter{wakeup: make(chan struct{}, 1)} }

// wait blocks until number equals value; the writer must call wake after it has
// stored the value. That call may be so late that this goroutine already waits
// for the next value. A wake-up may therefore be spurious, and wait checks the
// number again.
func (w *waiter) wait(number *atomic.Uint32, value uint32, spins int) {
	for range spins {
		if number.Load() == value {
			return
		}
	}
	for number.Load() != value {
		// Not Store: QEMU on amd64 lets the Load below overtake it, which Go's
		// memory model rules out; seen in 2 of 100 runs.
		w.parked.Swap(true)
		// If the number has just changed, wake may have found no parked goroutine.
		if number.Load() == value && w.parked.CompareAndSwap(true, false) {
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
