//go:build unix

package ffmpeg

import (
	"errors"
	"io"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"

	"halfmeg/camera/internal/deviceerr"
	"halfmeg/camera/internal/program"
	"halfmeg/camera/pixel"
)

func mustParse(t testing.TB, text string) *address {
	t.Helper()
	a, err := parse(text)
	require.NoError(t, err)
	return a
}

// wrongPassword is the log of ffmpeg 5.1 after a wrong password.
const wrongPassword = `[rtsp @ 0x556e2ffc2440] [error] method DESCRIBE failed: 401 Unauthorized
[concat @ 0x556e2ffb0ac0] [error] Impossible to open 'rtsp://me:secret@10.0.0.1/film'
[error] pipe:0: Server returned 401 Unauthorized (authorization failed)
`

func TestKnownCauses(t *testing.T) {
	for _, c := range []struct {
		address, log, problem, lines string
		permanent                    bool
	}{
		{"rtsp://me:secret@10.0.0.1/film", wrongPassword, "the camera rejects the name or the password of the address",
			"method DESCRIBE failed: 401 Unauthorized | Error opening input: Server returned 401 Unauthorized (authorization failed)", true},
		{"rtsp://10.0.0.1/film", wrongPassword, "the camera requires a password: put name and password into the address, such as rtsp://name:password@camera.local/stream",
			"method DESCRIBE failed: 401 Unauthorized | Error opening input: Server returned 401 Unauthorized (authorization failed)", true},
		{"rtsp://10.0.0.1/film", "[tcp @ 0x1] [error] Connection to tcp://10.0.0.1:554?timeout=0 failed: Connection refused\n",
			"the camera refuses the connection: check that it is on, that RTSP is enabled in its settings, and the port (usually 554)",
			"Connection to tcp://10.0.0.1:554 failed: Connection refused", false},
		{"rtsp://10.0.0.1/film", "[tcp @ 0x1] [error] Connection to tcp://10.0.0.1:554?timeout=0 failed: Connection timed out\n",
			"nothing answers at this address: check that the camera is on and in this network",
			"Connection to tcp://10.0.0.1:554 failed: Connection timed out", false},
		{"rtsp://10.0.0.1/film", "[error] Unrecognized option 'fps_mode'.\n[fatal] Error splitting the argument list: Option not found",
			"this version of ffmpeg is too old: 5.1 or later is needed, sudo apt full-upgrade",
			"Unrecognized option 'fps_mode'. | Error splitting the argument list: Option not found", true},
		// ffmpeg 7.1.
		{"rtsp://10.0.0.1/film", "[in#0 @ 0x55] [error] Error opening input: Invalid data found when processing input\n[error] Error opening input file pipe:0.\n[error] Error opening input files: Invalid data found when processing input\n",
			"the server at this address sends no video that ffmpeg recognizes: check the port and the path",
			"Error opening input: Invalid data found when processing input", false},
		{"rtsp://10.0.0.1/film", "[info]   Stream #0:0: Video: h264, yuv420p, 2x2\n[warning] pipe:0: corrupt decoded frame in stream 0\n", "",
			"corrupt decoded frame in stream 0", false},
		{"rtsp://10.0.0.1/film", "[error] Error while decoding stream #0:0: Invalid data found when processing input\n", "",
			"Error while decoding stream #0:0: Invalid data found when processing input", false},
		{"rtsp://10.0.0.1/film", "[info] Input #0, concat\n[warning] something else\n", "", "something else", false},
	} {
		l := mustParse(t, c.address).newLog()
		_, err := io.WriteString(l, c.log)
		require.NoError(t, err)
		known, lines := l.Explain()
		require.Equal(t, c.problem, known.Problem)
		require.Equal(t, c.lines, lines)
		require.Equal(t, c.permanent, errors.Is(known.Err, deviceerr.ErrPermanent))
	}
}

func TestVideoDescription(t *testing.T) {
	for line, want := range map[string]struct {
		codec  string
		matrix pixel.Matrix
	}{
		"  Stream #0:0: Video: h264 (Constrained Baseline), yuv420p(progressive), 640x480, 25 fps, 25 tbr, 90k tbn":             {"h264", pixel.BT601},
		"  Stream #0:0: Video: h264 (High), yuvj420p(pc, bt709, progressive), 1920x1080 [SAR 1:1 DAR 16:9], 25 fps":             {"h264", pixel.BT709},
		"  Stream #0:1(eng): Video: hevc (Main), yuv420p(tv, bt709/bt709/iec61966-2-1), 2560x1440, 20 fps":                      {"hevc", pixel.BT709},
		"  Stream #0:0[0x100]: Video: h264 (High) ([27][0][0][0] / 0x001B), yuv420p(tv, bt709, progressive), 1920x1080, 50 fps": {"h264", pixel.BT709},
		"  Stream #0:0: Video: mjpeg (Baseline), yuvj422p(pc, bt470bg/unknown/unknown), 1280x720, 30 fps":                       {"mjpeg", pixel.BT601},
		"  Stream #0:0: Video: h264, none, 25 fps":            {"h264", pixel.BT601},
		"  Stream #0:0: Audio: aac (LC), 8000 Hz, mono, fltp": {"", pixel.BT601},
	} {
		l := mustParse(t, "rtsp://10.0.0.1/film").newLog()
		_, err := io.WriteString(l, "[info] "+line+"\n[info]   Stream #0:0: Video: wrapped_avframe, yuv420p(tv, progressive), 480x360, 25 fps\n")
		require.NoError(t, err)
		codec, matrix := l.video()
		if want.codec == "" {
			want.codec = "wrapped_avframe"
		}
		require.Equal(t, want.codec, codec, line)
		require.Equal(t, want.matrix, matrix, line)
	}
}

// FuzzLog checks that the kept lines of any log are bounded, printable and free of
// passwords, wherever writes split the log.
func FuzzLog(f *testing.F) {
	f.Add(wrongPassword, 3)
	f.Add("[warning] rtsp://me:top%2Fsecret@10.0.0.1 rtsp://me:top\n", 40)
	f.Add("[tls @ 0x1] [info]   Stream #0:0: Video: h264 (High), yuv420p(tv, bt709), 1x1\n\xff\x1b[0m", 7)
	a := mustParse(f, "rtsp://me:top%2Fsecret@10.0.0.1/film?token=abcdef")
	f.Add("[error] K1 K2\n[warning] rtsp://me:K1@a/?K3\nhttp://b:K2", 12)
	secrets := [...]string{"top/secret", "top%2Fsecret", "token=abcdef"}
	f.Fuzz(func(t *testing.T, text string, cut int) {
		text = strings.NewReplacer("K1", secrets[0], "K2", secrets[1], "K3", secrets[2]).Replace(text)
		l := a.newLog()
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
		for _, secret := range secrets {
			require.NotContains(t, lines, secret)
		}
	})
}
