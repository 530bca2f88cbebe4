// Package rtsptest is a network camera for tests: an RTSP server that sends an H.264
// film in a loop. gortsplib implements the server, ffmpeg encodes the film.
package rtsptest

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"testing"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
	"github.com/stretchr/testify/require"
)

// FFmpeg returns the path of ffmpeg. If ffmpeg is not installed, the test is skipped, or
// fails if CI=true.
func FFmpeg(t testing.TB) string {
	t.Helper()
	path, err := exec.LookPath("ffmpeg")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("needs ffmpeg: %v", err)
		}
		t.Skip("LEFT OUT: network cameras by RTSP: need ffmpeg; make deps installs it")
	}
	return path
}

// Film is an encoded film.
type Film struct {
	Rate int // frames per second

	frames   [][][]byte // the NAL units of each frame
	sps, pps []byte
}

// Encode encodes n frames, with two keyframes per second. Draw draws each frame as rows
// of packed RGB.
func Encode(t testing.TB, width, height, rate, n int, draw func(pix []byte, n int)) *Film {
	t.Helper()
	raw := make([]byte, n*width*height*3)
	for i := range n {
		draw(raw[i*len(raw)/n:(i+1)*len(raw)/n], i)
	}
	var encoded, log bytes.Buffer
	command := exec.Command(FFmpeg(t), "-loglevel", "error",
		"-f", "rawvideo", "-pix_fmt", "rgb24", "-video_size", fmt.Sprintf("%dx%d", width, height), "-framerate", fmt.Sprint(rate), "-i", "pipe:0",
		"-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-crf", "18", "-pix_fmt", "yuv420p", "-threads", "1",
		"-g", fmt.Sprint(max(1, rate/2)), "-bf", "0", "-x264-params", "aud=1", "-f", "h264", "pipe:1")
	command.Stdin, command.Stdout, command.Stderr = bytes.NewReader(raw), &encoded, &log
	require.NoError(t, command.Run(), "%s", &log)
	film := &Film{Rate: rate}
	// Each frame starts with an access unit delimiter.
	for _, frame := range bytes.Split(encoded.Bytes(), []byte{0, 0, 0, 1, byte(h264.NALUTypeAccessUnitDelimiter)})[1:] {
		film.add(t, append([]byte{0, 0, 0, 1, byte(h264.NALUTypeAccessUnitDelimiter)}, frame...))
	}
	require.Len(t, film.frames, n)
	return film
}

// add appends a frame and remembers its parameter sets.
func (f *Film) add(t testing.TB, frame []byte) {
	t.Helper()
	var units h264.AnnexB
	require.NoError(t, units.Unmarshal(frame))
	for _, unit := range units {
		switch h264.NALUType(unit[0] & 0x1f) {
		case h264.NALUTypeSPS:
			f.sps = unit
		case h264.NALUTypePPS:
			f.pps = unit
		}
	}
	f.frames = append(f.frames, units)
}
