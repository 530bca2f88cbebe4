// Package idle reports, through a context, when a source waits for something that may
// take any time: a frame, a new file, the next attempt to open a camera. A watchdog can
// then distinguish such a wait from a call that is stuck.
package idle

import "context"

// key is the key of the callback in a context.
type key struct{}

// With returns a context that reports to f: true before a wait, false when the source
// advances. The callback runs on the goroutine that waits.
func With(ctx context.Context, f func(idle bool)) context.Context {
	return context.WithValue(ctx, key{}, f)
}

// Wait reports that a wait begins. The returned function reports that it is over. A wait
// that Wait reports must end with the context.
func Wait(ctx context.Context) (done func()) {
	report(ctx, true)
	return func() { report(ctx, false) }
}

// Step reports that the source advances.
func Step(ctx context.Context) { report(ctx, false) }

func report(ctx context.Context, idle bool) {
	if f, ok := ctx.Value(key{}).(func(bool)); ok {
		f(idle)
	}
}
