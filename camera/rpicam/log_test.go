//go:build unix

package rpicam

import (
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"unicode"

	"github.com/stretchr/testify/require"
)

func TestLogKeepsItsLastLines(t *testing.T) {
	l := new(log)
	text := "[0:1] [2]  INFO Camera camera.cpp:1 something\n\none\ntwo\nthree\x1b[1m\r\nfour\n" + strings.Repeat("x", 10_000) + "\nsix"
	_, err := io.Copy(l, iotest.OneByteReader(strings.NewReader(text)))
	require.NoError(t, err)
	problem, lines := l.explain()
	require.Empty(t, problem)
	require.Equal(t, "two | three [1m | four | "+strings.Repeat("x", keptBytes)+" | six", lines)
}

func TestSizeIsInTheLog(t *testing.T) {
	l := new(log)
	width, _ := l.size()
	require.Zero(t, width)
	_, err := io.WriteString(l, "[2:13:45.034709435] [8493]  INFO Camera camera.cpp:1215 configuring streams: "+
		"(0) 1296x972-YUV420/sYCC (1) 640x480-SGBRG10_CSI2P/RAW\n")
	require.NoError(t, err)
	width, height := l.size()
	require.Equal(t, [2]int{1296, 972}, [2]int{width, height})
}

func TestList(t *testing.T) {
	modules, err := List(StandIn(t, "good"))
	require.NoError(t, err)
	require.Equal(t, []Module{{"imx708_wide", 4608, 2592}, {"ov5647", 2592, 1944}}, modules)

	_, err = List(StandIn(t, "none"))
	require.EqualError(t, err, "rpicam-vid: finds no camera module: check its cable, with the power off")
	requireNoChildren(t)
}

// Whatever comes and however it is cut, what is kept is short and harmless.
func FuzzLog(f *testing.F) {
	f.Add("ERROR: *** no cameras available ***\n", 3)
	f.Add("configuring streams: (0) 640x480-YUV420\n\xff\x1b[0m\nend", 7)
	f.Fuzz(func(t *testing.T, text string, cut int) {
		l := new(log)
		cut = min(max(cut, 0), len(text))
		for _, piece := range []string{text[:cut], text[cut:]} {
			n, err := l.Write([]byte(piece))
			require.NoError(t, err)
			require.Len(t, piece, n)
		}
		_, lines := l.explain()
		require.LessOrEqual(t, len(lines), (keptLines+1)*(keptBytes+len(" | ")))
		for _, r := range lines {
			require.True(t, unicode.IsPrint(r), lines)
		}
		whole := new(log)
		_, err := whole.Write([]byte(text))
		require.NoError(t, err)
		require.Equal(t, whole, l)
	})
}

func FuzzList(f *testing.F) {
	f.Add(someCameras)
	f.Add("No cameras available!\n")
	f.Fuzz(func(t *testing.T, list string) {
		for _, m := range parse(list) {
			require.NotEmpty(t, m.Name)
			require.Less(t, max(m.Width, m.Height), 100_000)
			require.Contains(t, list, m.Name)
		}
	})
}
