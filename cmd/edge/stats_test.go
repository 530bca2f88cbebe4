package main

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"halfmeg/camera"
)

func TestStats(t *testing.T) {
	var s stats
	began := time.Now()
	at := func(sequence uint64, taken, input time.Duration) {
		s.add(&camera.Frame{Sequence: sequence, Time: began.Add(taken)}, began.Add(input))
	}
	at(5, 0, 10*time.Millisecond)
	at(6, 100*time.Millisecond, 130*time.Millisecond)
	at(9, 400*time.Millisecond, 410*time.Millisecond)
	require.Equal(t, measured{Frames: 3, Dropped: 2, Rate: 5, Latency: latency{Mean: 16.666, Max: 30}}, s.result())
	var text strings.Builder
	require.NoError(t, s.write(&text, false))
	require.Equal(t, "3 frames, 2 dropped, 5.0 a second; from camera to network input 16.7 ms, at most 30.0 ms\n", text.String())
}

func TestStatsOfNoFrame(t *testing.T) {
	require.Equal(t, measured{}, (&stats{}).result())
}
