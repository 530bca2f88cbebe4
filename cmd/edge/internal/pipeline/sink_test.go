package pipeline

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// gate is a sink that handles an observation only when it is told to.
type gate struct {
	open chan struct{}
	seen []int
}

func (g *gate) Observe(o *Observation) error {
	<-g.open
	g.seen = append(g.seen, o.Frame)
	return nil
}

// observeUntilBusy queues frame 1 and waits until the sink has taken it.
func observeUntilBusy(t *testing.T, q *Queue) {
	t.Helper()
	require.NoError(t, q.Observe(t.Context(), &Observation{Frame: 1}))
	require.Eventually(t, func() bool {
		q.mu.Lock()
		defer q.mu.Unlock()
		return len(q.waiting) == 0
	}, 10*time.Second, time.Millisecond)
}

func TestQueueDropsTheOldest(t *testing.T) {
	g := &gate{open: make(chan struct{})}
	q := NewQueue(g, 2, DropOldest, nil)
	observeUntilBusy(t, q)
	for frame := 2; frame <= 5; frame++ {
		require.NoError(t, q.Observe(t.Context(), &Observation{Frame: frame})) // returns at once
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

// The end of the context ends a wait for room.
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

// A queue with room takes an observation even after the end of the context: the
// frame is classified already.
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

// An error of the sink is told once, ends a wait for room, and is what Observe
// and Close return from then on.
func TestQueueReportsFailure(t *testing.T) {
	full := errors.New("disk full")
	told := make(chan error, 2)
	q := NewQueue(failing{full}, 1, Wait, func(err error) { told <- err })
	require.Eventually(t, func() bool {
		return errors.Is(q.Observe(t.Context(), &Observation{}), full)
	}, 10*time.Second, time.Millisecond)
	require.ErrorIs(t, q.Close(), full)
	require.Len(t, told, 1)
}
