package pipeline

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"halfmeg/cmd/edge/internal/decision"
	"halfmeg/cmd/edge/internal/snapshot"

	"github.com/stretchr/testify/require"
)

// gate is a sink that blocks until the test allows an observation.
type gate struct {
	open chan struct{}
	seen []int
}

func (g *gate) Observe(o *Observation) error {
	<-g.open
	g.seen = append(g.seen, o.Frame)
	return nil
}

func (g *gate) Close() error { return nil }

// observeUntilBusy enqueues frame 1 and waits until the sink has received it.
func observeUntilBusy(t *testing.T, q *Queue) {
	t.Helper()
	require.NoError(t, q.Observe(t.Context(), &Observation{Frame: 1}))
	require.Eventually(t, func() bool {
		q.mu.Lock()
		defer q.mu.Unlock()
		return len(q.pending) == 0
	}, 10*time.Second, time.Millisecond)
}

func TestQueueDropsTheOldest(t *testing.T) {
	g := &gate{open: make(chan struct{})}
	q := NewQueue(g, 2, DropOldest, nil)
	observeUntilBusy(t, q)
	for frame := 2; frame <= 5; frame++ {
		require.NoError(t, q.Observe(t.Context(), &Observation{Frame: frame})) // does not wait
	}
	require.Equal(t, 2, q.Dropped())
	close(g.open)
	require.NoError(t, q.Close())
	require.Equal(t, []int{1, 4, 5}, g.seen)
}

func TestQueueWaitsForRoom(t *testing.T) {
	g := &gate{open: make(chan struct{})}
	q := NewQueue(g, 2, Wait, nil)
	observeUntilBusy(t, q)
	const frames = 20
	go func() {
		for range frames {
			g.open <- struct{}{}
		}
	}()
	for frame := 2; frame <= frames; frame++ {
		require.NoError(t, q.Observe(t.Context(), &Observation{Frame: frame}))
	}
	require.NoError(t, q.Close())
	require.Zero(t, q.Dropped())
	require.Len(t, g.seen, frames)
	require.IsIncreasing(t, g.seen)
}

// The end of the context ends a wait for space.
func TestQueueWaitIsCancelled(t *testing.T) {
	g := &gate{open: make(chan struct{})}
	q := NewQueue(g, 1, Wait, nil)
	observeUntilBusy(t, q)
	require.NoError(t, q.Observe(t.Context(), &Observation{Frame: 2}))
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(10*time.Millisecond, cancel)
	require.ErrorIs(t, q.Observe(ctx, &Observation{Frame: 3}), context.Canceled)
	close(g.open)
	require.NoError(t, q.Close())
	require.Equal(t, []int{1, 2}, g.seen)
}

// A queue with space accepts an observation even after the end of the context, because the
// frame is already classified.
func TestQueueTakesLastObservation(t *testing.T) {
	g := &gate{open: make(chan struct{})}
	close(g.open)
	q := NewQueue(g, 1, Wait, nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.NoError(t, q.Observe(ctx, &Observation{Frame: 1}))
	require.NoError(t, q.Close())
	require.Equal(t, []int{1}, g.seen)
}

type failing struct{ err error }

func (f failing) Observe(*Observation) error { return f.err }
func (f failing) Close() error               { return nil }

// An error of the sink is reported once and ends a wait for space. Observe and Close return
// it from then on.
func TestQueueReportsFailure(t *testing.T) {
	full := errors.New("disk full")
	failures := make(chan error, 2)
	q := NewQueue(failing{full}, 1, Wait, func(err error) { failures <- err })
	require.Eventually(t, func() bool {
		return errors.Is(q.Observe(t.Context(), &Observation{}), full)
	}, 10*time.Second, time.Millisecond)
	require.ErrorIs(t, q.Close(), full)
	require.Len(t, failures, 1)
}

// withEvent returns an observation that no queue may drop.
func withEvent(frame int) *Observation {
	return &Observation{Frame: frame, Events: []decision.Event{{Type: decision.Appeared}}, Snapshot: &snapshot.Snapshot{}}
}

// A slow sink misses frames but no events. Events that are queued beyond the size have no
// pictures.
func TestQueueKeepsEvents(t *testing.T) {
	g := &gate{open: make(chan struct{})}
	q := NewQueue(g, 2, DropOldest, nil)
	observeUntilBusy(t, q)
	shared := withEvent(2)
	require.NoError(t, q.Observe(t.Context(), shared))
	require.NoError(t, q.Observe(t.Context(), &Observation{Frame: 3}))
	for frame := 4; frame <= 6; frame++ {
		require.NoError(t, q.Observe(t.Context(), withEvent(frame)))
	}
	require.NoError(t, q.Observe(t.Context(), &Observation{Frame: 7}))
	require.NoError(t, q.Observe(t.Context(), &Observation{Frame: 8}))
	require.Equal(t, 2, q.Dropped())
	require.Nil(t, q.pending[0].observation.Snapshot)
	require.NotNil(t, shared.Snapshot, "other sinks may still use it")
	close(g.open)
	require.NoError(t, q.Close())
	require.Equal(t, []int{1, 2, 4, 5, 6, 8}, g.seen)
	require.Zero(t, q.Lost())
}

// The queue of a sink that blocks forever is bounded.
func TestQueueIsBounded(t *testing.T) {
	g := &gate{open: make(chan struct{})}
	q := NewQueue(g, 2, DropOldest, nil)
	observeUntilBusy(t, q)
	for frame := range maxPending + 10 {
		require.NoError(t, q.Observe(t.Context(), withEvent(frame)))
	}
	require.Len(t, q.pending, maxPending)
	require.Equal(t, 10, q.Lost())
	close(g.open)
	require.NoError(t, q.Close())
}

// listener records frames and changes of the camera, in order.
type listener struct {
	got    []string
	closed int
}

func (l *listener) Observe(o *Observation) error {
	l.got = append(l.got, fmt.Sprint("frame ", o.Frame))
	return nil
}

func (l *listener) CameraChanged(s CameraState) error {
	l.got = append(l.got, fmt.Sprint("camera ", s.Err))
	return nil
}

func (l *listener) Close() error {
	l.closed++
	return nil
}

func TestQueueReportsCameraChanges(t *testing.T) {
	l := &listener{}
	q := NewQueue(l, 1, Wait, nil)
	require.NoError(t, q.Observe(t.Context(), &Observation{Frame: 1}))
	q.CameraChanged(CameraState{Err: errors.New("unplugged")})
	q.CameraChanged(CameraState{})
	require.NoError(t, q.Observe(t.Context(), &Observation{Frame: 2}))
	require.NoError(t, q.Close())
	require.Equal(t, []string{"frame 1", "camera unplugged", "camera <nil>", "frame 2"}, l.got)
	require.Equal(t, 1, l.closed)
}

// The error of a sink with the policy DropOldest is not returned to the Runner.
func TestQueueOfOptionalSinkFails(t *testing.T) {
	full := errors.New("disk full")
	failures := make(chan error, 2)
	q := NewQueue(failing{full}, 1, DropOldest, func(err error) { failures <- err })
	require.NoError(t, q.Observe(t.Context(), &Observation{}))
	require.ErrorIs(t, <-failures, full)
	require.NoError(t, q.Observe(t.Context(), &Observation{}))
	require.ErrorIs(t, q.Close(), full)
}

// lastWords fails to close. onFail must not be called for that, because the run is over.
type lastWords struct{ gate }

func (l *lastWords) Close() error { return errors.New("no room for the last line") }

func TestQueueReturnsErrorOfClose(t *testing.T) {
	q := NewQueue(&lastWords{}, 1, DropOldest, func(error) { t.Error("onFail was called") })
	require.ErrorContains(t, q.Close(), "no room for the last line")
}
