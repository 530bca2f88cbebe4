package steady

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

	"halfmeg/camera"
)

var (
	errBusy = errors.New("in use")
	errGone = errors.New("no camera is there")
)

// world is where cameras come and go.
type world struct {
	mu     sync.Mutex // of the next two, which timers change
	absent error      // why opening fails; nil: it does not
	broken error      // why reading fails; nil: it does not

	open     int // cameras that are open now
	attempts int
	told     []error
}

const frameTime = 40 * time.Millisecond

func (w *world) source(context.Context) (camera.Source, error) {
	w.attempts++
	if absent, _ := w.faults(); absent != nil {
		return nil, absent
	}
	w.open++
	return &webcam{world: w}, nil
}

func (w *world) report(err error) { w.told = append(w.told, err) }

func (w *world) steady(t *testing.T) *Source {
	t.Helper()
	s, err := New(t.Context(), w.source, w.report)
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, s.Close())
		require.Zero(t, w.open)
	})
	return s
}

// unplug makes all fail until plug.
func (w *world) unplug() { w.set(errGone, errGone) }
func (w *world) plug()   { w.set(nil, nil) }

func (w *world) set(absent, broken error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.absent, w.broken = absent, broken
}

func (w *world) faults() (absent, broken error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.absent, w.broken
}

// webcam counts its frames from 0.
type webcam struct {
	world  *world
	frame  camera.Frame
	number uint64
}

func (c *webcam) Next(ctx context.Context) (*camera.Frame, error) {
	time.Sleep(frameTime)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if _, broken := c.world.faults(); broken != nil {
		return nil, broken
	}
	c.frame.Format, c.frame.Sequence = c.Format(), c.number
	c.number++
	return &c.frame, nil
}

func (c *webcam) Format() camera.Format { return camera.Format{Width: 640, Height: 480} }

func (c *webcam) Close() error {
	c.world.open--
	return nil
}

func next(t *testing.T, s *Source) uint64 {
	t.Helper()
	f, err := s.Next(t.Context())
	require.NoError(t, err)
	return f.Sequence
}

// From whenever the camera is back, a frame comes within two seconds.
func TestUnpluggedAndBack(t *testing.T) {
	for away := time.Duration(0); away < 3*time.Second; away += 70 * time.Millisecond {
		synctest.Test(t, func(t *testing.T) {
			var w world
			s := w.steady(t)
			require.Zero(t, next(t, s))
			require.Equal(t, uint64(1), next(t, s))
			w.unplug()
			time.AfterFunc(away, w.plug)
			began := time.Now()
			require.Equal(t, uint64(2), next(t, s))
			require.Less(t, time.Since(began), away+time.Second)
			require.Equal(t, uint64(3), next(t, s))
			if w.told != nil { // else it was back before the next frame
				require.Equal(t, []error{errGone, nil}, w.told)
			}
		})
	}
}

func TestCameraThatComesLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := world{absent: errGone}
		s := w.steady(t)
		require.Zero(t, s.Format())
		require.Equal(t, []error{errGone}, w.told)
		time.AfterFunc(time.Minute, w.plug)
		require.Zero(t, next(t, s))
		require.Equal(t, 640, s.Format().Width)
		require.Equal(t, []error{errGone, nil}, w.told)
		require.InDelta(t, 120, w.attempts, 10) // two a second
	})
}

func TestEachChangeIsToldOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var w world
		s := w.steady(t)
		next(t, s)
		require.Empty(t, w.told)
		w.unplug()
		time.AfterFunc(5*time.Second, func() { w.set(errBusy, errGone) })
		time.AfterFunc(10*time.Second, w.plug)
		next(t, s)
		require.Equal(t, []error{errGone, errBusy, nil}, w.told)
	})
}

// The numbers in an error are new each time: times, processes, bytes.
func TestErrorsThatDifferInNumbersAreToldOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var w world
		attempts := 0
		s, err := New(t.Context(), func(ctx context.Context) (camera.Source, error) {
			attempts++
			if absent, broken := w.faults(); absent != nil {
				w.set(fmt.Errorf("ended, with %d of a frame's 384 bytes; it said: [0:%d] failed", 7*attempts, attempts), broken)
			}
			return w.source(ctx)
		}, w.report)
		require.NoError(t, err)
		next(t, s)
		w.unplug()
		time.AfterFunc(5*time.Second, w.plug)
		next(t, s)
		require.Greater(t, attempts, 5)
		require.Len(t, w.told, 3)
		require.Equal(t, errGone, w.told[0])
		require.ErrorContains(t, w.told[1], "with 14 of")
		require.NoError(t, w.told[2])
		require.NoError(t, s.Close())
	})
}

// A camera that opens and never gives a frame is not opened over and over
// without a pause.
func TestCameraThatOpensAndFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := world{broken: errBusy}
		s := w.steady(t)
		time.AfterFunc(10*time.Second, w.plug)
		next(t, s)
		require.Less(t, w.attempts, 30)
		require.Equal(t, []error{errBusy, nil}, w.told)
	})
}

func TestInvalidOptionsEndTheFirstAttemptOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := world{absent: camera.ErrInvalid}
		_, err := New(t.Context(), w.source, w.report)
		require.ErrorIs(t, err, camera.ErrInvalid)
		require.Empty(t, w.told)

		w.plug()
		s := w.steady(t)
		next(t, s)
		w.set(camera.ErrInvalid, errGone) // another camera, half awake
		time.AfterFunc(time.Second, w.plug)
		next(t, s)
	})
}

func TestEndOfTheSource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, end := range []error{io.EOF, camera.ErrInvalid} {
			w := world{broken: end}
			_, err := w.steady(t).Next(t.Context())
			require.ErrorIs(t, err, end)
			require.Empty(t, w.told)
			require.Equal(t, 1, w.attempts)
		}
	})
}

func TestContextEndsEveryWait(t *testing.T) {
	for name, w := range map[string]*world{
		"for a frame":   {},
		"for a camera":  {absent: errGone},
		"for its frame": {broken: errGone},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := w.steady(t)
				ctx, cancel := context.WithTimeout(t.Context(), frameTime/2)
				defer cancel()
				began := time.Now()
				_, err := s.Next(ctx)
				require.ErrorIs(t, err, context.DeadlineExceeded)
				require.LessOrEqual(t, time.Since(began), frameTime)
			})
		})
	}
}

func TestContextEndsTheOpening(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	_, err := New(ctx, func(context.Context) (camera.Source, error) {
		cancel()
		return nil, errBusy
	}, nil)
	require.ErrorIs(t, err, context.Canceled)
}

func TestClosedSource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var w world
		s := w.steady(t)
		require.NoError(t, s.Close())
		_, err := s.Next(t.Context())
		require.ErrorIs(t, err, fs.ErrClosed)
		require.Zero(t, w.open)
	})
}

// heap is the memory in use, in bytes.
func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func TestThousandReopenings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var w world
		s := w.steady(t)
		cycle := func() {
			w.plug()
			next(t, s)
			w.unplug()
			time.AfterFunc(time.Second, w.plug)
			next(t, s)
			require.Equal(t, 1, w.open)
			w.told = w.told[:0]
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

func TestFramesCostNoGarbage(t *testing.T) {
	s, err := New(t.Context(), func(context.Context) (camera.Source, error) { return &still{}, nil }, nil)
	require.NoError(t, err)
	require.Zero(t, testing.AllocsPerRun(100, func() { next(t, s) }))
	require.NoError(t, s.Close())
}

// still gives the same frame at once.
type still struct{ frame camera.Frame }

func (s *still) Next(context.Context) (*camera.Frame, error) { return &s.frame, nil }
func (s *still) Format() camera.Format                       { return s.frame.Format }
func (s *still) Close() error                                { return nil }
