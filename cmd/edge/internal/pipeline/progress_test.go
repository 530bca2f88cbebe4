package pipeline

import (
	"context"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"halfmeg/camera"
)

// observe returns whether the progress of a run advanced in each of some minutes.
func observe(r *Runner, minutes int) chan []bool {
	result := make(chan []bool, 1)
	go func() {
		var advances []bool
		for range minutes {
			time.Sleep(time.Minute)
			advances = append(advances, r.Progress.Advances())
		}
		result <- advances
	}()
	return result
}

// A run advances while frames arrive, and does not while the camera is stuck.
func TestProgressOfCamera(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &Runner{}
		time.Sleep(time.Second) // after the frames of each minute
		advances := observe(r, 5)
		run(t, r, func(_ context.Context, number int) error {
			switch number {
			case 3:
				time.Sleep(3 * time.Minute) // a call of a driver that blocks
			case 4:
				return io.EOF
			default:
				time.Sleep(45 * time.Second)
			}
			return nil
		})
		require.Equal(t, []bool{true, true, false, false, true}, <-advances)
	})
}

// A camera that Reconnect waits for is not stuck.
func TestProgressWithoutCamera(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &Runner{}
		ctx, cancel := context.WithCancel(camera.WithIdle(t.Context(), r.Progress.Idle))
		defer cancel()
		attempts := 0
		open := func(context.Context) (camera.Source, error) {
			attempts++
			if attempts == 3 {
				time.Sleep(5 * time.Minute) // stuck, not waiting
			}
			return nil, camera.ErrRemote // seconds to half a minute between attempts
		}
		source, err := camera.Reconnect(ctx, open, camera.Retry{})
		require.NoError(t, err)
		time.AfterFunc(10*time.Minute, cancel)
		advances := observe(r, 9)
		_, err = source.Next(ctx)
		require.ErrorIs(t, err, context.Canceled)
		require.Equal(t, []bool{true, false, false, false, false, true, true, true, true}, <-advances)
	})
}

// Standard output that blocks is a wait, because its reader may pause. An optional sink
// that blocks does not stop the run.
func TestProgressOfSinks(t *testing.T) {
	for _, c := range []struct {
		policy Policy
		frames int
	}{{Wait, 10}, {DropOldest, 100}} {
		synctest.Test(t, func(t *testing.T) {
			g := &gate{open: make(chan struct{})}
			r := &Runner{Queues: []*Queue{NewQueue(g, 1, c.policy, nil)}}
			time.AfterFunc(5*time.Minute+time.Second, func() { close(g.open) })
			advances := observe(r, 4)
			runWith(t, r, func(_ context.Context, number int) error {
				if number > c.frames {
					return io.EOF
				}
				time.Sleep(5 * time.Second)
				return nil
			})
			require.Equal(t, []bool{true, true, true, true}, <-advances)
		})
	}
}

func TestProgress(t *testing.T) {
	var p Progress
	require.False(t, p.Advances())
	p.Idle(true)
	require.True(t, p.Advances())
	require.True(t, p.Advances(), "it still waits")
	p.Idle(false)
	require.True(t, p.Advances())
	require.False(t, p.Advances())
}
