package camera

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

var (
	errBusy = errors.New("in use")
	errGone = errors.New("camera not found")
)

// fakePort has a camera that can be unplugged and plugged in again.
type fakePort struct {
	mu     sync.Mutex // of the next two, which timers change
	absent error      // why opening fails; nil: it does not
	broken error      // why reading fails; nil: it does not

	open     int // cameras that are open now
	attempts int
	reported []error
}

const frameTime = 40 * time.Millisecond

func (w *fakePort) source(context.Context) (Source, error) {
	w.attempts++
	if absent, _ := w.faults(); absent != nil {
		return nil, absent
	}
	w.open++
	return &fakeCamera{fakePort: w}, nil
}

func (w *fakePort) report(err error) { w.reported = append(w.reported, err) }

func (w *fakePort) reconnect(t *testing.T) *Reconnecting {
	t.Helper()
	s, err := Reconnect(t.Context(), w.source, Retry{Report: w.report})
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, s.Close())
		require.Zero(t, w.open)
	})
	return s
}

// unplug makes everything fail until plug.
func (w *fakePort) unplug() { w.set(errGone, errGone) }
func (w *fakePort) plug()   { w.set(nil, nil) }

func (w *fakePort) set(absent, broken error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.absent, w.broken = absent, broken
}

func (w *fakePort) faults() (absent, broken error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.absent, w.broken
}

// fakeCamera counts its frames from 0.
type fakeCamera struct {
	fakePort *fakePort
	frame    Frame
	number   uint64
}

func (c *fakeCamera) Next(ctx context.Context) (*Frame, error) {
	time.Sleep(frameTime)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if _, broken := c.fakePort.faults(); broken != nil {
		return nil, broken
	}
	c.frame.Format, c.frame.Sequence = c.Format(), c.number
	c.number++
	return &c.frame, nil
}

func (c *fakeCamera) Format() Format { return Format{Width: 640, Height: 480} }

func (c *fakeCamera) Close() error {
	c.fakePort.open--
	return nil
}

func nextSequence(t *testing.T, s *Reconnecting) uint64 {
	t.Helper()
	f, err := s.Next(t.Context())
	require.NoError(t, err)
	return f.Sequence
}

// A frame comes within a second after the camera is back, whenever that is.
func TestUnpluggedAndBack(t *testing.T) {
	for away := time.Duration(0); away < 3*time.Second; away += 70 * time.Millisecond {
		synctest.Test(t, func(t *testing.T) {
			var w fakePort
			s := w.reconnect(t)
			require.Zero(t, nextSequence(t, s))
			require.Equal(t, uint64(1), nextSequence(t, s))
			w.unplug()
			time.AfterFunc(away, w.plug)
			start := time.Now()
			require.Equal(t, uint64(2), nextSequence(t, s))
			require.Less(t, time.Since(start), away+time.Second)
			require.Equal(t, uint64(3), nextSequence(t, s))
			if w.reported != nil { // otherwise it was back before the next frame
				require.Equal(t, []error{errGone, nil}, w.reported)
			}
		})
	}
}

func TestCameraPluggedInLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := fakePort{absent: errGone}
		s := w.reconnect(t)
		require.Zero(t, s.Format())
		require.Equal(t, []error{errGone}, w.reported)
		time.AfterFunc(time.Minute, w.plug)
		require.Zero(t, nextSequence(t, s))
		require.Equal(t, 640, s.Format().Width)
		require.Equal(t, []error{errGone, nil}, w.reported)
		require.InDelta(t, 120, w.attempts, 10) // two a second
	})
}

func TestEachChangeIsReportedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var w fakePort
		s := w.reconnect(t)
		nextSequence(t, s)
		require.Empty(t, w.reported)
		w.unplug()
		time.AfterFunc(5*time.Second, func() { w.set(errBusy, errGone) })
		time.AfterFunc(10*time.Second, w.plug)
		nextSequence(t, s)
		require.Equal(t, []error{errGone, errBusy, nil}, w.reported)
	})
}

// Numbers in an error change each time: times, process ids, byte counts.
func TestErrorsThatDifferInNumbersAreReportedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var w fakePort
		attempts := 0
		s, err := Reconnect(t.Context(), func(ctx context.Context) (Source, error) {
			attempts++
			if absent, broken := w.faults(); absent != nil {
				w.set(fmt.Errorf("ended, with %d of a frame's 384 bytes; it said: [0:%d] failed", 7*attempts, attempts), broken)
			}
			return w.source(ctx)
		}, Retry{Report: w.report})
		require.NoError(t, err)
		nextSequence(t, s)
		w.unplug()
		time.AfterFunc(5*time.Second, w.plug)
		nextSequence(t, s)
		require.Greater(t, attempts, 5)
		require.Len(t, w.reported, 3)
		require.Equal(t, errGone, w.reported[0])
		require.ErrorContains(t, w.reported[1], "with 14 of")
		require.NoError(t, w.reported[2])
		require.NoError(t, s.Close())
	})
}

// A camera that opens but never sends a frame is opened with growing backoff.
func TestCameraThatOpensAndFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := fakePort{broken: errBusy}
		s := w.reconnect(t)
		time.AfterFunc(10*time.Second, w.plug)
		nextSequence(t, s)
		require.Less(t, w.attempts, 30)
		require.Equal(t, []error{errBusy, nil}, w.reported)
	})
}

func TestPermanentErrorEndsOnlyTheFirstAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := fakePort{absent: ErrPermanent}
		_, err := Reconnect(t.Context(), w.source, Retry{Report: w.report})
		require.ErrorIs(t, err, ErrPermanent)
		require.Empty(t, w.reported)

		w.plug()
		s := w.reconnect(t)
		nextSequence(t, s)
		w.set(ErrPermanent, errGone) // half initialised
		time.AfterFunc(time.Second, w.plug)
		nextSequence(t, s)
	})
}

// attempts runs Reconnect for a time, and returns when each attempt was made.
func attempts(t *testing.T, d time.Duration, retry Retry, open func(n int) (Source, error)) (times []time.Duration, err error) {
	t.Helper()
	start := time.Now()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	s, err := Reconnect(ctx, func(context.Context) (Source, error) {
		times = append(times, time.Since(start))
		return open(len(times))
	}, retry)
	for err == nil {
		_, err = s.Next(ctx)
	}
	return times, err
}

// requireAtMost fails if more than n attempts were made in any window.
func requireAtMost(t *testing.T, n int, window time.Duration, times []time.Duration) {
	t.Helper()
	for i := range times {
		if i >= n {
			require.GreaterOrEqual(t, times[i]-times[i-n], window, times)
		}
	}
}

// A camera on the network is opened again after 2, 4 … 30 seconds.
func TestRemoteCameraIsOpenedLessOften(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		times, err := attempts(t, time.Hour, Retry{}, func(int) (Source, error) { return nil, remoteError(errBusy) })
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, []time.Duration{0, 2 * time.Second, 6 * time.Second, 14 * time.Second, 30 * time.Second}, times[:5])
		require.Equal(t, 30*time.Second, times[len(times)-1]-times[len(times)-2])
		requireAtMost(t, 5, time.Minute, times)
	})
}

// A camera that sends a frame and fails is opened five times a minute at most.
func TestLoginsAreLimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		times, err := attempts(t, time.Hour, Retry{}, func(int) (Source, error) { return &shortStream{frames: 1}, nil })
		require.ErrorIs(t, err, context.DeadlineExceeded)
		requireAtMost(t, 5, time.Minute, times)
		require.Greater(t, len(times), 250) // not fewer either
	})
}

// shortStream is a stream that ends after some frames.
type shortStream struct {
	still
	frames int
}

func (s *shortStream) Next(context.Context) (*Frame, error) {
	if s.frames == 0 {
		return nil, remoteError(errGone)
	}
	s.frames--
	return &s.frame, nil
}

// With KeepTrying a wrong password is sent four times in half an hour.
func TestKeepTrying(t *testing.T) {
	for name, wrong := range map[string]error{"remote": remoteError(permanent{errBusy}), "local": permanent{errBusy}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var reported []error
				times, err := attempts(t, 3*time.Hour, Retry{KeepTrying: true, Report: func(err error) { reported = append(reported, err) }},
					func(int) (Source, error) { return nil, wrong })
				require.ErrorIs(t, err, context.DeadlineExceeded)
				require.Equal(t, []time.Duration{0, 2 * time.Minute, 6 * time.Minute, 14 * time.Minute, 30 * time.Minute, time.Hour}, times[:6])
				require.Equal(t, []error{wrong}, reported)
			})
		})
	}
}

// An option that is not supported stays so.
func TestKeepTryingEndsWithAnOptionError(t *testing.T) {
	_, err := Reconnect(t.Context(), func(context.Context) (Source, error) {
		return nil, Options{Loop: true}.rejectUnsupported("x", "a stream", OptionRate)
	}, Retry{KeepTrying: true})
	var option *OptionError
	require.ErrorAs(t, err, &option)
}

// A server that has worked may reject for a while, such as during its start: it is
// asked again after minutes.
func TestRejectionAfterFrames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		times, err := attempts(t, time.Hour, Retry{}, func(n int) (Source, error) {
			if n == 1 {
				return &shortStream{frames: 1}, nil
			}
			return nil, remoteError(permanent{errBusy})
		})
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, []time.Duration{0, 2 * time.Second, 122 * time.Second}, times[:3])
		requireAtMost(t, 4, 30*time.Minute, times[1:])
	})
}

func TestEndOfTheSource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, end := range []error{io.EOF, ErrPermanent} {
			w := fakePort{broken: end}
			_, err := w.reconnect(t).Next(t.Context())
			require.ErrorIs(t, err, end)
			require.Empty(t, w.reported)
			require.Equal(t, 1, w.attempts)
		}
	})
}

func TestContextEndsEveryWait(t *testing.T) {
	for name, w := range map[string]*fakePort{
		"for a frame":   {},
		"for a camera":  {absent: errGone},
		"for its frame": {broken: errGone},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := w.reconnect(t)
				ctx, cancel := context.WithTimeout(t.Context(), frameTime/2)
				defer cancel()
				start := time.Now()
				_, err := s.Next(ctx)
				require.ErrorIs(t, err, context.DeadlineExceeded)
				require.LessOrEqual(t, time.Since(start), frameTime)
			})
		})
	}
}

func TestContextEndsTheOpening(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	_, err := Reconnect(ctx, func(context.Context) (Source, error) {
		cancel()
		return nil, errBusy
	}, Retry{})
	require.ErrorIs(t, err, context.Canceled)
}

func TestClosedReconnecting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var w fakePort
		s := w.reconnect(t)
		require.NoError(t, s.Close())
		_, err := s.Next(t.Context())
		require.ErrorIs(t, err, fs.ErrClosed)
		require.Zero(t, w.open)
	})
}

// heap returns the memory in use in bytes.
func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func TestThousandReopenings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var w fakePort
		s := w.reconnect(t)
		cycle := func() {
			w.plug()
			nextSequence(t, s)
			w.unplug()
			time.AfterFunc(time.Second, w.plug)
			nextSequence(t, s)
			require.Equal(t, 1, w.open)
			w.reported = w.reported[:0]
		}
		cycle()
		before, goroutines := heap(), runtime.NumGoroutine()
		for range 1000 {
			cycle()
		}
		require.Equal(t, uint64(2002), s.next)
		require.Less(t, heap(), before+1<<16)
		require.Equal(t, goroutines, runtime.NumGoroutine())
	})
}

func TestReconnectingDoesNotAllocate(t *testing.T) {
	s, err := Reconnect(t.Context(), func(context.Context) (Source, error) { return &still{}, nil }, Retry{})
	require.NoError(t, err)
	require.Zero(t, testing.AllocsPerRun(100, func() { nextSequence(t, s) }))
	require.NoError(t, s.Close())
}

// still returns the same frame without waiting.
type still struct{ frame Frame }

func (s *still) Next(context.Context) (*Frame, error) { return &s.frame, nil }
func (s *still) Format() Format                       { return s.frame.Format }
func (s *still) Close() error                         { return nil }
