//go:build unix

package camera

import (
	"context"
	"fmt"

	"halfmeg/camera/ffmpeg"
	"halfmeg/camera/pixel"
)

// ffmpegSource reads a network camera that sends compressed video, through ffmpeg.
type ffmpegSource struct {
	stream *ffmpeg.Stream
	frame  Frame
}

func openFFmpeg(ctx context.Context, address string, o Options) (Source, error) {
	name := ffmpeg.Name(address)
	if err := o.rejectUnsupported(name, "a video stream", OptionSize, OptionRate, OptionFourCC, OptionPatience, OptionInsecure); err != nil {
		return nil, err
	}
	if o.FourCC != 0 && o.FourCC != pixel.YU12 {
		return nil, permanent{fmt.Errorf("%s: its frames are %v, not %v", name, pixel.YU12, o.FourCC)}
	}
	path, err := ffmpeg.Find()
	if err != nil {
		return nil, deviceError(err)
	}
	stream, err := ffmpeg.Open(ctx, path, ffmpeg.Config{
		Address: address, Width: o.Width, Height: o.Height, Rate: o.Rate, Patience: o.Patience, Insecure: o.Insecure, Decoder: o.decoder,
	})
	if err != nil {
		return nil, remoteError(err)
	}
	return &ffmpegSource{stream: stream, frame: Frame{Format: stream.Format()}}, nil
}

func (s *ffmpegSource) Format() Format { return s.stream.Format() }

func (s *ffmpegSource) Next(ctx context.Context) (*Frame, error) {
	f, err := s.stream.Next(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return nil, err
		}
		return nil, remoteError(err)
	}
	s.frame.Data, s.frame.Time, s.frame.Sequence = f.Data, f.Time, f.Sequence
	return &s.frame, nil
}

func (s *ffmpegSource) Close() error {
	s.frame.Data = nil
	return s.stream.Close()
}

// openVideoFile opens a file of compressed video. It returns the error unrecognized, of
// the attempt to read the file as another kind, if ffmpeg is not installed.
func openVideoFile(path string, o Options, unrecognized error) (Source, error) {
	program, err := ffmpeg.Find()
	if err != nil {
		return nil, unrecognized
	}
	file, err := ffmpeg.OpenFile(program, path, ffmpeg.Config{Width: o.Width, Height: o.Height})
	if err != nil {
		return nil, permanent{fmt.Errorf("%s: %w", path, err)}
	}
	if o.Width, o.Height = 0, 0; o.FourCC != 0 {
		err = o.checkFormat(file.Format())
	}
	if err != nil {
		_ = file.Close()
		return nil, permanent{fmt.Errorf("%s: %w", path, err)}
	}
	return &fileSource{name: path, read: requireFrame(file.Read), file: file, frame: Frame{Format: file.Format()}}, nil
}
