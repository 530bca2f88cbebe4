package model

import (
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// TestEveryPartRunsOnce runs operations in quick succession. With more
// processors than the machine has, the system may preempt workers anywhere.
func TestEveryPartRunsOnce(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(8))
	for _, count := range []int{1, 2, 3, 8} {
		for _, spins := range []int{0, 1, 100, spinsBeforePark} {
			w := newSpinningWorkers(count, spins)
			for _, parts := range []int{1, count, 4*count + 1} {
				testParts(t, w, parts)
			}
			w.stop()
			w.stop()
		}
	}
}

func testParts(t *testing.T, w *workers, parts int) {
	runs := make([]int, parts) // not atomic: the race detector checks them
	for epoch := range 1000 {
		if epoch%500 == 499 {
			time.Sleep(time.Millisecond) // until the helpers park
		}
		w.do(&job{parts, func(part int) { runs[part]++ }})
		for part := range runs {
			require.Equal(t, epoch+1, runs[part], "part %d of %d, %d workers, %d spins", part, parts, len(w.queues), w.spins)
		}
	}
}

// TestLateHelper: what a helper does not take, the caller runs, and do returns
// although the helper is still in an earlier operation's loop.
func TestLateHelper(t *testing.T) {
	w := &workers{queues: make([]queue, 2), caller: newWaiter(), helpers: []waiter{newWaiter()}}
	runs := 0
	first := &job{6, func(int) { runs++ }}
	w.do(first)
	require.Equal(t, 6, runs)
	second := &job{4, func(int) { runs++ }}
	epoch := w.start(second)
	w.work(0, epoch-1, first) // of an epoch that has ended
	w.work(0, epoch-1, second)
	require.Equal(t, 6, runs)
	w.work(0, epoch, second)
	require.Equal(t, 10, runs)
	require.Equal(t, epoch, w.finished.Load())
}

// TestSpuriousWake: a waiter that is woken too early keeps waiting.
func TestSpuriousWake(t *testing.T) {
	w := newWaiter()
	var number atomic.Uint32
	var returned atomic.Bool
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		w.wait(&number, 0, 0)
		returned.Store(true)
	}()
	for range 100 {
		for !w.parked.Load() {
			runtime.Gosched()
		}
		w.wake() // too early
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
		require.Panics(t, func() { w.do(&job{2, func(int) {}}) })
	}
}

// TestIdleWorkersPark: workers park soon after an operation.
func TestIdleWorkersPark(t *testing.T) {
	w := newWorkers(4)
	defer w.stop()
	w.do(&job{2, func(int) {}})
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
		w.do(&job{5, func(int) { runs.Add(1) }})
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

// Each call of stop returns only after the helpers have ended.
func TestStopWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &workers{}
		w.stopped.Store(true) // by another call, which still waits for the helpers
		w.exited.Add(1)
		var returned atomic.Bool
		go func() {
			w.stop()
			returned.Store(true)
		}()
		synctest.Wait()
		require.False(t, returned.Load())
		w.exited.Done()
		synctest.Wait()
		require.True(t, returned.Load())
	})
}

func BenchmarkOperation(b *testing.B) {
	w := newWorkers(2)
	defer w.stop()
	j := &job{2, func(int) {}}
	for b.Loop() {
		w.do(j)
	}
}
