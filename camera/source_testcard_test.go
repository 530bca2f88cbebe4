package camera

import (
	"context"
	"io/fs"
	"math"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"halfmeg/camera/testcard"
)

func open(t *testing.T, o Options) Source {
	t.Helper()
	s, err := Open(t.Context(), "testcard", o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

func TestUnknownCamera(t *testing.T) {
	_, err := Open(t.Context(), "webcam", Options{})
	require.EqualError(t, err, `unknown camera "webcam": use auto, rpicam, testcard, a video device such as video0, `+
		`a file or folder, - for standard input, or an address as http://… or rtsp://…`)
	require.ErrorIs(t, err, ErrPermanent)
}

func TestOpenRejectsInvalidRates(t *testing.T) {
	for _, rate := range []float64{-1, 1e-10, MinRate / 2, MaxRate + 1, math.NaN(), math.Inf(1)} {
		_, err := Open(t.Context(), "testcard", Options{Rate: rate})
		require.ErrorContains(t, err, "rate")
		require.ErrorIs(t, err, ErrPermanent)
	}
}

func TestOpenRejectsInvalidSizes(t *testing.T) {
	for _, o := range []Options{{Width: -1, Height: -1}, {Width: 640}, {Height: 480}, {Width: MaxSide + 1, Height: 1}} {
		_, err := Open(t.Context(), "testcard", o)
		require.ErrorContains(t, err, "sides must be")
		require.ErrorIs(t, err, ErrPermanent)
	}
}

func TestOpenHonoursItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := Open(ctx, "testcard", Options{})
	require.ErrorIs(t, err, context.Canceled)
}

func TestFrame(t *testing.T) {
	s := open(t, Options{})
	f, err := s.Next(t.Context())
	require.NoError(t, err)
	require.Equal(t, s.Format(), f.Format)
	require.Equal(t, Format{FourCC: RGB24, Width: 640, Height: 480, Stride: 1920}, f.Format)
	require.Equal(t, "RGB3", f.FourCC.String())
	require.Len(t, f.Data, f.Height*f.Stride)
	require.WithinDuration(t, time.Now(), f.Time, time.Minute)
}

func TestTwentyFramesShowEveryScene(t *testing.T) {
	s := open(t, Options{})
	var seen []string
	for n := range uint64(20) {
		f, err := s.Next(t.Context())
		require.NoError(t, err)
		require.Equal(t, n, f.Sequence)
		seen = append(seen, f.Scene)
	}
	require.Equal(t, testcard.Scenes(), slices.Compact(seen))
}

func TestRunsAreReproducible(t *testing.T) {
	a, b := open(t, Options{}), open(t, Options{})
	for range 5 {
		f, err := a.Next(t.Context())
		require.NoError(t, err)
		g, err := b.Next(t.Context())
		require.NoError(t, err)
		require.Equal(t, f.Data, g.Data)
	}
}

func TestRateIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, Options{Rate: 10})
		start := time.Now()
		for n := range uint64(10) {
			f, err := s.Next(t.Context())
			require.NoError(t, err)
			require.Equal(t, n, f.Sequence)
			require.Equal(t, time.Duration(n)*100*time.Millisecond, f.Time.Sub(start))
		}
	})
}

func TestSlowReaderGetsNewestFrame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, Options{Rate: 10})
		var got []uint64
		for range 4 {
			f, err := s.Next(t.Context())
			require.NoError(t, err)
			require.Equal(t, testcard.Scene(time.Duration(f.Sequence)*100*time.Millisecond), f.Scene)
			got = append(got, f.Sequence)
			time.Sleep(350 * time.Millisecond)
		}
		require.Equal(t, []uint64{0, 3, 7, 10}, got)
	})
}

func TestNextHonoursItsContext(t *testing.T) {
	for _, rate := range []float64{0, 10} {
		s := open(t, Options{Rate: rate})
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := s.Next(ctx)
		require.ErrorIs(t, err, context.Canceled)
	}
}

func TestCancelEndsWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, Options{Rate: MinRate})
		_, err := s.Next(t.Context())
		require.NoError(t, err)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		_, err = s.Next(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, time.Second, time.Since(start))
	})
}

func TestClosedCamera(t *testing.T) {
	s := open(t, Options{Rate: 10})
	require.NoError(t, s.Close())
	_, err := s.Next(t.Context())
	require.ErrorIs(t, err, fs.ErrClosed)
}

func TestTestCardDoesNotAllocate(t *testing.T) {
	s := open(t, Options{})
	next := func() {
		_, err := s.Next(t.Context())
		require.NoError(t, err)
	}
	for range 20 {
		next()
	}
	require.Zero(t, testing.AllocsPerRun(20, next))
}
