package pipeline

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"halfmeg/camera"
	"halfmeg/camera/pixel"
	"halfmeg/cmd/edge/internal/decision"
	"halfmeg/internal/testnet"
	"halfmeg/model/classify"
)

// source sends grey frames. It calls before for each frame; an error from it ends the
// source.
type source struct {
	before func(ctx context.Context, number int) error
	number int
}

func (s *source) Next(ctx context.Context) (*camera.Frame, error) {
	s.number++
	if err := s.before(ctx, s.number); err != nil {
		return nil, err
	}
	format := pixel.Format{FourCC: pixel.GREY, Width: 4, Height: 4, Stride: 4}
	return &camera.Frame{Format: format, Data: make([]byte, 16), Time: time.Now()}, nil
}

func (s *source) Format() camera.Format { return camera.Format{} }
func (s *source) Close() error          { return nil }

// decider reports one sighting that starts with the first frame.
type decider struct{ on bool }

func (d *decider) Decide(_ []float32, at time.Time) decision.Decision {
	if d.on {
		return decision.Decision{}
	}
	d.on = true
	return decision.Decision{Events: []decision.Event{{Type: decision.Appeared, Start: at}}}
}

func (d *decider) End(at time.Time) []decision.Event {
	if !d.on {
		return nil
	}
	d.on = false
	return []decision.Event{{Type: decision.Gone, End: &at}}
}

// events records events with their frames, and which observations had a picture.
type events struct {
	got      []decision.Event
	pictures []bool
}

func (e *events) Observe(o *Observation) error {
	e.got = append(e.got, o.Events...)
	e.pictures = append(e.pictures, o.Snapshot != nil)
	return nil
}

func (e *events) WantsPicture(o *Observation) bool { return len(o.Events) > 0 }
func (e *events) Close() error                     { return nil }

// run runs a pipeline with one sink and returns what the sink recorded.
func run(t *testing.T, r *Runner, before func(ctx context.Context, number int) error) *events {
	t.Helper()
	e := &events{}
	r.Queues = []*Queue{NewQueue(e, 100, DropOldest, nil)}
	runWith(t, r, before)
	return e
}

// runWith runs a pipeline with the queues of r, and closes the first one.
func runWith(t *testing.T, r *Runner, before func(ctx context.Context, number int) error) {
	t.Helper()
	classifier, err := classify.New(testnet.Network(rand.New(rand.NewPCG(1, 2)), testnet.Small(), testnet.Uniform), 1)
	require.NoError(t, err)
	defer classifier.Close()
	r.Camera, r.Classifier, r.Top, r.Decider = "door", classifier, 1, &decider{}
	r.Source = &source{before: before}
	require.NoError(t, r.Run(t.Context()))
	require.NoError(t, r.Queues[0].Close())
}

// At the end of a run a sighting ends with the last frame. Only observations whose picture
// a sink needs have one.
func TestEventsOfARun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		e := run(t, &Runner{}, func(_ context.Context, number int) error {
			if number == 4 {
				return io.EOF
			}
			time.Sleep(time.Second)
			return nil
		})
		require.Equal(t, []bool{true, false, false, false}, e.pictures)
		require.Len(t, e.got, 2)
		require.Equal(t, "door", e.got[0].Camera)
		require.Equal(t, 1, e.got[0].Frame)
		require.Equal(t, decision.Gone, e.got[1].Type)
		require.Equal(t, start.Add(3*time.Second), *e.got[1].End)
		require.Zero(t, e.got[1].Frame)
	})
}

// A long failure of the camera ends a sighting, a short one does not.
func TestCameraFails(t *testing.T) {
	for _, c := range []struct {
		failure time.Duration
		want    []string
	}{
		{absenceDelay - time.Second, []string{decision.Appeared, decision.Gone}},
		{absenceDelay + time.Second, []string{decision.Appeared, decision.Gone, decision.Appeared, decision.Gone}},
	} {
		synctest.Test(t, func(t *testing.T) {
			r := &Runner{}
			e := run(t, r, func(_ context.Context, number int) error {
				switch number {
				case 2:
					r.CameraChanged(errors.New("unplugged"))
					time.Sleep(c.failure)
					r.CameraChanged(nil)
				case 4:
					return io.EOF
				}
				return nil
			})
			var types []string
			for _, event := range e.got {
				types = append(types, event.Type)
			}
			require.Equal(t, c.want, types)
		})
	}
}

// The end of a run stops the timer of a failed camera.
func TestRunEndsWithoutCamera(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &Runner{}
		e := run(t, r, func(_ context.Context, number int) error {
			if number == 2 {
				r.CameraChanged(errors.New("unplugged"))
				return io.EOF
			}
			return nil
		})
		time.Sleep(2 * absenceDelay)
		require.Len(t, e.got, 2)
	})
}

// SetDecider ends the sightings of the old Decider.
func TestSetDecider(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &Runner{}
		e := run(t, r, func(_ context.Context, number int) error {
			switch number {
			case 2:
				r.SetDecider(&decider{})
			case 3:
				r.SetDecider(nil)
			case 5:
				return io.EOF
			}
			return nil
		})
		require.Len(t, e.got, 4)
		require.Equal(t, decision.Gone, e.got[1].Type)
		require.Equal(t, decision.Gone, e.got[3].Type)
		require.False(t, r.HasDecider())
	})
}

// interrupted is a sink that replaces the Decider before an observation is enqueued.
type interrupted struct {
	events
	once   sync.Once
	change func()
}

func (i *interrupted) WantsPicture(*Observation) bool {
	i.once.Do(func() {
		go i.change()
		time.Sleep(50 * time.Millisecond) // time for change to overtake the observation
	})
	return false
}

// "Appeared" precedes "gone" even if the Decider is replaced in between.
func TestEventsStayInOrder(t *testing.T) {
	r := &Runner{}
	i := &interrupted{}
	changed := make(chan struct{})
	i.change = func() {
		r.SetDecider(nil)
		close(changed)
	}
	r.Queues = []*Queue{NewQueue(i, 100, DropOldest, nil)}
	runWith(t, r, func(_ context.Context, number int) error {
		if number == 2 {
			<-changed
			return io.EOF
		}
		return nil
	})
	require.Len(t, i.got, 2)
	require.Equal(t, []string{decision.Appeared, decision.Gone}, []string{i.got[0].Type, i.got[1].Type})
}
