// Package newest reads a stream as fast as it arrives and returns only the newest
// frame. A caller slower than the stream drops frames instead of lagging or
// stalling the sender.
package newest

import (
	"context"
	"sync"
	"time"

	"halfmeg/camera/internal/idle"
)

// Frame is one frame of the stream.
type Frame struct {
	Data     []byte
	Time     time.Time // when it was read completely
	Sequence uint64    // from 0; a gap is the number of dropped frames
}

// Reader reads the stream in a goroutine of its own. Three buffers rotate: one being
// read into, the newest frame's, and the caller's current one.
type Reader struct {
	notify chan struct{} // capacity 1: a frame or the error may be available
	done   chan struct{} // closed when the goroutine has ended

	mu     sync.Mutex
	unread bool // frame has not been returned by Next
	frame  Frame
	spare  []byte // the buffer to read into next, unless frame is dropped
	err    error  // why the stream ended

	current []byte // the caller's buffer, until its next call of Next
}

// Start starts to read frames, until read fails. read gets a buffer to reuse, nil at
// first, and returns the frame in it or in new memory.
func Start(read func(buf []byte) ([]byte, error)) *Reader {
	r := &Reader{notify: make(chan struct{}, 1), done: make(chan struct{})}
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

// publish makes f the newest frame and returns a buffer for the next: that of the
// frame that f replaces, if it has not been read.
func (r *Reader) publish(f Frame) []byte {
	r.mu.Lock()
	buf := r.spare
	if r.unread {
		buf = r.frame.Data
	} else {
		r.spare = nil
	}
	r.frame, r.unread = f, true
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

// wake unblocks Wait, now or at its next call.
func (r *Reader) wake() {
	select {
	case r.notify <- struct{}{}:
	default:
	}
}

// Next waits for a frame newer than the last one and returns the newest. Its data
// are valid until the next call. After the last frame it returns the error that
// ended the stream. Next and Wait may be called from one goroutine at a time.
func (r *Reader) Next(ctx context.Context) (Frame, error) {
	if _, err := r.Wait(ctx, nil); err != nil {
		return Frame{}, err
	}
	return r.take(), nil
}

// Wait waits until a frame is available for Next. It returns false without an error
// if timeout fires first; a nil timeout never does.
func (r *Reader) Wait(ctx context.Context, timeout <-chan time.Time) (bool, error) {
	for {
		if err := ctx.Err(); err != nil {
			return false, err
		}
		if available, err := r.poll(); available || err != nil {
			return available, err
		}
		if !r.wait(ctx, timeout) {
			return false, nil
		}
	}
}

// wait waits for a call of wake or the end of the context. It returns false if the timeout
// fires first.
func (r *Reader) wait(ctx context.Context, timeout <-chan time.Time) bool {
	defer idle.Wait(ctx)()
	select {
	case <-ctx.Done():
	case <-r.notify:
	case <-timeout:
		return false
	}
	return true
}

// poll reports whether a frame is available, or why there will be no more.
func (r *Reader) poll() (bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.unread {
		return true, nil
	}
	return false, r.err
}

// take returns the newest frame and releases the caller's previous buffer.
func (r *Reader) take() Frame {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.unread = false
	r.spare, r.current = r.current, r.frame.Data
	return r.frame
}

// Done returns a channel that is closed when the stream is no longer read.
func (r *Reader) Done() <-chan struct{} { return r.done }
