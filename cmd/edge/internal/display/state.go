package display

import (
	"fmt"
	"math"
	"time"

	"halfmeg/cmd/edge/internal/pipeline"
)

// Titles without an answer. They fit on one line in letters of the second size.
const (
	starting = "starting"
	noCamera = "no camera"
	nothing  = "nothing"
	tooHot   = "too hot"
)

// hot is the temperature at which the Raspberry Pi's firmware begins to lower the
// clock, in degrees Celsius.
const hot = 80

// pageTime is how long a part of a long label is shown.
const pageTime = 2 * time.Second

// state is what the display shows, without the pixels.
type state struct {
	title   string
	since   time.Time // when the title changed
	percent int       // of the answer; -1 for none
	rate    rate
	failed  map[string]bool // the cameras that do not send frames
}

func newState(now time.Time) state {
	return state{title: starting, since: now, percent: -1, failed: map[string]bool{}}
}

// setTitle sets a title that is not an answer.
func (s *state) setTitle(title string, now time.Time) {
	if s.title != title {
		s.title, s.since = title, now
	}
	s.percent = -1
}

// cameraChanged notes whether a camera fails, and sets the title if all of them do.
func (s *state) cameraChanged(camera string, fails bool, cameras int, now time.Time) {
	if !fails {
		delete(s.failed, camera)
		return
	}
	s.failed[camera] = true
	if len(s.failed) >= cameras {
		s.setTitle(noCamera, now)
	}
}

// observe sets the title to the most probable answer, a class or a group, unless it
// is less probable than the minimum.
func (s *state) observe(o *pipeline.Observation, minimum float64, now time.Time) {
	if !o.HasFrame() {
		return
	}
	delete(s.failed, o.Camera)
	s.rate.add(o.Camera, o.Frame, o.Elapsed)
	title, probability := nothing, -1.0
	for _, a := range o.Answers {
		if a.Probability >= minimum && a.Probability > probability {
			title, probability = a.Name, a.Probability
		}
	}
	s.setTitle(title, now)
	if probability >= 0 {
		s.percent = int(math.Round(100 * probability))
	}
}

// view is what a picture shows. Equal views have equal pictures.
type view struct {
	title   string
	page    int // of the title, and of tooHot if that is shown
	percent int
	info    string
	hot     bool
}

// view returns what to show at a time. pages returns the number of pages of a title.
func (s *state) view(now time.Time, info string, celsius float64, known bool, pages func(title string) int) view {
	v := view{title: s.title, percent: s.percent, hot: known && celsius >= hot}
	switch {
	case info == Rate && s.percent >= 0 && s.rate.perSecond > 0:
		v.info = fmt.Sprintf("%.*f/s", decimals(s.rate.perSecond), s.rate.perSecond)
	case info == Temperature && known:
		v.info = fmt.Sprintf("%.0f C", celsius)
	}
	n := pages(v.title)
	if v.hot {
		n++
	}
	v.page = int(now.Sub(s.since)/pageTime) % n
	return v
}

// decimals returns the number of decimals of a frame rate that fits in five characters.
func decimals(v float64) int {
	if v >= 9.95 {
		return 0
	}
	return 1
}

// rate measures the frame rate of all cameras over a second or longer.
type rate struct {
	last      map[string]int // number of each camera's last frame
	frames    int            // since the last measurement
	elapsed   float64        // at the last measurement, in seconds
	perSecond float64        // 0 before the first measurement
}

// add counts a camera's frame by its number and time. Frames between two calls count, too.
func (r *rate) add(camera string, frame int, elapsed float64) {
	if r.last == nil {
		r.last, r.elapsed = map[string]int{camera: frame}, elapsed
		return
	}
	if before, ok := r.last[camera]; ok {
		r.frames += frame - before
	}
	r.last[camera] = frame
	if d := elapsed - r.elapsed; d >= 1 {
		r.perSecond = float64(r.frames) / d
		r.frames, r.elapsed = 0, elapsed
	}
}
