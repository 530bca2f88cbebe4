package pipeline

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"halfmeg/camera"
)

func TestStats(t *testing.T) {
	var s Stats
	start := time.Now()
	at := func(sequence uint64, taken, input time.Duration) {
		s.add(&camera.Frame{Sequence: sequence, Time: start.Add(taken)}, start.Add(input))
	}
	at(5, 0, 10*time.Millisecond)
	at(6, 100*time.Millisecond, 130*time.Millisecond)
	at(9, 400*time.Millisecond, 410*time.Millisecond)
	require.Equal(t, Summary{Frames: 3, Dropped: 2, Rate: 5, Latency: Latency{Mean: 16.666, Max: 30}}, s.Summary())
	var text strings.Builder
	require.NoError(t, s.Summary().Write(&text))
	require.Equal(t, "3 frames, 2 dropped, 5.0 a second; from camera to network input 16.7 ms, at most 30.0 ms\n", text.String())
	text.Reset()
	require.NoError(t, Summary{Missed: map[string]int{"recorder": 1, "page": 2}}.Write(&text))
	require.True(t, strings.HasSuffix(text.String(), "\npage missed 2 frames\nrecorder missed 1 frame\n"), text.String())
}

func TestStatsWithoutFrames(t *testing.T) {
	require.Equal(t, Summary{}, (&Stats{}).Summary())
}
