package camera

import (
	"context"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// recordIdle returns a context that ends after a time, and what its callback was called
// with.
func recordIdle(t *testing.T, timeout time.Duration) (context.Context, *[]bool) {
	t.Helper()
	var calls []bool
	ctx := WithIdle(t.Context(), func(idle bool) { calls = append(calls, idle) })
	ctx, cancel := context.WithTimeout(ctx, timeout)
	t.Cleanup(cancel)
	return ctx, &calls
}

func TestIdleTestCard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, calls := recordIdle(t, time.Minute)
		s, err := Open(ctx, TestCard, Options{Rate: 1})
		require.NoError(t, err)
		_, err = s.Next(ctx)
		require.NoError(t, err)
		require.NoError(t, s.Close())
		require.Equal(t, []bool{true, false}, *calls)
	})
}

// cancelWhenIdle returns a context that ends when the source waits, and what its callback
// was called with.
func cancelWhenIdle(t *testing.T) (context.Context, *[]bool) {
	t.Helper()
	var calls []bool
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	return WithIdle(ctx, func(idle bool) {
		calls = append(calls, idle)
		if idle {
			cancel()
		}
	}), &calls
}

// A watched folder waits for new pictures.
func TestIdleFolder(t *testing.T) {
	ctx, calls := cancelWhenIdle(t)
	s, err := Open(ctx, t.TempDir(), Options{Watch: true})
	require.NoError(t, err)
	_, err = s.Next(ctx)
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, []bool{true, false}, *calls)
}

// A pipe without a writer waits for its content.
func TestIdlePipe(t *testing.T) {
	reader, writer, err := os.Pipe()
	require.NoError(t, err)
	defer writer.Close()
	ctx, calls := cancelWhenIdle(t)
	_, err = openStandardInput(ctx, reader, Options{})
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, []bool{true, false}, *calls)
}
