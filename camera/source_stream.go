package camera

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"halfmeg/camera/internal/idle"
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

// openWeb opens an MJPEG stream, or a picture that is polled, by its address.
func openWeb(ctx context.Context, address string, o Options) (Source, error) {
	name := web.Name(address)
	if err := o.rejectUnsupported(name, "a stream", OptionRate, OptionFourCC, OptionPatience, OptionTLSFingerprint, OptionInsecure); err != nil {
		return nil, err
	}
	if o.FourCC != 0 && o.FourCC != pixel.MJPEG {
		return nil, permanent{fmt.Errorf("%s: its frames are %v, not %v", name, pixel.MJPEG, o.FourCC)}
	}
	done := idle.Wait(ctx) // up to Patience for the answer
	stream, err := web.Open(ctx, address, web.Config{
		Timeout: o.Patience, Rate: o.Rate, TLSFingerprint: o.TLSFingerprint, Insecure: o.Insecure,
	})
	done()
	switch {
	case errors.Is(err, web.ErrVideo):
		return nil, &VideoError{Name: name, Input: web.Template(address), Err: errors.Unwrap(err)}
	case err != nil:
		return nil, remoteError(err)
	}
	return decodeJPEG(&streamSource{
		frames:  newest.Start(stream.Read),
		frame:   Frame{Format: Format{FourCC: pixel.MJPEG, Width: stream.Width, Height: stream.Height}},
		explain: remoteError,
		close:   stream.Close,
	}, o.MinSide), nil
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
