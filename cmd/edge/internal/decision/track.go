package decision

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// track is the state of one class or group. Durations are the Decider's elapsed time; times
// are those of the system clock.
type track struct {
	on bool

	// turning reports whether the probability has reached the level that changes the
	// state, but not yet for the minimum time. turnedAt is when it reached that level.
	turning  bool
	turnedAt time.Duration

	// The sighting, from the moment at which the probability reached On.
	id            string
	start, seen   time.Duration // first and last frame
	startAt, last time.Time     // the same frames, by the system clock
	peak          float64
}

// see records that the class is in the current frame.
func (t *track) see(elapsed time.Duration, at time.Time) {
	t.seen, t.last = elapsed, at.Truncate(time.Microsecond)
}

// follow updates all tracks with a frame and appends their events.
func (d *Decider) follow(events []Event) []Event {
	var appeared []Event
	for i := range d.tracks {
		if i < len(d.shown) && !d.shown[i] {
			continue
		}
		t := &d.tracks[i]
		switch p := d.smoothed[i]; {
		case !t.on && d.turnsOn(t, p):
			t.id = fmt.Sprintf("%s-%08x", t.startAt.UTC().Format(idTime), rand.Uint32())
			appeared = append(appeared, d.event(i, Appeared))
		case t.on && d.turnsOff(t, p):
			events = append(events, d.event(i, Gone))
			*t = track{}
		}
	}
	return append(events, appeared...)
}

// turnsOn updates a track that is off, and reports whether the class has now
// appeared.
func (d *Decider) turnsOn(t *track, p float64) bool {
	if p < d.config.On {
		t.turning = false
		return false
	}
	if !t.turning {
		*t = track{turning: true, turnedAt: d.elapsed, start: d.elapsed}
		t.see(d.elapsed, d.last)
		t.startAt = t.last
	}
	t.see(d.elapsed, d.last)
	t.peak = max(t.peak, p)
	if d.elapsed-t.turnedAt < d.config.MinOn {
		return false
	}
	t.on, t.turning = true, false
	return true
}

// turnsOff updates a track that is on, and reports whether the class is now gone.
func (d *Decider) turnsOff(t *track, p float64) bool {
	t.peak = max(t.peak, p)
	if p >= d.config.Off {
		t.turning = false
		t.see(d.elapsed, d.last)
		return false
	}
	if !t.turning {
		t.turning, t.turnedAt = true, d.elapsed
	}
	return d.elapsed-t.turnedAt >= d.config.MinOff
}

// event returns an event for the sighting of track i.
func (d *Decider) event(i int, kind string) Event {
	t := &d.tracks[i]
	e := Event{
		Version: EventVersion, ID: t.id, Type: kind, Start: t.startAt,
		Probability: round(d.smoothed[i]), Peak: round(t.peak),
	}
	if i < len(d.labels) {
		e.Name, e.Label, e.Class = d.names[i], d.labels[i], &i
	} else {
		e.Name, e.Group = d.groups[i-len(d.labels)].Name, true
	}
	if kind == Gone {
		end := t.last
		e.End, e.Duration = &end, (t.seen - t.start).Round(time.Microsecond).Seconds()
	}
	return e
}
