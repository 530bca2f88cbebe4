package camera

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// loyalty is how long Auto waits for a camera that it has lost before it looks
// for others. One that served for less is not waited for.
const loyalty = 5 * time.Second

// Opener opens one camera again and again. Under Auto it remembers which one
// served: a webcam whose plug is loose is not to be exchanged at once for
// another camera, which looks elsewhere and would be kept.
type Opener struct {
	name    string
	options Options

	taken   Found     // what Auto took last
	opened  time.Time // when it did
	serving bool      // whether it has not been asked for another since
	until   time.Time // when the wait for it ends
}

// NewOpener is for a name and options as Open takes them.
func NewOpener(name string, o Options) *Opener { return &Opener{name: name, options: o} }

// Open opens the camera, once the last one it gave is closed.
func (p *Opener) Open(ctx context.Context) (Source, error) {
	if p.name != Auto {
		return Open(ctx, p.name, p.options)
	}
	if err := p.options.ready(ctx); err != nil {
		return nil, err
	}
	found, err := candidates(p.options)
	if err != nil {
		return nil, err
	}
	o := p.options
	p.options.again = true
	return p.choose(ctx, found, func(f Found) (Source, error) { return Open(ctx, f.Name, o) })
}

// choose opens one of those that were found.
func (p *Opener) choose(ctx context.Context, found []Found, open func(Found) (Source, error)) (Source, error) {
	now := time.Now()
	if p.serving && now.Sub(p.opened) >= loyalty {
		p.until = now.Add(loyalty)
	}
	p.serving = false
	if now.Before(p.until) {
		found = slices.DeleteFunc(found, func(f Found) bool { return !f.same(p.taken) })
		if len(found) == 0 {
			return nil, fmt.Errorf("%s is gone; if it stays away for %v, another camera is looked for", p.taken.title(), loyalty)
		}
	}
	return firstOf(ctx, found, func(f Found) (Source, error) {
		source, err := open(f)
		if err == nil {
			p.taken, p.opened, p.serving = f, time.Now(), true
		}
		return source, err
	})
}

// same tells whether both are the same camera; one that is plugged in again
// may have another number.
func (f Found) same(g Found) bool {
	return f.Name == g.Name || f.Card != "" && f.Card == g.Card && f.Driver == g.Driver
}
