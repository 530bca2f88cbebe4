package camera

import (
	"fmt"
	"slices"
	"strings"

	"halfmeg/camera/pixel"
)

// Options are wishes that a source follows as well as it can. A zero value
// leaves the choice to the source. An option that a kind of source cannot
// follow at all, as the rate of a file, is an error.
type Options struct {
	// Rate is in frames a second. Left to it, a test card draws a frame
	// whenever it is asked.
	Rate float64

	// Width and Height are in pixels; the nearest size will do.
	Width, Height int

	// FourCC is a pixel format that the source must have.
	FourCC pixel.FourCC

	// Controls are set in this order.
	Controls []Control

	// Loop starts a file or a folder again after its end.
	Loop bool

	// Watch waits for new pictures after the last one of a folder.
	Watch bool

	// Skipped, where it is not nil, is told of each picture of a folder that
	// is passed over. Next calls it.
	Skipped func(error)

	again bool // whether Auto has tried before, and may find another camera next
}

// Control is a setting of a camera: exposure, gain, focus …
type Control struct {
	Name  string // as the driver has it, in lower case with _ between words
	Value string // a whole number, on or off, or the name of a menu's entry
}

const (
	// MinRate is the lowest frame rate that may be asked for.
	MinRate = 0.01

	// MaxRate is the highest one.
	MaxRate = 1000

	// MaxSide is the longest side that may be asked for.
	MaxSide = 1 << 14
)

func (o Options) check() error {
	if !(o.Rate == 0 || o.Rate >= MinRate && o.Rate <= MaxRate) {
		return fmt.Errorf("a rate of %v frames a second is not in %v…%d", o.Rate, MinRate, MaxRate)
	}
	if min(o.Width, o.Height) < 0 || max(o.Width, o.Height) > MaxSide || (o.Width == 0) != (o.Height == 0) {
		return fmt.Errorf("a size of %dx%d pixels: sides of 1…%d can be had", o.Width, o.Height, MaxSide)
	}
	return nil
}

// The options as the command line names them.
const (
	optionSize    = "--size"
	optionRate    = "--rate"
	optionFormat  = "--format"
	optionControl = "--control"
	optionLoop    = "--loop"
	optionWatch   = "--watch"
)

// heeds refuses options other than those that a kind of source can follow: who
// asks for a thing must not think that it was done.
func (o Options) heeds(name, kind string, options ...string) error {
	for _, given := range o.given() {
		if !slices.Contains(options, given) {
			return invalid{fmt.Errorf("%s: %s takes %s, not %s", name, kind, strings.Join(options, ", "), given)}
		}
	}
	return nil
}

// given are the options that are not left to the source.
func (o Options) given() []string {
	var names []string
	for _, option := range []struct {
		name  string
		given bool
	}{
		{optionSize, o.Width != 0},
		{optionRate, o.Rate != 0},
		{optionFormat, o.FourCC != 0},
		{optionControl, len(o.Controls) > 0},
		{optionLoop, o.Loop},
		{optionWatch, o.Watch},
	} {
		if option.given {
			names = append(names, option.name)
		}
	}
	return names
}

// allow refuses a format or a size that is not the one asked for: files, and
// whatever else has no choice, have what they have.
func (o Options) allow(f Format) error {
	if o.FourCC != 0 && o.FourCC != f.FourCC {
		return fmt.Errorf("its frames are %v, not %v", f.FourCC, o.FourCC)
	}
	if o.Width != 0 && (o.Width != f.Width || o.Height != f.Height) {
		return fmt.Errorf("its frames have %dx%d pixels, not %dx%d", f.Width, f.Height, o.Width, o.Height)
	}
	return nil
}
