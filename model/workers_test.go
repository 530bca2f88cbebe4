package model

import (
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestWorkersDoEveryShareOnce, however quickly turns follow each other and
// whether there is a processor for each worker or not.
func TestWorkersDoEveryShareOnce(t *testing.T) {
	for _, count := range []int{1, 2, 3, 8} {
		for _, looks := range []int{0, 1, looksBeforeSleep} {
			w := newWorkersLooking(count, looks)
			done := make([]int, count) // each by one worker a turn, so a race would show
			const turns = 3000
			for turn := range turns {
				if turn%1000 == 999 {
					time.Sleep(time.Millisecond) // until the helpers sleep
				}
				w.do(func(share int) { done[share]++ })
				require.Equal(t, turn+1, done[count-1])
			}
			w.stop()
			w.stop()
			for share := range done {
				require.Equal(t, turns, done[share], "share %d of %d, %d looks", share, count, looks)
			}
		}
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
	require.LessOrEqual(t, runtime.NumGoroutine(), before)
}

func BenchmarkTurn(b *testing.B) {
	w := newWorkers(2)
	defer w.stop()
	for b.Loop() {
		w.do(func(int) {})
	}
}
