//go:build unix

package rpicam

import (
	"io"
	"sync"
	"time"
)

// Frame is one picture.
type Frame struct {
	Data     []byte    // planes of Y, Cb and Cr; the caller's until the next Next or Close
	Time     time.Time // when the whole of it had arrived
	Sequence uint64    // counted from 0; a gap is that many frames dropped
}

// latest passes frames from the goroutine that reads them to the one that
// uses them, and of several the newest. Neither waits for the other, for there
// is memory for three: one is filled, one is the newest that is whole, and one
// is used.
type latest struct {
	filling Frame // the reader's

	mu     sync.Mutex
	newest Frame
	fresh  bool  // whether newest has not been used yet
	err    error // why there will be no more
	count  uint64

	used Frame         // the user's
	news chan struct{} // has an element where there may be something new
}

func newLatest(size int) *latest {
	return &latest{
		filling: Frame{Data: make([]byte, size)},
		newest:  Frame{Data: make([]byte, size)},
		used:    Frame{Data: make([]byte, size)},
		news:    make(chan struct{}, 1),
	}
}

// fill reads frames until there are no more. It gives the number of bytes of
// a last one that is not whole.
func (l *latest) fill(r io.Reader) int {
	for {
		n, err := io.ReadFull(r, l.filling.Data)
		if err != nil {
			return n
		}
		l.put(time.Now())
	}
}

// put makes the frame that was filled the newest.
func (l *latest) put(arrived time.Time) {
	l.mu.Lock()
	l.filling.Time, l.filling.Sequence = arrived, l.count
	l.filling, l.newest = l.newest, l.filling
	l.fresh = true
	l.count++
	l.mu.Unlock()
	l.tell()
}

// end says why no frame comes after the newest.
func (l *latest) end(err error) {
	l.mu.Lock()
	l.err = err
	l.mu.Unlock()
	l.tell()
}

func (l *latest) tell() {
	select {
	case l.news <- struct{}{}:
	default:
	}
}

// look tells whether there is a frame to take, or why there will be none.
func (l *latest) look() (bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fresh {
		return true, nil
	}
	return false, l.err
}

// take gives the newest frame, of which look has told.
func (l *latest) take() *Frame {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.used, l.newest = l.newest, l.used
	l.fresh = false
	return &l.used
}
