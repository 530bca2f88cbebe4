package camera

import (
	"context"
	"fmt"
	"io/fs"
	"time"

	"halfmeg/camera/testcard"
)

// card is the test card as a source. Frame n shows the movie's picture at
// n steps, so that runs repeat; at a set rate it behaves as a camera does and
// drops the frames that nobody waited for.
type card struct {
	drawer testcard.Card
	frame  Frame
	next   uint64        // number of the next frame if none is dropped
	step   time.Duration // movie time from a frame to the next
	paced  bool
	began  time.Time // when frame 0 was due
	alarm  *time.Timer
	closed bool
}

// freeStep is the movie time between frames that come as fast as they are
// asked for: a time lapse, in which 20 frames show every scene.
const freeStep = time.Second

func openTestCard(o Options) (Source, error) {
	if err := o.heeds(TestCard, "the test card", optionSize, optionRate, optionFormat); err != nil {
		return nil, err
	}
	c := &card{step: freeStep}
	if err := o.allow(c.Format()); err != nil {
		return nil, invalid{fmt.Errorf("%s: %w", TestCard, err)}
	}
	if o.Rate > 0 {
		c.paced = true
		c.step = time.Duration(float64(time.Second) / o.Rate)
		c.alarm = time.NewTimer(0)
	}
	c.frame.Format = c.Format()
	c.frame.Data = make([]byte, c.frame.Height*c.frame.Stride)
	return c, nil
}

func (c *card) Format() Format {
	return Format{FourCC: RGB24, Width: testcard.Width, Height: testcard.Height, Stride: 3 * testcard.Width}
}

func (c *card) Next(ctx context.Context) (*Frame, error) {
	if c.closed {
		return nil, fmt.Errorf("test card: %w", fs.ErrClosed)
	}
	if err := c.wait(ctx); err != nil {
		return nil, err
	}
	t := time.Duration(c.next) * c.step
	if err := c.drawer.Draw(c.frame.Data, t); err != nil {
		return nil, err
	}
	c.frame.Time = time.Now()
	c.frame.Sequence = c.next
	c.frame.Scene = testcard.Scene(t)
	c.next++
	return &c.frame, nil
}

// wait returns when the next frame is due. If that is long ago, it skips to
// the newest frame that is.
func (c *card) wait(ctx context.Context) error {
	if !c.paced {
		return ctx.Err()
	}
	if c.next == 0 {
		c.began = time.Now()
	}
	elapsed := time.Since(c.began)
	c.next = max(c.next, uint64(elapsed/c.step))
	c.alarm.Reset(time.Duration(c.next)*c.step - elapsed)
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-c.alarm.C:
		return ctx.Err()
	}
}

func (c *card) Close() error {
	c.closed = true
	if c.paced {
		c.alarm.Stop()
	}
	return nil
}
