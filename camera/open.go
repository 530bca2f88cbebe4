package camera

import (
	"context"
	"fmt"
	"strings"
)

// Options are wishes that a source follows as well as it can.
type Options struct {
	// Rate is in frames a second. Zero leaves it to the source: a test card
	// then draws a frame whenever it is asked.
	Rate float64
}

// MaxRate is the highest frame rate that may be asked for.
const MaxRate = 1000

// sources are the cameras that Open knows by name.
var sources = []struct {
	name string
	open func(Options) (Source, error)
}{
	{"testcard", openTestCard},
}

// Names lists the cameras that Open knows by name.
func Names() []string {
	names := make([]string, len(sources))
	for i, s := range sources {
		names[i] = s.name
	}
	return names
}

// Open opens the camera of that name. The context covers the opening alone.
func Open(ctx context.Context, name string, o Options) (Source, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if !(o.Rate >= 0 && o.Rate <= MaxRate) {
		return nil, fmt.Errorf("camera %q: a rate of %v frames a second is not in 0…%d", name, o.Rate, MaxRate)
	}
	for _, s := range sources {
		if s.name == name {
			return s.open(o)
		}
	}
	return nil, fmt.Errorf("camera %q is not known; there is: %s", name, strings.Join(Names(), ", "))
}
