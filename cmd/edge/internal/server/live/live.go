// Package live passes the latest picture of a camera to all viewers. It tells the camera
// whether a viewer needs a picture, so that pictures without viewers are never copied or
// encoded.
package live

import (
	"context"
	"sync"
	"time"

	"halfmeg/cmd/edge/internal/snapshot"
)

// Feed holds the latest picture while there are viewers.
type Feed struct {
	interval time.Duration

	mu      sync.Mutex
	viewers int
	waiting int       // viewers that wait for the next picture
	next    time.Time // when the next picture is needed
	picture *snapshot.Snapshot
	number  uint64        // of picture, counted from 1
	arrived chan struct{} // closed when the next picture arrives
}

// New returns a Feed with at most one picture per interval. All viewers share a picture,
// so that it is encoded once.
func New(interval time.Duration) *Feed {
	return &Feed{interval: interval, arrived: make(chan struct{})}
}

// Wants reports whether a viewer needs a picture now.
func (f *Feed) Wants(now time.Time) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	// Frames arrive with jitter: a picture that is slightly early is better than one
	// that is a whole frame late.
	return f.waiting > 0 && !now.Before(f.next.Add(-f.interval/4))
}

// Put passes a picture to the waiting viewers.
func (f *Feed) Put(s *snapshot.Snapshot, now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.viewers == 0 {
		return
	}
	if f.next = f.next.Add(f.interval); f.next.Before(now) {
		f.next = now.Add(f.interval)
	}
	f.picture = s
	f.number++
	f.waiting = 0
	close(f.arrived)
	f.arrived = make(chan struct{})
}

// Viewers returns the number of viewers.
func (f *Feed) Viewers() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.viewers
}

// Viewer receives the pictures of a Feed. It is not safe for concurrent use.
type Viewer struct {
	feed *Feed
	seen uint64 // number of the last picture that Next returned
}

// Join adds a viewer. The caller must close it.
func (f *Feed) Join() *Viewer {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.viewers++
	return &Viewer{feed: f}
}

// Close removes the viewer. The last one releases the picture.
func (v *Viewer) Close() {
	v.feed.mu.Lock()
	defer v.feed.mu.Unlock()
	if v.feed.viewers--; v.feed.viewers == 0 {
		v.feed.picture = nil
	}
}

// Next returns the latest picture. It waits for one that the viewer has not seen.
func (v *Viewer) Next(ctx context.Context) (*snapshot.Snapshot, error) {
	f := v.feed
	for {
		f.mu.Lock()
		if f.picture != nil && f.number > v.seen {
			defer f.mu.Unlock()
			v.seen = f.number
			return f.picture, nil
		}
		f.waiting++
		arrived, number := f.arrived, f.number
		f.mu.Unlock()
		select {
		case <-arrived:
		case <-ctx.Done():
			f.mu.Lock()
			if f.number == number { // otherwise Put has reset waiting
				f.waiting--
			}
			f.mu.Unlock()
			return nil, ctx.Err()
		}
	}
}
