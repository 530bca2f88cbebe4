//go:build unix

package rpicam

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"unicode"

	"github.com/stretchr/testify/require"

	"halfmeg/camera/internal/deviceerr"
	"halfmeg/camera/internal/program"
)

func TestLogKeepsLastLines(t *testing.T) {
	l := newLog()
	text := "[0:1] [2]  INFO Camera camera.cpp:1 something\n\none\ntwo\nthree\x1b[1m\r\nfour\n" + strings.Repeat("x", 10_000) + "\nsix"
	_, err := io.Copy(l, iotest.OneByteReader(strings.NewReader(text)))
	require.NoError(t, err)
	known, lines := l.Explain()
	require.Empty(t, known.Problem)
	require.Equal(t, "two | three [1m | four | "+strings.Repeat("x", program.MaxLineBytes)+" | six", lines)
}

// Only problems are kept, without what differs from one run to the next.
func TestLogKeepsProblems(t *testing.T) {
	l := newLog()
	_, err := io.WriteString(l, `Preview window unavailable
[2:13:45.034709435] [8493]  INFO Camera camera_manager.cpp:326 libcamera v0.5.0
Mode selection for 640:480:12:P
    SGBRG10_CSI2P,1296x972/0 - Score: 1150
Stream configuration adjusted
[2:13:45.034709435] [8493]  WARN V4L2 v4l2_videodevice.cpp:2095 /dev/video4[16:cap]: Dequeue timer has expired!
#12 (30.01 fps) exp 33000.00 ag 1.00 dg 1.00
[2:13:46.1] [8494] ERROR RPI pipeline_base.cpp:1323 Camera frontend has timed out!
#13 (30.01 fps)`)
	require.NoError(t, err)
	known, lines := l.Explain()
	require.Contains(t, known.Problem, "check its cable")
	require.Equal(t, "WARN V4L2 v4l2_videodevice.cpp:2095 /dev/video4[16:cap]: Dequeue timer has expired! | "+
		"ERROR RPI pipeline_base.cpp:1323 Camera frontend has timed out!", lines)
}

// TestLikeliestCause has logs in which the cause is not the last message, nor the first.
func TestLikeliestCause(t *testing.T) {
	const (
		none    = "ERROR: *** no cameras available ***"
		heap    = "[0:4] [9] ERROR DmaBufAllocator dma_buf_allocator.cpp:116 Could not open any dma-buf provider"
		oldHeap = "[0:4] [9] ERROR HeapAllocator heap_allocator.cpp:44 Could not open any dmaHeap device"
		denied  = "[0:4] [9] ERROR V4L2 v4l2_device.cpp:100 Failed to open V4L2 device '/dev/video0': Permission denied"
		control = "[0:4] [9] ERROR V4L2 v4l2_device.cpp:390 'imx708': Unable to set controls: Device or resource busy"
		timeout = "[0:4] [9] ERROR RPI pipeline_base.cpp:1365 Camera frontend has timed out!"
		timer   = "[0:4] [9]  WARN V4L2 v4l2_videodevice.cpp:2150 /dev/video4: Dequeue timer of 1000000.00us has expired!"
		acquire = "ERROR: *** failed to acquire camera /base/imx708@1a ***"
		other   = "[0:4] [9]  WARN RPI something else"
	)
	for want, logs := range map[string][][]string{
		"no permission for /dev/dma_heap":   {{heap, none}, {oldHeap, none}, {heap, other, other, other, other, none}, {none, heap}},
		"no permission: sudo usermod":       {{denied, none}, {none, denied}},
		"no data from the camera":           {{control, timeout}, {control, timer}, {timeout, control}},
		"in use by another program":         {{control}, {acquire}, {timeout, acquire}, {control, none}},
		"no camera module found: check its": {{none}, {other, none}, {none, other}},
	} {
		for _, lines := range logs {
			for _, end := range []string{"", "\n"} {
				l := newLog()
				_, err := io.WriteString(l, strings.Join(lines, "\n")+end)
				require.NoError(t, err)
				known, _ := l.Explain()
				require.Contains(t, known.Problem, want, lines)
				require.Equal(t, strings.HasPrefix(want, "no camera module"), errors.Is(known.Err, deviceerr.ErrAbsent), lines)
			}
		}
	}
	l := newLog()
	_, err := io.WriteString(l, control+"\n")
	require.NoError(t, err)
	l.Forget()
	known, lines := l.Explain()
	require.Empty(t, known.Problem)
	require.Contains(t, lines, "Unable to set controls")
}

// Modes without a rate, and the format of an older version.
func TestListWithoutRates(t *testing.T) {
	require.Equal(t, []Module{{"imx219", 3280, 2464, nil}}, parseModules("0 : imx219 [3280x2464] (/base)\n    Modes: 'SRGGB8' : 640x480 [nan fps - crop]\n"))
	require.Equal(t, []Module{{"imx477", 4056, 3040, []float64{120, 10}}},
		parseModules("0 : imx477 [4056x3040] (/base)\n    Modes: 'SRGGB10_CSI2P' : 1332x990 (120.00 fps), 4056x3040 (10.00 fps), 4056x3040 (10.00 fps)\n"))
}

func TestLogHasTheSize(t *testing.T) {
	l := newLog()
	width, _ := l.size()
	require.Zero(t, width)
	_, err := io.WriteString(l, "[2:13:45.034709435] [8493]  INFO Camera camera.cpp:1215 configuring streams: "+
		"(0) 1296x972-YUV420/sYCC (1) 640x480-SGBRG10_CSI2P/RAW\n")
	require.NoError(t, err)
	width, height := l.size()
	require.Equal(t, [2]int{1296, 972}, [2]int{width, height})
}

func TestList(t *testing.T) {
	modules, err := List(InstallFake(t, "good"))
	require.NoError(t, err)
	require.Equal(t, []Module{
		{"imx708_wide", 4608, 2592, []float64{120.13, 56.03}},
		{"ov5647", 2592, 1944, []float64{58.92}},
	}, modules)

	_, err = List(InstallFake(t, "none"))
	require.EqualError(t, err, "rpicam-vid: no camera module found: check its cable, with the power off")
	requireNoChildren(t)
}

// FuzzLog checks that what is kept of any log is bounded and printable, however the
// log is split.
func FuzzLog(f *testing.F) {
	f.Add("ERROR: *** no cameras available ***\n", 3)
	f.Add("configuring streams: (0) 640x480-YUV420\n\xff\x1b[0m\nend", 7)
	f.Fuzz(func(t *testing.T, text string, cut int) {
		l := newLog()
		cut = min(max(cut, 0), len(text))
		for _, piece := range []string{text[:cut], text[cut:]} {
			n, err := l.Write([]byte(piece))
			require.NoError(t, err)
			require.Len(t, piece, n)
		}
		_, lines := l.Explain()
		require.LessOrEqual(t, len(lines), (program.MaxLines+1)*(program.MaxLineBytes+len(" | ")))
		for _, r := range lines {
			require.True(t, unicode.IsPrint(r), lines)
		}
		whole := newLog()
		_, err := whole.Write([]byte(text))
		require.NoError(t, err)
		_, wholeLines := whole.Explain()
		require.Equal(t, wholeLines, lines)
		require.Equal(t, [2]int{whole.width, whole.height}, [2]int{l.width, l.height})
	})
}

func FuzzList(f *testing.F) {
	f.Add(someCameras)
	f.Add("No cameras available!\n")
	f.Add(strings.ReplaceAll(someCameras, "\n", "\r\n"))
	f.Add("0 : imx7\r08 [4608x2592 10-bit RGGB]\n")
	f.Fuzz(func(t *testing.T, list string) {
		for _, m := range parseModules(list) {
			require.NotEmpty(t, m.Name)
			require.Less(t, max(m.Width, m.Height), 100_000)
			require.Contains(t, list, m.Name)
			for _, rate := range m.Rates {
				require.Positive(t, rate)
			}
		}
	})
}
