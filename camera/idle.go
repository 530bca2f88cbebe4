package camera

import (
	"context"

	"halfmeg/camera/internal/idle"
)

// WithIdle returns a context for a watchdog. Open, Reconnect and Next call f with true
// before they wait for something that may take any time, such as a frame or the next
// attempt to open a camera, and with false when they advance. A source that does neither
// for long is stuck, for example in a call of a driver. The calls of f are on the
// goroutine that called Open, Reconnect or Next.
func WithIdle(ctx context.Context, f func(idle bool)) context.Context { return idle.With(ctx, f) }
