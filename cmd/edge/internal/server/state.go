package server

import (
	"net/http"
	"time"

	"halfmeg/cmd/edge/internal/pihealth"
	"halfmeg/cmd/edge/internal/pipeline"
	"halfmeg/cmd/edge/internal/text"
)

// The values of CameraState.Status.
const (
	StatusStarting = "starting" // no frame yet
	StatusLive     = "live"
	StatusStalled  = "stalled" // no frame for a while, and no error
	StatusGone     = "gone"    // no frames, because of an error
	StatusEnded    = "ended"   // the run has ended
)

// State is what GET /api/state returns.
type State struct {
	Edge     string        `json:"edge"`    // version
	Network  string        `json:"network"` // name
	Started  time.Time     `json:"started"`
	Time     time.Time     `json:"time"` // of this response
	Viewers  int           `json:"viewers"`
	Board    Board         `json:"board"`
	Cameras  []CameraState `json:"cameras"`
	Classify bool          `json:"classify"` // whether POST /api/classify is enabled
}

// CameraState is the state of one camera, with the result of its latest frame.
type CameraState struct {
	Name   string    `json:"name"` // may be empty for a single camera
	Status string    `json:"status"`
	Since  time.Time `json:"since"` // of the status
	Error  string    `json:"error"` // why there are no frames, and what to do

	Frame    int            `json:"frame"` // number of the latest frame; 0 before the first
	Time     time.Time      `json:"time,omitzero"`
	Age      float64        `json:"age_ms"`
	Rate     float64        `json:"rate"` // frames a second
	Times    pipeline.Times `json:"ms"`
	Scene    string         `json:"scene,omitempty"` // what a test card shows
	Right    *bool          `json:"right,omitempty"`
	Smoothed bool           `json:"smoothed"` // whether the answers are smoothed over time
	Answers  []Answer       `json:"answers"`  // the most probable first
}

// Answer is one class or group.
type Answer struct {
	Name        string  `json:"name"`
	Label       string  `json:"label"` // all names of a class
	Group       bool    `json:"group"`
	Probability float64 `json:"probability"`
	On          bool    `json:"on"` // it has appeared and is not gone yet
}

// observe updates the state with the observation of a frame.
func (c *CameraState) observe(o *pipeline.Observation) {
	if c.Status == StatusStarting || c.Status == StatusStalled {
		c.Status, c.Since, c.Error = StatusLive, o.Time, ""
	}
	c.Frame, c.Time, c.Age, c.Times = o.Frame, o.Time, o.Age, o.Times
	c.Scene, c.Right = o.Scene, o.Right
	c.Smoothed = o.Answers != nil
	// A new slice each time, because responses may still use older ones.
	c.Answers = make([]Answer, 0, max(len(o.Answers), len(o.Results)))
	for _, a := range o.Answers {
		c.Answers = append(c.Answers, Answer{a.Name, a.Label, a.Group, a.Probability, a.On})
	}
	if c.Smoothed {
		return
	}
	for _, r := range o.Results {
		c.Answers = append(c.Answers, Answer{text.ShortLabel(r.Label), r.Label, false, float64(r.Probability), false})
	}
}

// Board is the state of the machine.
type Board struct {
	pihealth.State

	ThrottledNow bool     `json:"throttled_now"`
	Problems     []string `json:"problems"` // current ones, and those since boot
	Advice       []string `json:"advice"`   // what to do about the problems
}

func newBoard(s pihealth.State) Board {
	problems := s.Problems()
	return Board{State: s, ThrottledNow: s.IsThrottled(), Problems: pihealth.Texts(problems), Advice: pihealth.Cures(problems)}
}

// state returns the current state, and a channel that is closed when it changes.
func (s *Server) state() (State, <-chan struct{}) {
	st := State{
		Edge:     s.config.Version,
		Network:  s.config.Network,
		Started:  s.started.Truncate(time.Microsecond),
		Time:     time.Now().Truncate(time.Microsecond),
		Board:    newBoard(s.config.Health()),
		Classify: s.config.Classify != nil,
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	st.Cameras = make([]CameraState, len(s.cameras))
	for i, c := range s.cameras {
		st.Cameras[i] = c.state
		st.Viewers += c.feed.Viewers()
		if st.Cameras[i].Answers == nil {
			st.Cameras[i].Answers = []Answer{}
		}
	}
	return st, s.changed
}

func (s *Server) getState(w http.ResponseWriter, _ *http.Request) {
	st, _ := s.state()
	writeJSON(w, http.StatusOK, st)
}

// camera returns the camera that a request names, or nil if it does not exist. The
// default is the first camera.
func (s *Server) camera(r *http.Request) *Sink {
	name := r.URL.Query().Get("camera")
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.cameras {
		if name == "" || c.state.Name == name {
			return c
		}
	}
	return nil
}
