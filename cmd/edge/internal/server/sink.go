package server

import (
	"time"

	"halfmeg/camera"
	"halfmeg/cmd/edge/internal/decision"
	"halfmeg/cmd/edge/internal/pipeline"
	"halfmeg/cmd/edge/internal/server/live"
	"halfmeg/cmd/edge/internal/snapshot"
	"halfmeg/internal/printable"
)

// pictureInterval is the minimum time between pictures for viewers. Five a second are
// enough to follow what happens.
const pictureInterval = 200 * time.Millisecond

// rateWindow is the time over which the frame rate is measured.
const rateWindow = 4 * time.Second

// Sink is one camera of a Server. It is a pipeline.PictureSink and a
// pipeline.CameraSink.
type Sink struct {
	server *Server
	feed   *live.Feed

	// Guarded by the server's mutex.
	state   CameraState
	marks   []mark // of the last rateWindow
	samples []sample
	latest  time.Time   // when the latest frame arrived, or the camera came back
	alarm   *time.Timer // calls stalled; nil before the first frame
}

// mark is a frame and when its result was known.
type mark struct {
	frame   int
	elapsed float64 // seconds
}

// Sink adds a camera and returns its sink. The name may be empty if the server has one
// camera.
func (s *Server) Sink(name string) *Sink {
	c := &Sink{server: s, feed: live.New(pictureInterval)}
	c.state = CameraState{Name: name, Status: StatusStarting, Since: time.Now()}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cameras = append(s.cameras, c)
	s.change()
	return c
}

// change notifies clients of a changed state. The caller holds the lock.
func (s *Server) change() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// WantsPicture reports whether a viewer waits for a picture, or an event needs one.
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

// A camera is stalled if no frame arrives for stallPeriods frame intervals, and at least
// minStall. Before the second frame the rate is unknown: firstStall is two intervals of
// the lowest rate that a camera may have.
const (
	minStall     = 10 * time.Second
	stallPeriods = 5
	firstStall   = time.Duration(2 * float64(time.Second) / camera.MinRate)
)

// stallTimeout returns the time without a frame after which the camera is stalled. The
// caller holds the lock.
func (c *Sink) stallTimeout() time.Duration {
	if c.state.Rate <= 0 {
		return firstStall
	}
	period := time.Duration(float64(time.Second) / max(c.state.Rate, camera.MinRate))
	return max(minStall, stallPeriods*period)
}

// restartAlarm restarts the timer that detects a stalled camera. The caller holds the
// lock.
func (c *Sink) restartAlarm() {
	c.latest = time.Now()
	if c.alarm == nil {
		c.alarm = time.AfterFunc(c.stallTimeout(), c.stalled)
	} else {
		c.alarm.Reset(c.stallTimeout())
	}
}

// stalled sets the status to StatusStalled: frames stopped without an error, because a
// driver or the run hangs.
func (c *Sink) stalled() {
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	if c.state.Status != StatusLive || time.Since(c.latest) < c.stallTimeout() { // a frame arrived while the timer fired
		return
	}
	c.state.Status, c.state.Since, c.state.Rate = StatusStalled, c.latest, 0
	c.state.Error = "no frame, and no error: if this does not change, reconnect the camera or restart edge"
	c.marks = nil
	c.server.change()
}

// Observe publishes an observation.
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
	c.restartAlarm()
	c.sampleState(time.Now())
	c.server.change()
	return nil
}

// measure updates the frame rate. It uses frame numbers instead of counting frames,
// because the server's queue may have dropped some.
func (c *Sink) measure(o *pipeline.Observation) {
	c.marks = append(c.marks, mark{o.Frame, o.Elapsed})
	for len(c.marks) > 2 && o.Elapsed-c.marks[1].elapsed > rateWindow.Seconds() {
		c.marks = c.marks[1:]
	}
	if first := c.marks[0]; o.Elapsed > first.elapsed {
		c.state.Rate = float64(o.Frame-first.frame) / (o.Elapsed - first.elapsed)
	}
}

// CameraChanged publishes whether the camera sends frames.
func (c *Sink) CameraChanged(s pipeline.CameraState) error {
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	c.state.Since, c.state.Status, c.state.Error = s.Since, StatusLive, ""
	if s.Err != nil {
		c.state.Status, c.state.Error, c.state.Rate = StatusGone, printable.Text(s.Err.Error()), 0
	}
	c.marks = nil
	c.restartAlarm()
	c.server.change()
	return nil
}

// Close publishes that the run has ended.
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

// addEvents adds the events to the history, those of the type Appeared with a picture.
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

// thumbnailBytes is the size above which a camera's own JPEG is encoded again for the
// picture of an event. Small ones have about 10 kB.
const thumbnailBytes = 32 << 10

// thumbnail returns a small JPEG of a picture, or nil if it cannot be encoded.
func thumbnail(s *snapshot.Snapshot) []byte {
	data, err := s.Bounded(small.side, small.quality, thumbnailBytes)
	if err != nil {
		return nil
	}
	return data
}
