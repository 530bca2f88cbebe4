package server

import (
	"time"

	"halfmeg/camera"
	"halfmeg/camera/picture"
	"halfmeg/cmd/edge/internal/decision"
	"halfmeg/cmd/edge/internal/pipeline"
	"halfmeg/cmd/edge/internal/server/live"
	"halfmeg/cmd/edge/internal/snapshot"
	"halfmeg/internal/printable"
)

// pictureInterval is the time between pictures for viewers: five a second look alive.
const pictureInterval = 200 * time.Millisecond

// rateWindow is the time over which the frame rate is measured.
const rateWindow = 4 * time.Second

// Sink is one camera of a Server. It is a pipeline.PictureSink and a
// pipeline.CameraSink.
type Sink struct {
	server *Server
	feed   *live.Feed

	// By the mutex of the server.
	state   CameraState
	marks   []mark // of the last rateWindow
	samples []sample
	fresh   time.Time   // when the newest frame came, or the camera came back
	alarm   *time.Timer // calls stalled; nil before the first frame
}

// mark is when a frame was answered.
type mark struct {
	frame   int
	elapsed float64 // seconds
}

// Sink adds a camera. The name may be empty if it is the only one.
func (s *Server) Sink(name string) *Sink {
	c := &Sink{server: s, feed: live.New(pictureInterval)}
	c.state = CameraState{Name: name, Status: StatusStarting, Since: time.Now()}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cameras = append(s.cameras, c)
	s.change()
	return c
}

// change makes a new version of the state. The caller holds the lock.
func (s *Server) change() {
	s.version++
	close(s.changed)
	s.changed = make(chan struct{})
}

// WantsPicture is true while somebody waits for a picture, or if an event is to have
// one.
func (c *Sink) WantsPicture(o *pipeline.Observation) bool {
	return appeared(o) || c.feed.Wants(time.Now())
}

func appeared(o *pipeline.Observation) bool {
	for i := range o.Events {
		if o.Events[i].Type == decision.Appeared {
			return true
		}
	}
	return false
}

// A camera is stalled if no frame comes for several periods of its rate. The rate is
// known from the second frame on; before, the lowest that a camera may have counts.
const (
	leastStall   = 10 * time.Second
	stallPeriods = 5
	firstStall   = time.Duration(2 * float64(time.Second) / camera.MinRate)
)

// patience is how long the newest frame stays fresh. The caller holds the lock.
func (c *Sink) patience() time.Duration {
	if c.state.Rate <= 0 {
		return firstStall
	}
	period := time.Duration(float64(time.Second) / max(c.state.Rate, camera.MinRate))
	return max(leastStall, stallPeriods*period)
}

// live notes that frames come from now on. The caller holds the lock.
func (c *Sink) live() {
	c.fresh = time.Now()
	if c.alarm == nil {
		c.alarm = time.AfterFunc(c.patience(), c.stalled)
	} else {
		c.alarm.Reset(c.patience())
	}
}

// stalled shows that frames stay away without an error: a driver or the run hangs.
func (c *Sink) stalled() {
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	if c.state.Status != StatusLive || time.Since(c.fresh) < c.patience() { // or a frame came just now
		return
	}
	c.state.Status, c.state.Since, c.state.Rate = StatusStalled, c.fresh, 0
	c.state.Error = "no frame, and no error: if it stays so, plug the camera in again or start edge again"
	c.marks = nil
	c.server.change()
}

// Observe shows an observation.
func (c *Sink) Observe(o *pipeline.Observation) error {
	if o.Snapshot != nil {
		c.feed.Put(o.Snapshot, time.Now())
	}
	c.addEvents(o)
	c.server.metrics.observe(o)
	if !o.HasFrame() {
		return nil
	}
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	c.state.observe(o)
	c.measure(o)
	c.live()
	c.sampleState(time.Now())
	c.server.change()
	return nil
}

// measure updates the frame rate. The server's queue may have dropped frames, so the
// frames' own numbers count.
func (c *Sink) measure(o *pipeline.Observation) {
	c.marks = append(c.marks, mark{o.Frame, o.Elapsed})
	for len(c.marks) > 2 && o.Elapsed-c.marks[1].elapsed > rateWindow.Seconds() {
		c.marks = c.marks[1:]
	}
	if first := c.marks[0]; o.Elapsed > first.elapsed {
		c.state.Rate = float64(o.Frame-first.frame) / (o.Elapsed - first.elapsed)
	}
}

// CameraChanged shows whether the camera sends frames.
func (c *Sink) CameraChanged(s pipeline.CameraState) error {
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	c.state.Since, c.state.Status, c.state.Error = s.Since, StatusLive, ""
	if s.Err != nil {
		c.state.Status, c.state.Error, c.state.Rate = StatusGone, printable.Text(s.Err.Error()), 0
	}
	c.marks = nil
	c.live()
	c.server.change()
	return nil
}

// Close shows that the run has ended.
func (c *Sink) Close() error {
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	c.state.Status, c.state.Since, c.state.Rate = StatusEnded, time.Now(), 0
	if c.alarm != nil {
		c.alarm.Stop()
	}
	c.server.change()
	return nil
}

// addEvents keeps the events, with a picture each of what appeared.
func (c *Sink) addEvents(o *pipeline.Observation) {
	if len(o.Events) == 0 {
		return
	}
	var small []byte
	if o.Snapshot != nil && appeared(o) {
		small = thumbnail(o.Snapshot)
	}
	for _, e := range o.Events {
		if e.Type == decision.Appeared {
			c.server.history.Add(e, small)
		} else {
			c.server.history.Add(e, nil)
		}
	}
}

// thumbnailBytes is what a picture of an event may have without being encoded again:
// a small one has about 10 kB.
const thumbnailBytes = 32 << 10

// thumbnail returns a small JPEG of a picture, or nil if it cannot be had.
func thumbnail(s *snapshot.Snapshot) []byte {
	data, err := s.JPEG(small.side, small.quality)
	if err != nil {
		return nil
	}
	if len(data) <= thumbnailBytes {
		return data
	}
	// The camera's own JPEG, which may be large.
	decoded, err := picture.DecodeFrame(nil, data, true)
	if err != nil {
		return nil
	}
	pixels := decoded.Pixels()
	data, err = snapshot.New(&camera.Frame{Time: s.Time}, &pixels).JPEG(small.side, small.quality)
	if err != nil {
		return nil
	}
	return data
}
