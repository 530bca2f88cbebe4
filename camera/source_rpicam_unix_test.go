//go:build unix

package camera

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"halfmeg/camera/pixel"
)

// fakeProgram puts a shell script in the place of rpicam-vid. Its pictures
// are green: zeros in Y, Cb and Cr.
func fakeProgram(t *testing.T, script string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "rpicam-vid")
	require.NoError(t, os.WriteFile(path, []byte("#!/bin/sh\n"+script), 0o700))
	t.Setenv("PATH", filepath.Dir(path)+":"+os.Getenv("PATH"))
	return path
}

const (
	green = `case "$*" in
*--list-cameras*) echo "0 : imx219 [3280x2464 10-bit RGGB] (/base/imx219@10)
    Modes: 'SRGGB10_CSI2P' : 640x480 [206.65 fps - (1000, 752)/1280x960 crop]
                             3280x2464 [21.19 fps - (0, 0)/3280x2464 crop]" ;;
*) echo "configuring streams: (0) $4x$6-YUV420/sYCC" >&2; exec cat /dev/zero ;;
esac
`
	noModule = `case "$*" in
*--list-cameras*) echo "No cameras available!" ;;
*) echo "ERROR: *** no cameras available ***" >&2; exit 255 ;;
esac
`
)

func TestCameraModule(t *testing.T) {
	fakeProgram(t, green)
	s, err := Open(t.Context(), RPiCam, Options{Width: 200, Height: 100, Rate: 5, FourCC: pixel.YU12})
	require.NoError(t, err)
	want := Format{FourCC: pixel.YU12, Width: 256, Height: 100, Stride: 256, Matrix: pixel.BT601, Range: pixel.Full}
	require.Equal(t, want, s.Format())
	f, err := s.Next(t.Context())
	require.NoError(t, err)
	require.Equal(t, want, f.Format)
	require.Equal(t, make([]byte, 256*100*3/2), f.Data)
	require.NoError(t, s.Close())
}

func TestOptionsUnsupportedByModules(t *testing.T) {
	fakeProgram(t, green)
	_, err := Open(t.Context(), RPiCam, Options{FourCC: pixel.YUYV})
	require.EqualError(t, err, "rpicam sends only YU12, not YUYV")
	require.ErrorIs(t, err, ErrPermanent)
	_, err = Open(t.Context(), RPiCam, Options{Controls: []Control{{"gain", "1"}}})
	require.EqualError(t, err, "rpicam has no controls, so gain cannot be set")
	require.ErrorIs(t, err, ErrPermanent)
}

func TestCameraModuleWithoutTheProgram(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := Open(t.Context(), RPiCam, Options{})
	require.ErrorContains(t, err, "apt install rpicam-apps")
	require.ErrorIs(t, err, ErrPermanent)
	require.Empty(t, findModules(Options{}))
}

func TestCameraModulesAreListed(t *testing.T) {
	path := fakeProgram(t, green)
	list := List()
	require.Equal(t, SourceInfo{
		Name: RPiCam, Driver: path, Card: "Raspberry Pi camera module imx219",
		Modes: []Mode{{"YU12", []Size{{Width: 128, Height: 2, MaxWidth: 3200, MaxHeight: 2464, Rates: []float64{206.65, 21.19}}}}},
	}, list[len(list)-2])
	name, _ := AutoChoice(list[len(list)-2:])
	require.Equal(t, RPiCam, name)

	fakeProgram(t, noModule)
	list = List()
	require.Contains(t, list[len(list)-2].Problem, "no camera module")
	name, _ = AutoChoice(list[len(list)-2:])
	require.Empty(t, name)
}

// Auto opens the camera module if there is no webcam.
func TestAutoOpensTheCameraModule(t *testing.T) {
	for _, f := range listVideo() {
		if f.Problem == "" {
			t.Skip("LEFT OUT: needs a machine without a camera")
		}
	}
	fakeProgram(t, green)
	s, err := Open(t.Context(), Auto, Options{})
	require.NoError(t, err)
	require.IsType(t, &rpicamSource{}, s)
	require.NoError(t, s.Close())

	fakeProgram(t, noModule)
	p := NewOpener(Auto, Options{})
	_, err = p.Open(t.Context())
	require.True(t, p.options.retry) // so a silent program delays the next attempt less
	require.ErrorContains(t, err, "no camera is available")
	require.ErrorContains(t, err, "rpicam-vid: no camera module found")
	require.NotErrorIs(t, err, ErrPermanent)
}

// Options that no camera module supports wait for a webcam that may.
func TestAutoSkipsModulesThatLackOptions(t *testing.T) {
	for _, f := range listVideo() {
		if f.Problem == "" {
			t.Skip("LEFT OUT: needs a machine without a camera")
		}
	}
	fakeProgram(t, green)
	for reason, o := range map[string]Options{
		"sends only YU12, not YUYV":              {FourCC: pixel.YUYV},
		"has no controls, so gain cannot be set": {Controls: []Control{{"gain", "1"}}},
	} {
		_, err := Open(t.Context(), Auto, o)
		require.ErrorContains(t, err, reason)
		require.ErrorContains(t, err, "webcams: none was found")
		require.NotErrorIs(t, err, ErrPermanent)
	}

	// A module that sends another size is a permanent error.
	fakeProgram(t, strings.Replace(green, "$4x$6", "1296x972", 1))
	_, err := Open(t.Context(), Auto, Options{})
	require.ErrorContains(t, err, "sends 1296x972 instead of 640x480")
	require.ErrorIs(t, err, ErrPermanent)
}

// TestAbsentModulesAreNotSearchedForEachTime counts starts of the program.
func TestAbsentModulesAreNotSearchedForEachTime(t *testing.T) {
	starts := filepath.Join(t.TempDir(), "starts")
	fakeProgram(t, "echo >> "+starts+"\n"+noModule)
	p := NewOpener(RPiCam, Options{})
	requireStarts := func(want int) {
		t.Helper()
		_, err := p.Open(t.Context())
		require.ErrorContains(t, err, "rpicam-vid: no camera module found")
		text, err := os.ReadFile(starts)
		require.NoError(t, err)
		require.Equal(t, want, strings.Count(string(text), "\n"))
	}
	requireStarts(1)
	requireStarts(1)
	require.InDelta(t, minAbsence.Seconds(), time.Until(p.searchAt).Seconds(), 1)
	p.searchAt = time.Now()
	requireStarts(2)
	require.InDelta(t, 2*minAbsence.Seconds(), time.Until(p.searchAt).Seconds(), 1)
	p.absence, p.searchAt = maxAbsence, time.Now()
	requireStarts(3)
	require.Equal(t, maxAbsence, p.absence)
}
