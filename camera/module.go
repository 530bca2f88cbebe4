//go:build unix

package camera

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"halfmeg/camera/internal/deviceerr"
	"halfmeg/camera/pixel"
	"halfmeg/camera/rpicam"
)

// module is a Raspberry Pi's camera module as a source.
type module struct {
	stream *rpicam.Stream
	frame  Frame
}

func openModule(ctx context.Context, o Options) (Source, error) {
	if o.Loop || o.Watch {
		return nil, o.heeds(RPiCam, "a camera module", optionSize, optionRate, optionFormat)
	}
	if reason := moduleRefuses(o); reason != "" {
		return nil, invalid{fmt.Errorf("%s %s", RPiCam, reason)}
	}
	stream, err := startModule(ctx, rpicam.Config{Width: o.Width, Height: o.Height, Rate: o.Rate, ShortTimeout: o.again})
	if errors.Is(err, deviceerr.ErrWish) {
		return nil, invalid{err}
	}
	if err != nil {
		return nil, err
	}
	return &module{stream: stream, frame: Frame{Format: stream.Format()}}, nil
}

// moduleRefuses is why those wishes cannot be met, whatever the camera module;
// empty where they can.
func moduleRefuses(o Options) string {
	if o.FourCC != 0 && o.FourCC != pixel.YU12 {
		return fmt.Sprintf("gives %v alone, not %v", pixel.YU12, o.FourCC)
	}
	if len(o.Controls) > 0 {
		return fmt.Sprintf("has no controls to set, so not %s", o.Controls[0].Name)
	}
	return ""
}

func startModule(ctx context.Context, w rpicam.Config) (*rpicam.Stream, error) {
	path, err := rpicam.Find()
	if err != nil {
		return nil, err
	}
	return rpicam.Open(ctx, path, w)
}

func (m *module) Format() Format { return m.stream.Format() }

func (m *module) Next(ctx context.Context) (*Frame, error) {
	f, err := m.stream.Next(ctx)
	if err != nil {
		return nil, err
	}
	m.frame.Data, m.frame.Time, m.frame.Sequence = f.Data, f.Time, f.Sequence
	return &m.frame, nil
}

func (m *module) Close() error {
	m.frame.Data = nil
	return m.stream.Close()
}

// findModules tells whether there is the program by which camera modules are
// read, and whether they can meet the wishes. Where it is not, camera modules
// are no source.
func findModules(o Options) []Found {
	path, err := rpicam.Find()
	if err != nil {
		return nil
	}
	return []Found{{Name: RPiCam, Driver: path, Card: "Raspberry Pi camera module", Problem: moduleRefuses(o)}}
}

// listModules asks that program for them. It opens the first that it finds.
func listModules() []Found {
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

// moduleSizes are those that can be asked for. The highest rates are those of
// small sizes.
func moduleSizes(m rpicam.Module) Size {
	least := rpicam.Config{Width: 1, Height: 1}.Format()
	width, height := rpicam.RoundDown(m.Width, m.Height)
	return Size{Width: least.Width, Height: least.Height, MaxWidth: width, MaxHeight: height, Rates: m.Rates}
}
