//go:build amd64 || arm64

package v4l2

import (
	"bytes"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"halfmeg/camera/internal/deviceerr"
	"halfmeg/camera/pixel"
)

// The tests of this file run on a node of the kernel's driver vivid.

// videoNode returns the path of the node to test.
func videoNode(t *testing.T) string {
	t.Helper()
	path := os.Getenv("HALFMEG_VIDEO")
	if path == "" {
		t.Skip("LEFT OUT: needs a node of the driver vivid, HALFMEG_VIDEO=/dev/video0; make integration has one")
	}
	return path
}

func openNode(t *testing.T, c Config) *Stream {
	t.Helper()
	s, err := Open(videoNode(t), c)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

func TestNodeStreams(t *testing.T) {
	for _, code := range []pixel.FourCC{pixel.YUYV, pixel.UYVY, pixel.NV12, pixel.NV21, pixel.YU12, pixel.RGB24, pixel.BGR24, pixel.GREY} {
		t.Run(code.String(), func(t *testing.T) {
			s := openNode(t, Config{FourCC: code, Width: 640, Height: 480, Rate: 30})
			format := s.Format()
			require.Equal(t, pixel.Format{
				FourCC: code, Width: 640, Height: 480, Stride: format.MinStride(), Matrix: format.Matrix, Range: format.Range,
			}, format)
			rates := s.device.rates(code, 640, 480)
			require.InDelta(t, min(30, rates[0]), s.rate, 1)
			last := time.Now()
			for n := range 8 {
				f := next(t, s)
				require.Len(t, f.Data, format.Size())
				if n > 0 {
					require.Greater(t, f.Sequence, uint64(n-1))
				}
				require.True(t, f.Time.After(last), "frame %d is not later than the one before", n)
				require.Less(t, time.Since(f.Time), 500*time.Millisecond)
				last = f.Time
			}
		})
	}
}

func TestNodeIsListed(t *testing.T) {
	path := videoNode(t)
	for _, n := range List() {
		if n.Path == path {
			require.Equal(t, "vivid", n.Driver)
			require.Empty(t, n.Problem)
			require.NotEmpty(t, n.Modes)
			return
		}
	}
	t.Fatalf("%s is not listed", path)
}

func TestNodeSubstitutesFormat(t *testing.T) {
	d, err := openDevice(videoNode(t))
	require.NoError(t, err)
	// An open descriptor keeps the node's number: TestNodeUnplugged would get another.
	defer func() { require.NoError(t, d.close()) }()
	_, err = d.setFormat(choice{pixel.MJPEG, 640, 480})
	require.ErrorContains(t, err, "requested MJPG at 640x480, but the driver set YUYV")
}

func TestNodeInUse(t *testing.T) {
	s := openNode(t, Config{})
	next(t, s)
	_, err := Open(videoNode(t), Config{})
	require.ErrorIs(t, err, unix.EBUSY)
	require.ErrorContains(t, err, fmt.Sprintf("in use by process %d (", os.Getpid()))
	next(t, s) // the first stream is not disturbed
}

func TestNodeReturnsTheNewest(t *testing.T) {
	s := openNode(t, Config{Rate: 30})
	first := next(t, s).Sequence
	time.Sleep(time.Second) // the camera runs in real time
	f := next(t, s)
	require.Less(t, time.Since(f.Time), 300*time.Millisecond)
	require.Greater(t, f.Sequence, first+10)
}

func TestNodeAllocatesNothing(t *testing.T) {
	s := openNode(t, Config{Rate: 30})
	next(t, s)
	require.Zero(t, testing.AllocsPerRun(10, func() { next(t, s) }))
}

// lostFrames is a control of vivid.
const lostFrames = "percentage_of_dropped_buffers"

func TestNodeTimeout(t *testing.T) {
	s := openNode(t, Config{Rate: 30})
	next(t, s)
	require.NoError(t, s.device.setControl(Setting{lostFrames, "100"}))
	defer func() { require.NoError(t, s.device.setControl(Setting{lostFrames, "0"})) }()
	for { // frames filled before
		if _, err := s.Next(t.Context()); err != nil {
			require.ErrorIs(t, err, deviceerr.ErrNoFrame)
			break
		}
	}
	require.NoError(t, s.device.setControl(Setting{lostFrames, "0"}))
	next(t, s)
}

func TestNodeFails(t *testing.T) {
	s := openNode(t, Config{})
	next(t, s)
	require.NoError(t, s.device.setControl(Setting{"inject_fatal_streaming_error", "now"}))
	for {
		if _, err := s.Next(t.Context()); err != nil {
			require.ErrorIs(t, err, unix.EIO)
			break
		}
	}
	require.NoError(t, s.Close())
	next(t, openNode(t, Config{}))
}

// mappings counts this process's memory mappings of files whose path contains
// name.
func mappings(t *testing.T, name string) int {
	t.Helper()
	maps, err := os.ReadFile("/proc/self/maps")
	require.NoError(t, err)
	return bytes.Count(maps, []byte(name))
}

func TestNodeReopened(t *testing.T) {
	path := videoNode(t)
	cycles := 1000
	if testing.Short() { // a cycle takes a quarter of a second on an emulated board
		cycles = 40
	}
	before := descriptors(t)
	for n := range cycles {
		s, err := Open(path, Config{Width: 320, Height: 180, Rate: 30})
		require.NoError(t, err)
		if n%20 == 0 {
			next(t, s)
			require.Equal(t, defaultBuffers, mappings(t, path))
		}
		require.NoError(t, s.Close())
	}
	require.Equal(t, before, descriptors(t))
	require.Zero(t, mappings(t, path))
}
