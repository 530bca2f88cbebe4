//go:build amd64 || arm64

package v4l2_test

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"halfmeg/camera"
)

// vividDriver has files named bind and unbind, which take the name of a device.
const vividDriver = "/sys/bus/platform/drivers/vivid/"

// TestNodeUnplugged unbinds the device from its driver while it streams and binds
// it again, like unplugging a webcam.
func TestNodeUnplugged(t *testing.T) {
	path := os.Getenv("HALFMEG_VIDEO")
	if _, err := os.Stat(vividDriver); path == "" || err != nil {
		t.Skip("LEFT OUT: needs a node of the driver vivid, HALFMEG_VIDEO=/dev/video0; make integration has one")
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var reported []error
	source, err := camera.Reconnect(ctx, func(ctx context.Context) (camera.Source, error) {
		return camera.Open(ctx, path, camera.Options{Rate: 30})
	}, camera.Retry{Report: func(err error) { reported = append(reported, err) }})
	require.NoError(t, err)
	defer func() { require.NoError(t, source.Close()) }()

	for range 3 {
		reported = nil
		_, err = source.Next(ctx)
		require.NoError(t, err)
		drive(t, "unbind")
		back := make(chan time.Time, 1)
		time.AfterFunc(time.Second, func() {
			drive(t, "bind")
			back <- time.Now()
		})
		for len(reported) < 2 { // gone, and back
			_, err := source.Next(ctx)
			require.NoError(t, err)
		}
		took := time.Since(<-back)
		t.Logf("frames %v after the device was back", took)
		require.Less(t, took, 2*time.Second)
		require.ErrorContains(t, reported[0], "camera not found")
		require.NoError(t, reported[1])
	}
}

// drive writes the device's name to a file of the driver.
func drive(t *testing.T, action string) {
	if err := os.WriteFile(vividDriver+action, []byte("vivid.0"), 0o200); err != nil {
		t.Errorf("%s: %v", action, err)
	}
}
