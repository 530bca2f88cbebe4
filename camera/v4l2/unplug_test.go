//go:build linux && (amd64 || arm64)

package v4l2_test

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"halfmeg/camera"
	"halfmeg/camera/steady"
)

// vividDriver takes the names of devices to let go of them and to take them.
const vividDriver = "/sys/bus/platform/drivers/vivid/"

// TestNodeUnplugged takes the device from its driver while it streams, and
// gives it back, as by hand with a webcam's plug.
func TestNodeUnplugged(t *testing.T) {
	path := os.Getenv("HALFMEG_VIDEO")
	if _, err := os.Stat(vividDriver); path == "" || err != nil {
		t.Skip("LEFT OUT: needs a node of the driver vivid, HALFMEG_VIDEO=/dev/video0; make integration has one")
	}
	var told []error
	source, err := steady.New(t.Context(), func(ctx context.Context) (camera.Source, error) {
		return camera.Open(ctx, path, camera.Options{Rate: 30})
	}, func(err error) { told = append(told, err) })
	require.NoError(t, err)
	defer func() { require.NoError(t, source.Close()) }()

	for range 3 {
		told = nil
		_, err = source.Next(t.Context())
		require.NoError(t, err)
		drive(t, "unbind")
		back := make(chan time.Time, 1)
		time.AfterFunc(time.Second, func() {
			drive(t, "bind")
			back <- time.Now()
		})
		for len(told) < 2 { // gone, and back
			_, err := source.Next(t.Context())
			require.NoError(t, err)
		}
		took := time.Since(<-back)
		t.Logf("frames %v after the device was back", took)
		require.Less(t, took, 2*time.Second)
		require.ErrorContains(t, told[0], "no camera is there")
		require.NoError(t, told[1])
	}
}

func drive(t *testing.T, action string) {
	if err := os.WriteFile(vividDriver+action, []byte("vivid.0"), 0o200); err != nil {
		t.Errorf("%s: %v", action, err)
	}
}
