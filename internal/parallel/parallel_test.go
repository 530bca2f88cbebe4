package parallel

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestForRunsEachIterationOnce(t *testing.T) {
	for _, workers := range []int{-1, 0, 1, 3, 100} {
		for _, n := range []int{0, 1, 2, 50} {
			calls := make([]atomic.Int32, n)
			err := For(t.Context(), workers, n, func(worker, i int) {
				require.GreaterOrEqual(t, worker, 0)
				require.Less(t, worker, max(1, workers))
				calls[i].Add(1)
			})
			require.NoError(t, err)
			for i := range calls {
				require.EqualValues(t, 1, calls[i].Load(), "iteration %d of %d on %d workers", i, n, workers)
			}
		}
	}
}

// Scratch memory of a worker needs no lock; the race detector sees one missing.
func TestForRunsOneIterationOfAWorkerAtATime(t *testing.T) {
	const workers, n = 4, 1000
	var calls [workers]int
	require.NoError(t, For(t.Context(), workers, n, func(worker, _ int) { calls[worker]++ }))
	sum := 0
	for _, c := range calls {
		sum += c
	}
	require.Equal(t, n, sum)
}

func TestForUsesAllWorkers(t *testing.T) {
	const workers = 4
	var arrived atomic.Int32
	all := make(chan struct{})
	require.NoError(t, For(t.Context(), workers, workers, func(int, int) {
		if arrived.Add(1) == workers {
			close(all)
		}
		<-all // for ever, unless each iteration has a goroutine
	}))
}

func TestForStopsWhenCanceled(t *testing.T) {
	const workers, last = 2, 10
	ctx, cancel := context.WithCancel(t.Context())
	var calls atomic.Int32
	err := For(ctx, workers, 1_000_000, func(_, i int) {
		calls.Add(1)
		if i == last {
			cancel()
		}
		if i > last {
			<-ctx.Done()
		}
	})
	require.ErrorIs(t, err, context.Canceled)
	require.LessOrEqual(t, int(calls.Load()), last+workers)

	require.ErrorIs(t, For(ctx, workers, 3, func(int, int) { t.Error("called after the end") }), context.Canceled)
}
