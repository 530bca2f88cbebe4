// Package newest reads a stream as fast as it comes and hands out the newest
// frame only: who looks at frames more slowly than they come must not fall
// behind, nor hold up the sender.
package newest

import (
	"context"
	"sync"
	"time"
)

// Frame is one frame of the stream.
type Frame struct {
	Data     []byte
	Time     time.Time // when it was whole
	Sequence uint64    // counted from 0; a gap is that many frames dropped
}

// Reader reads the stream in a goroutine of its own. Three buffers go round:
// one is read into, one is the newest frame, one is the caller's.
type Reader struct {
	ready chan struct{} // holds one where there is a frame or an error to fetch
	done  chan struct{} // closed when the goroutine has ended

	mu    sync.Mutex
	fresh bool // whether the newest frame has not been handed out
	frame Frame
	spare []byte
	err   error // why the stream has ended

	held []byte // the caller's
}

// Start reads frames until read fails. Read gets memory to use again, and
// returns the frame in it or in new memory.
func Start(read func(buf []byte) ([]byte, error)) *Reader {
	r := &Reader{ready: make(chan struct{}, 1), done: make(chan struct{})}
	go r.run(read)
	return r
}

func (r *Reader) run(read func([]byte) ([]byte, error)) {
	defer close(r.done)
	var buf []byte
	for n := uint64(0); ; n++ {
		data, err := read(buf)
		if err != nil {
			r.fail(err)
			return
		}
		buf = r.publish(Frame{data, time.Now(), n})
	}
}

// publish makes a frame the newest and gives memory for the next.
func (r *Reader) publish(f Frame) []byte {
	r.mu.Lock()
	buf := r.spare
	if r.fresh {
		buf = r.frame.Data
	} else {
		r.spare = nil
	}
	r.frame, r.fresh = f, true
	r.mu.Unlock()
	r.wake()
	return buf
}

func (r *Reader) fail(err error) {
	r.mu.Lock()
	r.err = err
	r.mu.Unlock()
	r.wake()
}

func (r *Reader) wake() {
	select {
	case r.ready <- struct{}{}:
	default:
	}
}

// Next waits for a frame that was not handed out and gives the newest. It is
// the caller's until the next Next. After the last one comes the error that
// ended the stream.
func (r *Reader) Next(ctx context.Context) (Frame, error) {
	if _, err := r.Wait(ctx, nil); err != nil {
		return Frame{}, err
	}
	return r.take(), nil
}

// Wait waits until there is a frame for Next, and says false if the alarm rings
// before.
func (r *Reader) Wait(ctx context.Context, alarm <-chan time.Time) (bool, error) {
	for {
		if err := ctx.Err(); err != nil {
			return false, err
		}
		if there, err := r.look(); there || err != nil {
			return there, err
		}
		select {
		case <-ctx.Done():
		case <-r.ready:
		case <-alarm:
			return false, nil
		}
	}
}

// look tells whether there is a frame, or why there will be none.
func (r *Reader) look() (bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.fresh {
		return true, nil
	}
	return false, r.err
}

func (r *Reader) take() Frame {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.fresh = false
	r.spare, r.held = r.held, r.frame.Data
	return r.frame
}

// Done is closed when the stream is read no more.
func (r *Reader) Done() <-chan struct{} { return r.done }
