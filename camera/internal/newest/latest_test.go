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

const frameTime = 40 * time.Millisecond

// sender gives a frame each frameTime, whose bytes are all its number.
type sender struct {
	sent   int
	last   int // the number of frames that there are
	allocs int
}

func (s *sender) read(buf []byte) ([]byte, error) {
	time.Sleep(frameTime)
	if s.sent == s.last {
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
		s := sender{last: 100}
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

func TestSlowCallerGetsTheNewest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := sender{last: 21}
		r := Start(s.read)
		for n := range 5 {
			requireFrame(t, r, 4*n)
			time.Sleep(4*frameTime - frameTime/2)
			synctest.Wait()
			time.Sleep(frameTime / 2)
			synctest.Wait()
		}
		requireFrame(t, r, 20)
		_, err := r.Next(t.Context())
		require.Equal(t, io.EOF, err)
		require.LessOrEqual(t, s.allocs, 3)
	})
}

// A frame in the caller's hands is not written to, however many come.
func TestFrameIsTheCallers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := sender{last: 50}
		r := Start(s.read)
		for {
			f, err := r.Next(t.Context())
			if err != nil {
				return
			}
			time.Sleep(7 * frameTime)
			synctest.Wait()
			for _, b := range f.Data {
				require.Equal(t, byte(f.Sequence), b)
			}
		}
	})
}

func TestLastFrameComesBeforeTheError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := sender{last: 1}
		r := Start(s.read)
		<-r.Done()
		requireFrame(t, r, 0)
		_, err := r.Next(t.Context())
		require.Equal(t, io.EOF, err)
	})
}

func TestContextEndsTheWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		end := make(chan struct{})
		r := Start(func([]byte) ([]byte, error) { <-end; return nil, errors.New("ended") })
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		_, err := r.Next(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, time.Second, time.Since(began))
		close(end)
		<-r.Done()
	})
}
