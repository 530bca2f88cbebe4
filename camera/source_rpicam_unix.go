//go:build unix

package camera

import (
	"context"
	"fmt"
	"strings"

	"halfmeg/camera/pixel"
	"halfmeg/camera/rpicam"
)

// rpicamSource reads a Raspberry Pi's camera module.
type rpicamSource struct {
	stream *rpicam.Stream
	frame  Frame
}

func openModule(ctx context.Context, o Options) (Source, error) {
	uncontrolled := o
	uncontrolled.Controls = nil // unsupportedByModules names the first one
	if err := uncontrolled.rejectUnsupported(RPiCam, "a camera module", OptionSize, OptionRate, OptionFourCC, OptionPatience); err != nil {
		return nil, err
	}
	if reason := unsupportedByModules(o); reason != "" {
		return nil, permanent{fmt.Errorf("%s %s", RPiCam, reason)}
	}
	path, err := rpicam.Find()
	if err != nil {
		return nil, deviceError(err)
	}
	stream, err := rpicam.Open(ctx, path, rpicam.Config{Width: o.Width, Height: o.Height, Rate: o.Rate, Patience: o.Patience, ShortTimeout: o.retry})
	if err != nil {
		return nil, deviceError(err)
	}
	return &rpicamSource{stream: stream, frame: Frame{Format: stream.Format()}}, nil
}

// unsupportedByModules says which of the options no camera module supports; it
// is empty if all are supported.
func unsupportedByModules(o Options) string {
	if o.FourCC != 0 && o.FourCC != pixel.YU12 {
		return fmt.Sprintf("sends only %v, not %v", pixel.YU12, o.FourCC)
	}
	if len(o.Controls) > 0 {
		return fmt.Sprintf("has no controls, so %s cannot be set", o.Controls[0].Name)
	}
	return ""
}

func (s *rpicamSource) Format() Format { return s.stream.Format() }

func (s *rpicamSource) Next(ctx context.Context) (*Frame, error) {
	f, err := s.stream.Next(ctx)
	if err != nil {
		return nil, err
	}
	s.frame.Data, s.frame.Time, s.frame.Sequence = f.Data, f.Time, f.Sequence
	return &s.frame, nil
}

func (s *rpicamSource) Close() error {
	s.frame.Data = nil
	return s.stream.Close()
}

// findModules returns camera modules as one source if the program that reads
// them is installed, and nothing otherwise. The problem says which options they
// do not support.
func findModules(o Options) []SourceInfo {
	path, err := rpicam.Find()
	if err != nil {
		return nil
	}
	return []SourceInfo{{Name: RPiCam, Driver: path, Card: "Raspberry Pi camera module", Problem: unsupportedByModules(o)}}
}

// listModules asks that program for the camera modules. Open uses the first.
func listModules() []SourceInfo {
	found := findModules(Options{})
	for i := range found {
		f := &found[i]
		modules, err := rpicam.List(f.Driver)
		if err != nil {
			f.Problem = err.Error()
			continue
		}
		names := make([]string, len(modules))
		for i, m := range modules {
			names[i] = m.Name
		}
		f.Card += " " + strings.Join(names, ", ")
		f.Modes = []Mode{{pixel.YU12.String(), []Size{moduleSizes(modules[0])}}}
	}
	return found
}

// moduleSizes returns the range of sizes that can be requested. The highest rates
// belong to small sizes.
func moduleSizes(m rpicam.Module) Size {
	least := rpicam.Config{Width: 1, Height: 1}.Format()
	width, height := rpicam.RoundDown(m.Width, m.Height)
	return Size{Width: least.Width, Height: least.Height, MaxWidth: width, MaxHeight: height, Rates: m.Rates}
}
