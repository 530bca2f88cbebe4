//go:build unix

package camera

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"halfmeg/camera/pixel"
	"halfmeg/internal/rtsptest"
)

// serveVideo starts a network camera whose pictures are white.
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

// The camera is switched off and on again, and the numbers of its frames go on.
func TestVideoStreamComesBack(t *testing.T) {
	server := serveVideo(t, rtsptest.Config{})
	var lost error
	back := false
	s, err := Reconnect(t.Context(), NewOpener(server.URL(), Options{}).Open, Retry{Report: func(err error) {
		if back = err == nil; !back && lost == nil {
			lost = err
			require.NoError(t, server.On())
		}
	}})
	require.NoError(t, err)
	defer func() { require.NoError(t, s.Close()) }()
	f, err := s.Next(t.Context())
	require.NoError(t, err)
	server.Off()
	for last := f.Sequence; !back; last = f.Sequence {
		f, err = s.Next(t.Context())
		require.NoError(t, err)
		require.Greater(t, f.Sequence, last)
	}
	require.ErrorContains(t, lost, server.URL())
	require.ErrorIs(t, lost, ErrRemote)
	require.Equal(t, 2, server.Plays())
}

// Each error says whether another attempt makes sense, and how soon.
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

func TestOptionsUnsupportedByVideoStreams(t *testing.T) {
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
