package display

import (
	"errors"
	"image"
	"time"

	"github.com/cenkalti/backoff/v5"
)

const (
	// interval is the time between two pictures.
	interval = 200 * time.Millisecond

	// minDelay and maxDelay are the delays between two attempts to open the display.
	minDelay = time.Second
	maxDelay = 30 * time.Second

	// checkInterval is how often the display must acknowledge something, so that one
	// that was unplugged while its picture does not change is noticed.
	checkInterval = 2 * time.Second

	// temperatureInterval is how often the temperature is read.
	temperatureInterval = 5 * time.Second

	// shiftInterval is the time after which the picture moves. The panel is initialised
	// again at the same time: one that lost its power for a moment acknowledges but
	// shows nothing.
	shiftInterval = time.Minute

	// nightContrast is the lowest contrast at which a panel is lit.
	nightContrast = 1
)

// run shows pictures until Close is called.
func (s *Sink) run() {
	defer close(s.done)
	delay := &backoff.ExponentialBackOff{InitialInterval: minDelay, RandomizationFactor: 0.25, Multiplier: 2, MaxInterval: maxDelay}
	delay.Reset()
	var reported problem
	for s.ctx.Err() == nil {
		p, err := s.config.open(!reported.absent)
		if err == nil {
			if reported != (problem{}) {
				s.config.Log("the display works again")
				reported = problem{}
			}
			start := time.Now()
			err = errors.Join(s.show(p), p.bus.Close())
			if time.Since(start) > maxDelay { // otherwise its contact is loose
				delay.Reset()
			}
		}
		if s.ctx.Err() != nil {
			return
		}
		if fresh := problemOf(err); !fresh.same(reported) {
			s.config.Report(err)
			reported = fresh
		}
		s.wait(delay.NextBackOff())
	}
}

// problem is why the display cannot be used.
type problem struct {
	text   string
	absent bool // it does not acknowledge
}

func problemOf(err error) problem {
	var absent *absentError
	return problem{err.Error(), errors.As(err, &absent)}
}

// same reports whether two problems have the same cause. The text of an absent display
// depends on what was scanned.
func (p problem) same(q problem) bool { return p == q || p.absent && q.absent }

// wait waits until a time has passed or Close is called, which it reports as false.
func (s *Sink) wait(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-s.ctx.Done():
		return false
	}
}

// show shows pictures until the panel fails or Close is called. It then blanks the panel.
func (s *Sink) show(p *panel) error {
	shown := picture{config: &s.config, panel: p}
	for {
		s.mu.Lock()
		state := s.state
		s.mu.Unlock()
		if err := shown.update(&state, time.Now()); err != nil {
			return err
		}
		if !s.wait(interval) {
			return p.blank(s.config.Size)
		}
	}
}

// picture is the picture on a panel.
type picture struct {
	config *Config
	panel  *panel

	view     view
	shift    int       // number of the position
	contrast byte      // 0 if not set yet
	drawn    bool      // whether there is a picture
	moved    time.Time // when the position changed
	checked  time.Time // when the panel last acknowledged

	celsius float64
	known   bool // whether celsius is
	read    time.Time
}

// update draws a state if its picture differs from the last. An error is an absentError.
func (p *picture) update(s *state, now time.Time) error {
	if err := p.send(s, now); err != nil {
		return &absentError{address: p.config.Address, bus: p.config.Bus, err: err}
	}
	return nil
}

func (p *picture) send(s *state, now time.Time) error {
	if p.moved.IsZero() {
		p.moved = now
	}
	if now.Sub(p.moved) >= shiftInterval {
		p.shift, p.moved, p.drawn, p.contrast = p.shift+1, now, false, 0
		if err := p.panel.initialize(p.config); err != nil {
			return err
		}
	}
	if p.read.IsZero() || now.Sub(p.read) >= temperatureInterval {
		p.celsius, p.known = p.config.Celsius()
		p.read = now
	}
	if v := s.view(now, p.config.Info, p.celsius, p.known, pages(p.config.Size)); v != p.view || !p.drawn {
		if err := p.panel.draw(render(v, p.config.Size, position(p.shift))); err != nil {
			return err
		}
		p.view, p.drawn = v, true
	}
	contrast := p.config.contrast(now)
	if contrast == p.contrast && now.Sub(p.checked) < checkInterval {
		return nil
	}
	p.contrast, p.checked = contrast, now
	return p.panel.device.SetContrast(contrast)
}

// contrast returns the contrast at a time.
func (c *Config) contrast(now time.Time) byte {
	if c.Night.Contains(now) {
		return min(c.Contrast, nightContrast)
	}
	return c.Contrast
}

// position returns the n-th position of the picture: a path over the points of the
// margin whose steps are one pixel, except for the way back to the first.
func position(n int) image.Point {
	const side = margin + 1
	n %= side * side
	x, y := n%side, n/side
	if y%2 == 1 {
		x = margin - x
	}
	return image.Pt(x, y)
}
