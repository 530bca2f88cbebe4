package camera

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"halfmeg/camera/internal/newest"
	"halfmeg/camera/pixel"
	"halfmeg/camera/web"
)

// live is a stream as a source, which gives the newest frame there is.
type live struct {
	frames  *newest.Reader
	frame   Frame
	explain func(error) error // words an error of the stream
	close   func() error
	closed  bool
}

// openWeb opens a stream of JPEGs by its address.
func openWeb(ctx context.Context, address string, o Options) (Source, error) {
	if err := o.heeds(web.Name(address), "a stream", optionFormat); err != nil {
		return nil, err
	}
	if o.FourCC != 0 && o.FourCC != pixel.MJPEG {
		return nil, invalid{fmt.Errorf("%s: its frames are %v, not %v", web.Name(address), pixel.MJPEG, o.FourCC)}
	}
	stream, err := web.Open(ctx, address)
	if errors.Is(err, web.ErrAddress) {
		return nil, invalid{err}
	}
	if err != nil {
		return nil, err
	}
	return decode(&live{
		frames:  newest.Start(stream.Read),
		frame:   Frame{Format: Format{FourCC: pixel.MJPEG, Width: stream.Width, Height: stream.Height}},
		explain: func(err error) error { return err },
		close:   stream.Close,
	}), nil
}

func (l *live) Format() Format { return l.frame.Format }

func (l *live) Next(ctx context.Context) (*Frame, error) {
	if l.closed {
		return nil, fmt.Errorf("stream: %w", fs.ErrClosed)
	}
	f, err := l.frames.Next(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return nil, err
		}
		return nil, l.explain(err)
	}
	l.frame.Data, l.frame.Time, l.frame.Sequence = f.Data, f.Time, f.Sequence
	return &l.frame, nil
}

func (l *live) Close() error {
	if l.closed {
		return nil
	}
	l.closed = true
	return l.close()
}
