//go:build unix

package rpicam_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"halfmeg/camera"
	"halfmeg/camera/rpicam"
)

// A program that exits is restarted each time.
func TestProgramIsStartedAgain(t *testing.T) {
	rpicam.InstallFake(t, "short")
	var reported []error
	source, err := camera.Reconnect(t.Context(), func(ctx context.Context) (camera.Source, error) {
		return camera.Open(ctx, camera.RPiCam, camera.Options{Width: 128, Height: 2})
	}, camera.Retry{Report: func(err error) { reported = append(reported, err) }})
	require.NoError(t, err)
	defer func() { require.NoError(t, source.Close()) }()
	var last uint64
	for n := 0; len(reported) < 4; n++ { // ended and back, twice
		frame, err := source.Next(t.Context())
		require.NoError(t, err)
		require.True(t, n == 0 || frame.Sequence > last)
		last = frame.Sequence
	}
	require.ErrorContains(t, reported[0], "192 of 384 bytes")
	require.NoError(t, reported[1])
	require.ErrorContains(t, reported[2], "192 of 384 bytes")
	require.NoError(t, reported[3])
}
