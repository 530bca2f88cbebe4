package model

import (
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestEveryWorkerRunsOnce runs operations in quick succession. With more
// processors than the machine has, the system may preempt workers anywhere.
func TestEveryWorkerRunsOnce(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(8))
	for _, count := range []int{1, 2, 3, 8} {
		for _, spins := range []int{0, 1, 100, spinsBeforePark} {
			w := newSpinningWorkers(count, spins)
			runs := make([]int, count) // by worker, not atomic: the race detector checks them
			for epoch := range 3000 {
				if epoch%1000 == 999 {
					time.Sleep(time.Millisecond) // until the helpers park
				}
				w.do(func(worker int) { runs[worker]++ })
				for worker := range runs {
					require.Equal(t, epoch+1, runs[worker], "worker %d of %d, %d spins", worker, count, spins)
				}
			}
			w.stop()
			w.stop()
		}
	}
}

// TestSpuriousWake: a waiter that is woken too early keeps waiting.
func TestSpuriousWake(t *testing.T) {
	w := newWaiter()
	var number atomic.Uint32
	var returned atomic.Bool
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		w.wait(&number, 1, 0)
		returned.Store(true)
	}()
	for range 100 {
		for !w.parked.Load() {
			runtime.Gosched()
		}
		w.wake() // too early for 1
		require.False(t, returned.Load())
	}
	number.Store(1)
	w.wake()
	<-ended
}

// TestDoAfterStopPanics: it must not wait forever.
func TestDoAfterStopPanics(t *testing.T) {
	for _, count := range []int{1, 3} {
		w := newWorkers(count)
		w.stop()
		require.Panics(t, func() { w.do(func(int) {}) })
	}
}

// TestIdleWorkersPark: workers park soon after an operation.
func TestIdleWorkersPark(t *testing.T) {
	w := newWorkers(4)
	defer w.stop()
	w.do(func(int) {})
	require.Eventually(t, func() bool {
		for i := range w.helpers {
			if !w.helpers[i].parked.Load() {
				return false
			}
		}
		return true
	}, 10*time.Second, time.Millisecond)
}

// TestStopEndsWorkers checks that no goroutine is left.
func TestStopEndsWorkers(t *testing.T) {
	before := runtime.NumGoroutine()
	for range 100 {
		w := newWorkers(5)
		var runs atomic.Int32
		w.do(func(int) { runs.Add(1) })
		require.Equal(t, int32(5), runs.Load())
		w.stop()
	}
	// stop has waited for the functions to return; the runtime may still have to
	// remove their goroutines.
	for begin := time.Now(); runtime.NumGoroutine() > before && time.Since(begin) < 10*time.Second; {
		time.Sleep(time.Millisecond)
	}
	require.LessOrEqual(t, runtime.NumGoroutine(), before)
}

func BenchmarkOperation(b *testing.B) {
	w := newWorkers(2)
	defer w.stop()
	for b.Loop() {
		w.do(func(int) {})
	}
}
