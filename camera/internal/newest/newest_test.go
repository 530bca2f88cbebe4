package newest

import (
	"context"
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

const frameInterval = 40 * time.Millisecond

// sender sends a frame every frameInterval. All bytes of a frame are its number, from
// 0.
type sender struct {
	sent   int // frames
	total  int // frames until io.EOF
	allocs int // frames for which there was no buffer to reuse
}

func (s *sender) read(buf []byte) ([]byte, error) {
	time.Sleep(frameInterval)
	if s.sent == s.total {
		return nil, io.EOF
	}
	if buf == nil {
		s.allocs++
		buf = make([]byte, 10)
	}
	for i := range buf {
		buf[i] = byte(s.sent)
	}
	s.sent++
	return buf, nil
}

func requireFrame(t *testing.T, r *Reader, want int) {
	t.Helper()
	f, err := r.Next(t.Context())
	require.NoError(t, err)
	require.Equal(t, uint64(want), f.Sequence)
	require.Equal(t, byte(want), f.Data[0])
}

func TestFastCallerGetsEveryFrame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := sender{total: 100}
		r := Start(s.read)
		for n := range 100 {
			requireFrame(t, r, n)
		}
		_, err := r.Next(t.Context())
		require.Equal(t, io.EOF, err)
		_, err = r.Next(t.Context())
		require.Equal(t, io.EOF, err)
		require.LessOrEqual(t, s.allocs, 3)
		<-r.Done()
	})
}

func TestSlowCallerGetsNewest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := sender{total: 21}
		r := Start(s.read)
		for n := range 5 {
			requireFrame(t, r, 4*n)
			time.Sleep(4*frameInterval - frameInterval/2)
			synctest.Wait()
			time.Sleep(frameInterval / 2)
			synctest.Wait()
		}
		requireFrame(t, r, 20)
		_, err := r.Next(t.Context())
		require.Equal(t, io.EOF, err)
		require.LessOrEqual(t, s.allocs, 3)
	})
}

// TestFrameIsNotOverwritten checks that the caller's frame stays unchanged until its
// next call, however many arrive.
func TestFrameIsNotOverwritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := sender{total: 50}
		r := Start(s.read)
		for {
			f, err := r.Next(t.Context())
			if err != nil {
				return
			}
			time.Sleep(7 * frameInterval)
			synctest.Wait()
			for _, b := range f.Data {
				require.Equal(t, byte(f.Sequence), b)
			}
		}
	})
}

func TestLastFramePrecedesError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := sender{total: 1}
		r := Start(s.read)
		<-r.Done()
		requireFrame(t, r, 0)
		_, err := r.Next(t.Context())
		require.Equal(t, io.EOF, err)
	})
}

func TestContextCancelsNext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stop := make(chan struct{})
		r := Start(func([]byte) ([]byte, error) { <-stop; return nil, errors.New("stopped") })
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		_, err := r.Next(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, time.Second, time.Since(start))
		close(stop)
		<-r.Done()
	})
}
