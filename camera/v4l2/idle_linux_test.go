//go:build amd64 || arm64

package v4l2

import (
	"testing"

	"github.com/stretchr/testify/require"

	"halfmeg/camera/internal/idle"
)

// Each poll of the device is a step, so that a camera that sends nothing does not look like
// a driver that is stuck.
func TestStepPerPoll(t *testing.T) {
	f := webcam()
	f.finish = func(b *buffer) bool { return b.sequence >= 25 } // a second without pictures
	steps := 0
	ctx := idle.With(t.Context(), func(idle bool) {
		require.False(t, idle)
		steps++
	})
	_, err := f.open(t, Config{}).Next(ctx)
	require.NoError(t, err)
	require.Greater(t, steps, 10)
}
