package camera

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"halfmeg/camera/ffmpeg"
	"halfmeg/camera/internal/deviceerr"
)

// AutoChoice returns the source that Auto tries first, and why; the name is
// empty if there is none.
func AutoChoice(found []SourceInfo) (name, why string) {
	for _, f := range found {
		if f.Problem == "" && f.Name != TestCard {
			return f.Name, "the first available camera"
		}
	}
	if list := describeProblems(found); len(list) > 0 {
		return "", strings.Join(list, "; ")
	}
	if err := videoUnsupported(); err != nil {
		return "", err.Error()
	}
	return "", "no video device found"
}

// failoverDelay is how long Auto waits for a camera it has lost before it looks
// for others. It does not wait for a camera that worked for less time.
const failoverDelay = 5 * time.Second

// Opener opens one camera repeatedly. Under Auto it remembers which one worked:
// a webcam with a loose plug must not be replaced immediately by another
// camera, which has another view and would then be kept.
type Opener struct {
	name    string
	options Options

	current   SourceInfo // what Auto opened last
	opened    time.Time  // when current was opened
	working   bool       // current has not failed since; Open clears it
	waitUntil time.Time  // end of the wait for current

	absent   error         // why no camera module was found at the last search; nil if one was
	absence  time.Duration // time to the next search
	searchAt time.Time     // time of the next search
}

// Time between searches for a camera module, doubled from the first to the last. A
// search starts a program, which takes a second of processor time; a module is
// connected with the power off, so it rarely appears later.
const (
	minAbsence = 2 * time.Second
	maxAbsence = 30 * time.Second
)

// NewOpener takes a name and options like Open.
func NewOpener(name string, o Options) *Opener {
	o.decoder = new(ffmpeg.Decoder)
	return &Opener{name: name, options: o}
}

// Open opens the camera. The source it returned before must be closed.
func (p *Opener) Open(ctx context.Context) (Source, error) {
	if p.name != Auto {
		return p.open(ctx, p.name, p.options)
	}
	if err := p.options.validate(ctx); err != nil {
		return nil, err
	}
	found, err := candidates(p.options)
	if err != nil {
		return nil, err
	}
	o := p.options
	p.options.retry = true
	return p.choose(ctx, found, func(f SourceInfo) (Source, error) { return p.open(ctx, f.Name, o) })
}

// open opens a source. Camera modules that are absent are not searched for each time.
func (p *Opener) open(ctx context.Context, name string, o Options) (Source, error) {
	if name != RPiCam {
		return Open(ctx, name, o)
	}
	if p.absent != nil && time.Now().Before(p.searchAt) {
		return nil, p.absent
	}
	source, err := Open(ctx, name, o)
	p.absent = nil
	if errors.Is(err, deviceerr.ErrAbsent) {
		p.absence = min(max(2*p.absence, minAbsence), maxAbsence)
		p.absent, p.searchAt = err, time.Now().Add(p.absence)
	}
	if err == nil {
		p.absence = 0
	}
	return source, err
}

// choose opens one of the sources found.
func (p *Opener) choose(ctx context.Context, found []SourceInfo, open func(SourceInfo) (Source, error)) (Source, error) {
	now := time.Now()
	if p.working && now.Sub(p.opened) >= failoverDelay {
		p.waitUntil = now.Add(failoverDelay)
	}
	p.working = false
	if now.Before(p.waitUntil) {
		found = slices.DeleteFunc(found, func(f SourceInfo) bool { return !f.same(p.current) })
		if len(found) == 0 {
			return nil, fmt.Errorf("%s is gone; after %v without it another camera is used", p.current.title(), failoverDelay)
		}
	}
	return openFirst(ctx, found, func(f SourceInfo) (Source, error) {
		source, err := open(f)
		if err == nil {
			p.current, p.opened, p.working = f, time.Now(), true
		}
		return source, err
	})
}

// candidates lists the cameras that Auto may open. It never opens the test card,
// whose scenes could be mistaken for real ones.
func candidates(o Options) ([]SourceInfo, error) {
	videos, modules := listVideo(), findModules(o)
	if err := videoUnsupported(); err != nil && len(modules) == 0 {
		return nil, err
	}
	if len(modules) > 0 && !slices.ContainsFunc(videos, func(f SourceInfo) bool { return f.Problem == "" }) {
		videos = append(videos, SourceInfo{Name: "webcams", Problem: "none was found"}) // an error must not name the module alone
	}
	return append(videos, modules...), nil
}

// openFirst opens the first source that opens. Its error has the reason of each
// that did not; it is permanent if other options could have opened one.
func openFirst(ctx context.Context, found []SourceInfo, open func(SourceInfo) (Source, error)) (Source, error) {
	unavailable := &AutoError{Problems: describeProblems(found)}
	for _, f := range found {
		if f.Problem != "" {
			continue
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		source, err := open(f)
		if err == nil {
			return source, nil
		}
		unavailable.Errs = append(unavailable.Errs, err)
	}
	if len(unavailable.Problems)+len(unavailable.Errs) == 0 {
		return nil, noCamera{errors.New("no camera: no video device found; plug one in")}
	}
	return nil, unavailable
}

// describeProblems lists each problem once, with the sources that have it: a
// Raspberry Pi 5 has dozens of nodes that are not cameras.
func describeProblems(found []SourceInfo) []string {
	var list []string
	titles := map[string][]string{}
	for _, f := range found {
		if f.Problem == "" {
			continue
		}
		if titles[f.Problem] == nil {
			list = append(list, f.Problem)
		}
		titles[f.Problem] = append(titles[f.Problem], f.title())
	}
	const shown = 3
	for i, problem := range list {
		names := titles[problem]
		if more := len(names) - shown; more > 0 {
			names = append(names[:shown], fmt.Sprintf("%d more", more))
		}
		list[i] = strings.Join(names, ", ") + ": " + problem
	}
	return list
}

// title names a source and, where known, its driver.
func (f SourceInfo) title() string {
	if f.Driver == "" {
		return f.Name
	}
	return fmt.Sprintf("%s (%s)", f.Name, f.Driver)
}

// same reports whether both are the same camera. A camera that was plugged in
// again may have another device number.
func (f SourceInfo) same(g SourceInfo) bool {
	return f.Name == g.Name || f.Card != "" && f.Card == g.Card && f.Driver == g.Driver
}
