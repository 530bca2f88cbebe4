package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"halfmeg/camera"
)

func TestCamerasListsTheTestCard(t *testing.T) {
	got := edge(t, "cameras", "--json")
	require.Equal(t, statusOK, got.status, got.stderr)
	list := decodeLines[cameraList](t, got.stdout)
	require.Len(t, list, 1)
	last := list[0].Sources[len(list[0].Sources)-1]
	require.Equal(t, "testcard", last.Name)
	require.NotEqual(t, "testcard", list[0].Auto)
	require.NotEmpty(t, list[0].Why)

	got = edge(t, "cameras")
	require.Equal(t, statusOK, got.status, got.stderr)
	require.Contains(t, got.stdout, "testcard  drawn scenes  built in\n    RGB3  640x480\n")
	require.Contains(t, got.stdout, "auto selects ")
}

func TestCamerasText(t *testing.T) {
	s := cameraList{
		Sources: []camera.SourceInfo{
			{Name: "/dev/video0", Driver: "unicam", Card: "imx219", Bus: "platform:fe801000.csi", Problem: "needs rpicam"},
			{Name: "/dev/video1", Problem: "in use by \x1b[2J"},
			{Name: "/dev/video2", Driver: "uvcvideo", Card: "HD\x1bCam", Bus: "usb-1.2", Modes: []camera.Mode{
				{FourCC: "YUYV", Sizes: []camera.Size{
					{Width: 640, Height: 480, Rates: []float64{30, 15, 7.5}},
					{Width: 320, Height: 240, Rates: []float64{30}},
				}},
				{FourCC: "NV12", Sizes: []camera.Size{{Width: 16, Height: 16, MaxWidth: 1920, MaxHeight: 1080}}},
				{FourCC: "GREY"},
				{FourCC: "Y8  "},
			}},
		},
		Auto: "/dev/video2", Why: "the first\nthat serves",
	}
	var text strings.Builder
	require.NoError(t, s.write(&text))
	require.Equal(t, `/dev/video0  imx219  unicam  platform:fe801000.csi
    unavailable: needs rpicam
/dev/video1
    unavailable: in use by  [2J
/dev/video2  HD Cam  uvcvideo  usb-1.2
    YUYV  640x480 at 7.5…30/s, 320x240 at 30/s
    NV12  16x16…1920x1080
    GREY, Y8  sizes unknown
auto selects /dev/video2: the first that serves
`, text.String())

	text.Reset()
	require.NoError(t, (&cameraList{Why: "in use by \x1b[2J"}).write(&text))
	require.Equal(t, "auto selects none: in use by  [2J\n", text.String())
}
