package camera

import (
	"fmt"
	"slices"
	"strings"
)

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
		{optionFormat, o.Pixels != 0},
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
	if o.Pixels != 0 && o.Pixels != f.Pixels {
		return fmt.Errorf("its frames are %v, not %v", f.Pixels, o.Pixels)
	}
	if o.Width != 0 && (o.Width != f.Width || o.Height != f.Height) {
		return fmt.Errorf("its frames have %dx%d pixels, not %dx%d", f.Width, f.Height, o.Width, o.Height)
	}
	return nil
}
