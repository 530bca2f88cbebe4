package camera

import (
	"context"
	"fmt"
	"io/fs"
	"time"

	"halfmeg/camera/internal/idle"
	"halfmeg/camera/testcard"
)

// testCardSource draws the test card. Frame n shows the movie at n steps, so
// that runs are reproducible. At a fixed rate it behaves like a camera and drops
// frames that are not read in time.
type testCardSource struct {
	drawer testcard.Card
	frame  Frame
	next   uint64        // number of the next frame if none is dropped
	step   time.Duration // movie time between frames
	paced  bool          // whether frames come at a fixed rate
	start  time.Time     // time of frame 0
	timer  *time.Timer
	closed bool
}

// unpacedStep is the movie time between frames that come as fast as they are
// requested: 20 frames then show every scene.
const unpacedStep = time.Second

func openTestCard(o Options) (Source, error) {
	if err := o.rejectUnsupported(TestCard, "the test card", OptionSize, OptionRate, OptionFourCC); err != nil {
		return nil, err
	}
	s := &testCardSource{step: unpacedStep}
	if err := o.checkFormat(s.Format()); err != nil {
		return nil, permanent{fmt.Errorf("%s: %w", TestCard, err)}
	}
	if o.Rate > 0 {
		s.paced = true
		s.step = time.Duration(float64(time.Second) / o.Rate)
		s.timer = time.NewTimer(0)
	}
	s.frame.Format = s.Format()
	s.frame.Data = make([]byte, s.frame.Height*s.frame.Stride)
	return s, nil
}

func (s *testCardSource) Format() Format {
	return Format{FourCC: RGB24, Width: testcard.Width, Height: testcard.Height, Stride: 3 * testcard.Width}
}

func (s *testCardSource) Next(ctx context.Context) (*Frame, error) {
	if s.closed {
		return nil, fmt.Errorf("test card: %w", fs.ErrClosed)
	}
	if err := s.wait(ctx); err != nil {
		return nil, err
	}
	t := time.Duration(s.next) * s.step
	if err := s.drawer.Draw(s.frame.Data, t); err != nil {
		return nil, err
	}
	s.frame.Time = time.Now()
	s.frame.Sequence = s.next
	s.frame.Scene = testcard.Scene(t)
	s.next++
	return &s.frame, nil
}

// wait waits for the time of the next frame. If the times of later ones have
// passed too, it skips to the newest.
func (s *testCardSource) wait(ctx context.Context) error {
	if !s.paced {
		return ctx.Err()
	}
	if s.next == 0 {
		s.start = time.Now()
	}
	elapsed := time.Since(s.start)
	s.next = max(s.next, uint64(elapsed/s.step))
	s.timer.Reset(time.Duration(s.next)*s.step - elapsed)
	defer idle.Wait(ctx)()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-s.timer.C:
		return ctx.Err()
	}
}

func (s *testCardSource) Close() error {
	s.closed = true
	if s.paced {
		s.timer.Stop()
	}
	return nil
}
