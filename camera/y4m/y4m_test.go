package y4m

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"halfmeg/camera/pixel"
)

// stream returns a header and frames of size bytes, each the frame's number from 1.
func stream(header string, frames, size int) []byte {
	file := []byte(header + "\n")
	for n := range frames {
		file = append(file, "FRAME\n"...)
		file = append(file, bytes.Repeat([]byte{byte(n + 1)}, size)...)
	}
	return file
}

func TestHeaders(t *testing.T) {
	limited := pixel.Format{FourCC: pixel.YU12, Width: 6, Height: 4, Stride: 6, Range: pixel.Limited}
	full, grey := limited, limited
	full.Range = pixel.Full
	grey.FourCC = pixel.GREY
	for header, want := range map[string]pixel.Format{
		"YUV4MPEG2 W6 H4": limited,
		"YUV4MPEG2 W6 H4 F25:1 Ip A1:1 C420jpeg XYSCSS=420JPEG": limited,
		"YUV4MPEG2 H4 W6 C420mpeg2 XYSCSS=420MPEG2":             limited,
		"YUV4MPEG2 W6 H4 C420paldv XCOLORRANGE=LIMITED":         limited,
		"YUV4MPEG2  W6 H4 C420 XCOLORRANGE=FULL ":               full,
		"YUV4MPEG2 W6 H4 Cmono":                                 grey,
	} {
		r, err := NewReader(strings.NewReader(header + "\n"))
		require.NoError(t, err, header)
		require.Equal(t, want, r.Format(), header)
		_, err = r.Read(nil)
		require.Equal(t, io.EOF, err)
	}
}

func TestHeaderErrors(t *testing.T) {
	for header, want := range map[string]string{
		"":                                   "truncated",
		"YUV4MPEG2 W6 H4":                    "truncated", // no line end
		"YUV4MPEG W6 H4\n":                   "does not start with YUV4MPEG2",
		"\n":                                 "does not start with YUV4MPEG2",
		"YUV4MPEG2 W6\n":                     "no size",
		"YUV4MPEG2 W0 H4\n":                  `a side of "0" pixels`,
		"YUV4MPEG2 W6 H-4\n":                 `a side of "-4" pixels`,
		"YUV4MPEG2 W H4\n":                   `a side of "" pixels`,
		"YUV4MPEG2 W16385 H4\n":              "1…16384",
		"YUV4MPEG2 W16384 H16384\n":          "megapixels",
		"YUV4MPEG2 W6 H4 C422\n":             `the layout "C422" is not supported`,
		"YUV4MPEG2 W6 H4 C420p10\n":          "yuv420p",
		Magic + strings.Repeat("x", maxLine): "the line has more than",
	} {
		_, err := NewReader(strings.NewReader(header))
		require.ErrorContains(t, err, want, "%.40q", header)
		require.ErrorContains(t, err, "Y4M header: ")
	}
}

func TestFrames(t *testing.T) {
	for header, size := range map[string]int{
		"YUV4MPEG2 W6 H4":       6*4 + 2*3*2,
		"YUV4MPEG2 W5 H3":       5*3 + 2*3*2, // half-size planes round up
		"YUV4MPEG2 W1 H1":       3,
		"YUV4MPEG2 W5 H3 Cmono": 15,
	} {
		r, err := NewReader(bytes.NewReader(stream(header, 3, size)))
		require.NoError(t, err)
		for n := range 3 {
			frame, err := r.Read(nil)
			require.NoError(t, err, header)
			require.Equal(t, bytes.Repeat([]byte{byte(n + 1)}, size), frame)
		}
		_, err = r.Read(nil)
		require.Equal(t, io.EOF, err)
	}
}

func TestFrameParametersAreIgnored(t *testing.T) {
	r, err := NewReader(strings.NewReader("YUV4MPEG2 W2 H1 Cmono\nFRAME Ip XA=b\nab"))
	require.NoError(t, err)
	frame, err := r.Read(nil)
	require.NoError(t, err)
	require.Equal(t, "ab", string(frame))
}

func TestFrameErrors(t *testing.T) {
	for rest, want := range map[string]string{
		"FRA":         "frame 2 of Y4M: truncated",
		"FRAME\n":     "frame 2 of Y4M: truncated",
		"FRAME\na":    "frame 2 of Y4M: truncated",
		"cFRAME\nab":  `frame 2 of Y4M: expected the line FRAME, got "cFRAME"`,
		"FRAMES\nab":  `got "FRAMES"`,
		"\nFRAME\nab": `got ""`,
	} {
		r, err := NewReader(strings.NewReader("YUV4MPEG2 W2 H1 Cmono\nFRAME\nab" + rest))
		require.NoError(t, err)
		_, err = r.Read(nil)
		require.NoError(t, err)
		_, err = r.Read(nil)
		require.ErrorContains(t, err, want)
	}
}

func TestReadDoesNotAllocate(t *testing.T) {
	const frames = 20
	r, err := NewReader(bytes.NewReader(stream("YUV4MPEG2 W64 H48 Cmono", 2+frames, 64*48)))
	require.NoError(t, err)
	buf, err := r.Read(nil)
	require.NoError(t, err)
	require.Zero(t, testing.AllocsPerRun(frames, func() {
		buf, err = r.Read(buf)
		require.NoError(t, err)
	}))
}

// FuzzReader checks that for any input every frame is complete, and that the input
// ends with an error of one line.
func FuzzReader(f *testing.F) {
	f.Add(stream("YUV4MPEG2 W6 H4 F25:1 Ip A1:1 C420jpeg XCOLORRANGE=FULL", 2, 36))
	f.Add(stream("YUV4MPEG2 W5 H3 Cmono", 2, 15))
	f.Add([]byte("YUV4MPEG2 W10000 H10000\nFRAME\nfew"))
	f.Add([]byte("YUV4MPEG2 W1 H1 C444\nFRAME X\n"))
	f.Fuzz(func(t *testing.T, file []byte) {
		r, err := NewReader(bytes.NewReader(file))
		var buf []byte
		for err == nil {
			if buf, err = r.Read(buf); err == nil {
				require.Len(t, buf, r.Format().Size())
				require.NotEmpty(t, buf)
			}
		}
		require.NotContains(t, fmt.Sprint(err), "\n")
	})
}
