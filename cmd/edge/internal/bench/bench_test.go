package bench

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"halfmeg/model/pretrained"
)

func TestMeasure(t *testing.T) {
	n, err := pretrained.Load(pretrained.Default)
	require.NoError(t, err)
	r, err := Measure(t.Context(), n, Plan{Threads: []int{1, 2}, Frames: 2})
	require.NoError(t, err)
	require.Equal(t, int64(387_747_520), r.MACs) // of v1.1 at 227x227
	require.Len(t, r.Runs, 2)
	for i, run := range r.Runs {
		require.Equal(t, i+1, run.Threads)
		require.Equal(t, 2, run.Frames)
		require.Positive(t, run.Min)
		require.LessOrEqual(t, run.Min, run.Median)
		require.LessOrEqual(t, run.Median, run.P99)
		require.Positive(t, run.PerSecond)
	}
	require.Greater(t, r.Memory, 1_200_000, "the weights alone")
	var names []string
	for _, o := range r.Operations {
		names = append(names, o.Name)
		require.Positive(t, o.Time, o.Name)
		require.Equal(t, o.MACs > 0, len(o.Kernels) > 0, o.Name)
	}
	require.Contains(t, names, "conv1")
	require.Contains(t, names, "fire9/expand")
	require.Contains(t, names, "conv10")
}

func TestMeasureStops(t *testing.T) {
	n, err := pretrained.Load(pretrained.Default)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = Measure(ctx, n, Plan{Threads: []int{1}, Time: time.Hour})
	require.ErrorIs(t, err, context.Canceled)
}

// The 99th percentile of 100 frames is the second slowest.
func TestFigures(t *testing.T) {
	var times []time.Duration
	for i := range 100 {
		times = append(times, time.Duration(100-i)*time.Millisecond)
	}
	r := newRun(3, times)
	require.Equal(t, Run{Threads: 3, Frames: 100, Min: 1, Median: 50.5, P99: 99, PerSecond: r.PerSecond}, r)
	require.InDelta(t, 1000/50.5, r.PerSecond, 1e-9)
	require.InDelta(t, 7, newRun(1, []time.Duration{7 * time.Millisecond}).P99, 0)
}
