//go:build unix

package camera

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"halfmeg/camera/pixel"
	"halfmeg/internal/rtsptest"
)

// serveVideo starts a network camera that sends white pictures.
func serveVideo(t *testing.T, c rtsptest.Config) *rtsptest.Server {
	t.Helper()
	return rtsptest.Start(t, rtsptest.Encode(t, 64, 48, 20, 20, func(pix []byte, _ int) {
		for i := range pix {
			pix[i] = 255
		}
	}), c)
}

func TestVideoStream(t *testing.T) {
	server := serveVideo(t, rtsptest.Config{Name: "me", Password: "secret"})
	s, err := Open(t.Context(), server.URL(), Options{Width: 32, Height: 32, Rate: 100, FourCC: pixel.YU12, Patience: time.Minute})
	require.NoError(t, err)
	defer func() { require.NoError(t, s.Close()) }()
	want := Format{FourCC: pixel.YU12, Width: 32, Height: 24, Stride: 32, Range: pixel.Limited}
	require.Equal(t, want, s.Format())
	f, err := s.Next(t.Context())
	require.NoError(t, err)
	require.Equal(t, want, f.Format)
	require.Len(t, f.Data, 32*24*3/2)
	require.InDelta(t, 235, int(f.Data[0]), 3) // white
}

// After the camera is switched off and on again, sequence numbers continue.
func TestVideoStreamReconnects(t *testing.T) {
	server := serveVideo(t, rtsptest.Config{})
	var lost error
	connected := false
	s, err := Reconnect(t.Context(), NewOpener(server.URL(), Options{}).Open, Retry{Report: func(err error) {
		if connected = err == nil; !connected && lost == nil {
			lost = err
			require.NoError(t, server.On())
		}
	}})
	require.NoError(t, err)
	defer func() { require.NoError(t, s.Close()) }()
	f, err := s.Next(t.Context())
	require.NoError(t, err)
	server.Off()
	for last := f.Sequence; !connected; last = f.Sequence {
		f, err = s.Next(t.Context())
		require.NoError(t, err)
		require.Greater(t, f.Sequence, last)
	}
	require.ErrorContains(t, lost, server.URL())
	require.ErrorIs(t, lost, ErrRemote)
	require.Equal(t, 2, server.Plays())
}

// Errors are marked as permanent if another attempt cannot succeed.
func TestVideoStreamErrors(t *testing.T) {
	server := serveVideo(t, rtsptest.Config{Name: "me", Password: "secret"})
	wrong := "rtsp://me:wrong@" + server.Host() + rtsptest.Path
	_, err := Open(t.Context(), wrong, Options{})
	require.ErrorContains(t, err, "rejects the name or the password")
	require.NotContains(t, err.Error(), "wrong")
	require.ErrorIs(t, err, ErrPermanent)
	require.ErrorIs(t, err, ErrRemote)

	server.Off()
	_, err = Open(t.Context(), server.URL(), Options{})
	require.ErrorContains(t, err, "refuses the connection")
	require.NotErrorIs(t, err, ErrPermanent)
	require.ErrorIs(t, err, ErrRemote)

	t.Setenv("PATH", t.TempDir())
	_, err = Open(t.Context(), server.URL(), Options{})
	require.ErrorContains(t, err, "sudo apt install ffmpeg")
	require.ErrorIs(t, err, ErrPermanent)
}

func TestVideoStreamOptionErrors(t *testing.T) {
	const address = "rtsp://me:secret@host.invalid/a"
	for want, o := range map[string]Options{
		"rtsp://host.invalid/a: its frames are YU12, not YUYV":                                                               {FourCC: pixel.YUYV},
		"rtsp://host.invalid/a: a video stream takes Width and Height, Rate, FourCC, Patience, Insecure, not Controls":       {Controls: []Control{{"gain", "1"}}},
		"rtsp://host.invalid/a: a video stream takes Width and Height, Rate, FourCC, Patience, Insecure, not TLSFingerprint": {TLSFingerprint: make([]byte, 32)},
	} {
		_, err := Open(t.Context(), address, o)
		require.EqualError(t, err, want)
		require.ErrorIs(t, err, ErrPermanent)
	}
}

// writeVideo writes a video of 10 grey frames of 64x48 pixels, each lighter than the one
// before.
func writeVideo(t *testing.T, name string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	out, err := exec.Command(rtsptest.FFmpeg(t), "-loglevel", "error", "-f", "lavfi",
		"-i", "color=black:size=64x48:rate=10:duration=1,geq=lum='20*N+20':cb=128:cr=128", "-colorspace", "bt709", path).CombinedOutput()
	require.NoError(t, err, "%s", out)
	return path
}

// No frame of a video file is skipped.
func TestVideoFile(t *testing.T) {
	for _, name := range []string{"a.mp4", "it's a film.mkv", "a.avi", "a%03d.h264"} {
		path := writeVideo(t, name)
		s, err := Open(t.Context(), path, Options{FourCC: pixel.YU12})
		require.NoError(t, err)
		require.Equal(t, [2]int{64, 48}, [2]int{s.Format().Width, s.Format().Height})
		for n := range 10 {
			f, err := s.Next(t.Context())
			require.NoError(t, err)
			require.EqualValues(t, n, f.Sequence)
			require.InDelta(t, 20*n+20, int(f.Data[0]), 4)
		}
		_, err = s.Next(t.Context())
		require.ErrorIs(t, err, io.EOF)
		require.NoError(t, s.Close())
	}
}

func TestVideoFileOptions(t *testing.T) {
	s, err := Open(t.Context(), writeVideo(t, "a.mp4"), Options{Width: 32, Height: 32, Loop: true})
	require.NoError(t, err)
	require.Equal(t, Format{FourCC: pixel.YU12, Width: 32, Height: 24, Stride: 32, Matrix: pixel.BT709, Range: pixel.Limited}, s.Format())
	for n := range 25 {
		f, err := s.Next(t.Context())
		require.NoError(t, err)
		require.EqualValues(t, n, f.Sequence)
	}
	require.NoError(t, s.Close())
}

func TestVideoFileErrors(t *testing.T) {
	path := writeVideo(t, "a.mp4")
	_, err := Open(t.Context(), path, Options{FourCC: pixel.YUYV})
	require.EqualError(t, err, path+": its frames are YU12, not YUYV")
	require.ErrorIs(t, err, ErrPermanent)

	file, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, file[:100], 0o600))
	_, err = Open(t.Context(), path, Options{})
	require.ErrorContains(t, err, path+": ffmpeg: ended: exit status 1; it logged: ")
	require.ErrorIs(t, err, ErrPermanent)

	t.Setenv("PATH", t.TempDir())
	_, err = Open(t.Context(), path, Options{})
	var content *ContentError
	require.ErrorAs(t, err, &content)
}
