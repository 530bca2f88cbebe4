// Package live passes the newest picture of a camera to everybody who looks at it. It
// says whether a picture is wanted, so that none is copied or encoded for nobody.
package live

import (
	"context"
	"sync"
	"time"

	"halfmeg/cmd/edge/internal/snapshot"
)

// Feed holds the newest picture while somebody looks.
type Feed struct {
	interval time.Duration

	mu      sync.Mutex
	viewers int
	waiting int       // viewers that have seen the newest picture
	due     time.Time // when the next picture is wanted
	picture *snapshot.Snapshot
	number  uint64        // of picture
	arrived chan struct{} // closed when the next picture arrives
}

// New returns a Feed of at most one picture an interval. All viewers share the
// pictures, so that each is encoded once.
func New(interval time.Duration) *Feed {
	return &Feed{interval: interval, arrived: make(chan struct{})}
}

// Wants reports whether a picture taken now would be shown.
func (f *Feed) Wants(now time.Time) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	// Frames come at intervals of their own, with jitter: a little early is better
	// than a whole frame late.
	return f.waiting > 0 && !now.Before(f.due.Add(-f.interval/4))
}

// Put shows a picture to those who wait for one.
func (f *Feed) Put(s *snapshot.Snapshot, now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.viewers == 0 {
		return
	}
	if f.due = f.due.Add(f.interval); f.due.Before(now) {
		f.due = now.Add(f.interval)
	}
	f.picture = s
	f.number++
	f.waiting = 0
	close(f.arrived)
	f.arrived = make(chan struct{})
}

// Viewers is how many look.
func (f *Feed) Viewers() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.viewers
}

// Viewer looks at a feed. It is for one goroutine.
type Viewer struct {
	feed *Feed
	seen uint64
}

// Join adds a viewer, which Close removes.
func (f *Feed) Join() *Viewer {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.viewers++
	return &Viewer{feed: f}
}

// Close removes the viewer. The last one takes the picture along.
func (v *Viewer) Close() {
	v.feed.mu.Lock()
	defer v.feed.mu.Unlock()
	if v.feed.viewers--; v.feed.viewers == 0 {
		v.feed.picture = nil
	}
}

// Next waits for a picture that the viewer has not seen and returns the newest one.
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
			if f.number == number { // else nobody is counted as waiting any more
				f.waiting--
			}
			f.mu.Unlock()
			return nil, ctx.Err()
		}
	}
}
