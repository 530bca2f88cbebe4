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

// streamSource returns the newest frame of a stream.
type streamSource struct {
	frames  *newest.Reader
	frame   Frame
	explain func(error) error // adds context to an error of the stream
	close   func() error
	closed  bool
}

// openWeb opens an MJPEG stream by its address.
func openWeb(ctx context.Context, address string, o Options) (Source, error) {
	if err := o.rejectUnsupported(web.Name(address), "a stream", OptionFourCC, OptionPatience, OptionTLSFingerprint, OptionInsecure); err != nil {
		return nil, err
	}
	if o.FourCC != 0 && o.FourCC != pixel.MJPEG {
		return nil, permanent{fmt.Errorf("%s: its frames are %v, not %v", web.Name(address), pixel.MJPEG, o.FourCC)}
	}
	stream, err := web.Open(ctx, address)
	if errors.Is(err, web.ErrAddress) {
		return nil, permanent{err}
	}
	if err != nil {
		return nil, err
	}
	return decodeJPEG(&streamSource{
		frames:  newest.Start(stream.Read),
		frame:   Frame{Format: Format{FourCC: pixel.MJPEG, Width: stream.Width, Height: stream.Height}},
		explain: func(err error) error { return err },
		close:   stream.Close,
	}), nil
}

func (s *streamSource) Format() Format { return s.frame.Format }

func (s *streamSource) Next(ctx context.Context) (*Frame, error) {
	if s.closed {
		return nil, fmt.Errorf("stream: %w", fs.ErrClosed)
	}
	f, err := s.frames.Next(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return nil, err
		}
		return nil, s.explain(err)
	}
	s.frame.Data, s.frame.Time, s.frame.Sequence = f.Data, f.Time, f.Sequence
	return &s.frame, nil
}

func (s *streamSource) Close() error {
	if s.closed {
		return nil
	}
	s.closed = true
	return s.close()
}
