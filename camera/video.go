//go:build linux && (amd64 || arm64)

package camera

import (
	"context"
	"errors"

	"halfmeg/camera/internal/deviceerr"
	"halfmeg/camera/v4l2"
)

// video is a camera of Video4Linux as a source.
type video struct {
	stream *v4l2.Stream
	frame  Frame
}

// noVideo is why this system can have no video devices.
func noVideo() error { return nil }

func openVideo(path string, o Options) (Source, error) {
	if err := o.heeds(path, "a video device", optionSize, optionRate, optionFormat, optionControl); err != nil {
		return nil, err
	}
	w := v4l2.Config{Width: o.Width, Height: o.Height, FourCC: o.FourCC, Rate: o.Rate}
	for _, c := range o.Controls {
		w.Controls = append(w.Controls, v4l2.Setting(c))
	}
	stream, err := v4l2.Open(path, w)
	if errors.Is(err, deviceerr.ErrWish) {
		return nil, invalid{err}
	}
	if err != nil {
		return nil, err
	}
	return decode(&video{stream: stream, frame: Frame{Format: stream.Format()}}), nil
}

func (v *video) Format() Format { return v.stream.Format() }

func (v *video) Next(ctx context.Context) (*Frame, error) {
	f, err := v.stream.Next(ctx)
	if err != nil {
		return nil, err
	}
	v.frame.Data, v.frame.Time, v.frame.Sequence = f.Data, f.Time, f.Sequence
	return &v.frame, nil
}

func (v *video) Close() error {
	v.frame.Data = nil
	return v.stream.Close()
}

func listVideo() []Found {
	var list []Found
	for _, n := range v4l2.List() {
		f := Found{Name: n.Path, Driver: n.Driver, Card: n.Card, Bus: n.Bus, Problem: n.Problem}
		for _, m := range n.Modes {
			f.Modes = append(f.Modes, mode(m))
		}
		list = append(list, f)
	}
	return list
}

func mode(m v4l2.Mode) Mode {
	converted := Mode{FourCC: m.FourCC.String()}
	for _, s := range m.Sizes {
		size := Size{Width: s.Width, Height: s.Height, Rates: s.Rates}
		if s.MaxWidth != s.Width || s.MaxHeight != s.Height {
			size.MaxWidth, size.MaxHeight = s.MaxWidth, s.MaxHeight
		}
		converted.Sizes = append(converted.Sizes, size)
	}
	return converted
}
