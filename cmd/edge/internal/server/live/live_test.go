package live

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"halfmeg/cmd/edge/internal/snapshot"
)

const interval = 200 * time.Millisecond

// put passes a picture to the feed if a viewer needs one, and reports whether it did.
func put(f *Feed) bool {
	if !f.Wants(time.Now()) {
		return false
	}
	f.Put(&snapshot.Snapshot{}, time.Now())
	synctest.Wait()
	return true
}

// look receives pictures until its context ends, with a pause after each.
func look(ctx context.Context, f *Feed, pause time.Duration) (seen *int, ended chan struct{}) {
	seen, ended = new(int), make(chan struct{})
	go func() {
		defer close(ended)
		v := f.Join()
		defer v.Close()
		for {
			if _, err := v.Next(ctx); err != nil {
				return
			}
			*seen++
			time.Sleep(pause)
		}
	}()
	synctest.Wait()
	return seen, ended
}

func TestNoViewer(t *testing.T) {
	f := New(interval)
	require.False(t, f.Wants(time.Now()))
	f.Put(&snapshot.Snapshot{}, time.Now())
	require.Nil(t, f.picture, "no picture is kept without viewers")
}

// Viewers receive pictures at the feed's rate, or all pictures of a slower camera.
func TestRate(t *testing.T) {
	for frame, want := range map[time.Duration]int{
		33 * time.Millisecond: 50, 70 * time.Millisecond: 50, 100 * time.Millisecond: 50, 190 * time.Millisecond: 50, 250 * time.Millisecond: 40, time.Second: 10,
	} {
		synctest.Test(t, func(t *testing.T) {
			f := New(interval)
			ctx, cancel := context.WithCancel(t.Context())
			seen, ended := look(ctx, f, 0)
			count := 0
			for range 10 * time.Second / frame {
				if put(f) {
					count++
				}
				time.Sleep(frame)
			}
			require.InDelta(t, want, count, 3, frame)
			cancel()
			<-ended
			require.Equal(t, count, *seen)
			require.Zero(t, f.Viewers())
			require.Zero(t, f.waiting)
			require.Nil(t, f.picture)
		})
	}
}

// Viewers share pictures. A viewer that needs a second for each skips some.
func TestSharing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := New(interval)
		ctx, cancel := context.WithCancel(t.Context())
		fast, ended1 := look(ctx, f, 0)
		slow, ended2 := look(ctx, f, time.Second)
		require.Equal(t, 2, f.Viewers())
		count := 0
		for range 100 {
			if put(f) {
				count++
			}
			time.Sleep(100 * time.Millisecond)
		}
		cancel()
		<-ended1
		<-ended2
		require.InDelta(t, 50, count, 2)
		require.Equal(t, count, *fast)
		require.InDelta(t, 10, *slow, 1)
	})
}

// A viewer that joins later receives the latest picture immediately.
func TestLateViewer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := New(interval)
		ctx, cancel := context.WithCancel(t.Context())
		_, ended := look(ctx, f, 0)
		require.True(t, put(f))
		late := f.Join()
		_, err := late.Next(ctx)
		require.NoError(t, err)
		late.Close()
		cancel()
		<-ended
	})
}
