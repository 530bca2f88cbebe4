package model

import (
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestWorkersDoEveryShareOnce in every turn, however quickly turns follow each
// other, with more processors than the machine has, so that the system
// interrupts workers anywhere.
func TestWorkersDoEveryShareOnce(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(8))
	for _, count := range []int{1, 2, 3, 8} {
		for _, looks := range []int{0, 1, 100, looksBeforeSleep} {
			w := newWorkersLooking(count, looks)
			done := make([]int, count) // each by one worker a turn, so a race would show
			for turn := range 3000 {
				if turn%1000 == 999 {
					time.Sleep(time.Millisecond) // until the helpers sleep
				}
				w.do(func(share int) { done[share]++ })
				for share := range done {
					require.Equal(t, turn+1, done[share], "share %d of %d, %d looks", share, count, looks)
				}
			}
			w.stop()
			w.stop()
		}
	}
}

// TestLateWake: who is woken for what it has seen already goes on waiting.
func TestLateWake(t *testing.T) {
	s := newSleeper()
	var number atomic.Uint32
	var returned atomic.Bool
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.await(&number, 1, 0)
		returned.Store(true)
	}()
	for range 100 {
		for !s.asleep.Load() {
			runtime.Gosched()
		}
		s.wake() // too early for 1
		require.False(t, returned.Load())
	}
	number.Store(1)
	s.wake()
	<-ended
}

// TestRunAfterCloseIsToldAtOnce rather than waiting for ever.
func TestRunAfterCloseIsToldAtOnce(t *testing.T) {
	for _, count := range []int{1, 3} {
		w := newWorkers(count)
		w.stop()
		require.Panics(t, func() { w.do(func(int) {}) })
	}
}

// TestIdleWorkersSleep: soon after a turn nobody looks any more.
func TestIdleWorkersSleep(t *testing.T) {
	w := newWorkers(4)
	defer w.stop()
	w.do(func(int) {})
	require.Eventually(t, func() bool {
		for i := range w.helpers {
			if !w.helpers[i].asleep.Load() {
				return false
			}
		}
		return true
	}, 10*time.Second, time.Millisecond)
}

// TestStopEndsWorkers leaves no goroutine behind.
func TestStopEndsWorkers(t *testing.T) {
	before := runtime.NumGoroutine()
	for range 100 {
		w := newWorkers(5)
		var shares atomic.Int32
		w.do(func(int) { shares.Add(1) })
		require.Equal(t, int32(5), shares.Load())
		w.stop()
	}
	// They have said that they end; the last steps are the runtime's.
	for begin := time.Now(); runtime.NumGoroutine() > before && time.Since(begin) < 10*time.Second; {
		time.Sleep(time.Millisecond)
	}
	require.LessOrEqual(t, runtime.NumGoroutine(), before)
}

func BenchmarkTurn(b *testing.B) {
	w := newWorkers(2)
	defer w.stop()
	for b.Loop() {
		w.do(func(int) {})
	}
}
