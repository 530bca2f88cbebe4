package model

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// workers is a fixed set of goroutines that share out the operations of a
// frame, of which there are two dozen, some of them shorter than it takes to
// wake a thread. So whoever waits looks for a while before it goes to sleep:
// within a frame nobody sleeps, and between frames nobody burns a core. The
// caller is one of them.
type workers struct {
	run     func(share int) // the operation of this turn; nil ends the helpers
	turn    atomic.Uint32
	left    atomic.Uint32 // helpers that are not done with it
	looks   int
	caller  sleeper
	helpers []sleeper // with the shares from 0 on; the caller has the last one
	ended   sync.WaitGroup
	stopped atomic.Bool
}

// looksBeforeSleep is about a tenth of a millisecond on a desktop and half of one
// on a Cortex-A53: as long as shares of an operation may differ, for to put a
// goroutine to sleep and wake it would cost as much.
const looksBeforeSleep = 100_000

func newWorkers(count int) *workers {
	if count > runtime.GOMAXPROCS(0) {
		return newWorkersLooking(count, 0) // who looks would keep the others from working
	}
	return newWorkersLooking(count, looksBeforeSleep)
}

func newWorkersLooking(count, looks int) *workers {
	w := &workers{caller: newSleeper(), looks: looks}
	for range count - 1 {
		w.helpers = append(w.helpers, newSleeper())
	}
	for share := range w.helpers {
		w.ended.Go(func() { w.help(share) })
	}
	return w
}

// help does one share of every turn.
func (w *workers) help(share int) {
	for turn := uint32(1); ; turn++ {
		w.helpers[share].await(&w.turn, turn, w.looks)
		run := w.run
		if run == nil {
			return
		}
		run(share)
		if w.left.Add(^uint32(0)) == 0 {
			w.caller.wake()
		}
	}
}

// do runs an operation, in as many shares as there are workers, and returns
// when all are done. It panics after stop.
func (w *workers) do(run func(share int)) {
	if w.stopped.Load() {
		panic("model: Run of an Engine that is closed")
	}
	w.begin(run)
	run(len(w.helpers))
	w.caller.await(&w.left, 0, w.looks)
}

// begin starts a turn of the helpers.
func (w *workers) begin(run func(share int)) {
	w.run = run
	w.left.Store(uint32(len(w.helpers)))
	w.turn.Add(1)
	for i := range w.helpers {
		w.helpers[i].wake()
	}
}

// stop ends the goroutines; once is enough, twice does no harm.
func (w *workers) stop() {
	if w.stopped.CompareAndSwap(false, true) {
		w.begin(nil)
		w.ended.Wait()
	}
}

// sleeper is somebody who waits for a number to change.
type sleeper struct {
	asleep atomic.Bool
	bell   chan struct{}
}

func newSleeper() sleeper { return sleeper{bell: make(chan struct{}, 1)} }

// await returns when the number has the value. Whoever makes it so calls wake,
// but maybe late, when the sleeper already waits for the next value: so a bell
// is but a reason to look once more.
func (s *sleeper) await(number *atomic.Uint32, value uint32, looks int) {
	for range looks {
		if number.Load() == value {
			return
		}
	}
	for number.Load() != value {
		// A Swap, for QEMU on amd64 lets a Load overtake the Store before it,
		// which Go's memory model rules out; seen in 2 of 100 tries.
		s.asleep.Swap(true)
		// If it happened just now, wake may have seen nobody asleep.
		if number.Load() == value && s.asleep.CompareAndSwap(true, false) {
			return
		}
		<-s.bell
	}
}

// wake ends the sleep, if there is one.
func (s *sleeper) wake() {
	if s.asleep.Load() && s.asleep.CompareAndSwap(true, false) {
		s.bell <- struct{}{}
	}
}
