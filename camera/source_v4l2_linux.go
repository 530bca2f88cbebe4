//go:build amd64 || arm64

package camera

import (
	"context"

	"halfmeg/camera/v4l2"
)

// v4l2Source reads a Video4Linux camera.
type v4l2Source struct {
	stream *v4l2.Stream
	frame  Frame
}

// videoUnsupported returns nil: Linux supports video devices.
func videoUnsupported() error { return nil }

func openVideo(path string, o Options) (Source, error) {
	if err := o.rejectUnsupported(path, "a video device", OptionSize, OptionRate, OptionFourCC, OptionControls, OptionPatience); err != nil {
		return nil, err
	}
	c := v4l2.Config{Width: o.Width, Height: o.Height, FourCC: o.FourCC, Rate: o.Rate, Patience: o.Patience}
	for _, control := range o.Controls {
		c.Controls = append(c.Controls, v4l2.Setting(control))
	}
	stream, err := v4l2.Open(path, c)
	if err != nil {
		return nil, deviceError(err)
	}
	return decodeJPEG(unpack(&v4l2Source{stream: stream, frame: Frame{Format: stream.Format()}}), o.MinSide), nil
}

func (s *v4l2Source) Format() Format { return s.stream.Format() }

func (s *v4l2Source) Next(ctx context.Context) (*Frame, error) {
	f, err := s.stream.Next(ctx)
	if err != nil {
		return nil, err
	}
	s.frame.Data, s.frame.Time, s.frame.Sequence = f.Data, f.Time, f.Sequence
	return &s.frame, nil
}

func (s *v4l2Source) Close() error {
	s.frame.Data = nil
	return s.stream.Close()
}

func listVideo() []SourceInfo {
	var list []SourceInfo
	for _, n := range v4l2.List() {
		f := SourceInfo{Name: n.Path, Driver: n.Driver, Card: n.Card, Bus: n.Bus, Problem: n.Problem}
		for _, m := range n.Modes {
			f.Modes = append(f.Modes, videoMode(m))
		}
		list = append(list, f)
	}
	return list
}

func videoMode(m v4l2.Mode) Mode {
	mode := Mode{FourCC: m.FourCC.String()}
	for _, s := range m.Sizes {
		size := Size{Width: s.Width, Height: s.Height, Rates: s.Rates}
		if s.MaxWidth != s.Width || s.MaxHeight != s.Height {
			size.MaxWidth, size.MaxHeight = s.MaxWidth, s.MaxHeight
		}
		mode.Sizes = append(mode.Sizes, size)
	}
	return mode
}
