package camera

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"time"
	"unicode"

	"halfmeg/camera/internal/idle"
)

// backoff is the range of waits between attempts to open a camera: doubled from the
// first to the longest.
type backoff struct{ first, longest time.Duration }

var (
	// The longest is well below the two seconds within which frames must arrive
	// after a camera is back.
	localBackoff = backoff{50 * time.Millisecond, 500 * time.Millisecond}

	// A camera on the network has few sockets and takes seconds to start.
	remoteBackoff = backoff{2 * time.Second, 30 * time.Second}

	// Cameras lock an account for half an hour after five or so logins with a wrong
	// password: there are four in the first half hour.
	permanentBackoff = backoff{2 * time.Minute, 30 * time.Minute}
)

// A camera on the network is opened at most remoteAttempts times in any
// remoteWindow, also if it sends frames between: each attempt may be a login.
const (
	remoteAttempts = 5
	remoteWindow   = time.Minute
)

// Retry configures how Reconnect handles errors.
type Retry struct {
	// Report, if not nil, is called for each change: with the error that stops
	// the frames, or with nil when they resume. Errors that differ only in
	// numbers do not count as a change. Reconnect and Next call it.
	Report func(error)

	// KeepTrying opens the camera again after an ErrPermanent, minutes later, which
	// otherwise is returned. An option that a source does not support is always
	// returned.
	KeepTrying bool
}

// Reconnecting is a source that opens its camera again whenever it fails.
type Reconnecting struct {
	open     func(context.Context) (Source, error)
	retry    Retry
	current  Source  // nil while there is none
	format   Format  // of the last camera
	failed   error   // the last error since a frame arrived; nil if none
	backoff  backoff // after failed
	wait     time.Duration
	attempts [remoteAttempts]time.Time // the last ones, in a ring
	oldest   int                       // index in attempts
	timer    *time.Timer
	reported string // kind of the last reported error; empty while frames arrive
	worked   bool   // whether a frame has ever arrived
	next     uint64 // number of the next frame if none is lost
	base     uint64 // number of the current camera's first frame
	closed   bool
}

// Reconnect opens a camera and opens it again whenever it fails. It returns an
// error only if the first attempt's is an ErrPermanent; a camera that is not
// there yet is waited for.
func Reconnect(ctx context.Context, open func(context.Context) (Source, error), retry Retry) (*Reconnecting, error) {
	if retry.Report == nil {
		retry.Report = func(error) {}
	}
	r := &Reconnecting{open: open, retry: retry, timer: time.NewTimer(0)}
	if err := r.attempt(ctx); err != nil {
		return nil, err
	}
	return r, nil
}

// Next waits for a frame, and for the camera to come back if necessary. It fails
// only if the context or the source ends, or with an ErrPermanent such as that of
// a damaged file.
func (r *Reconnecting) Next(ctx context.Context) (*Frame, error) {
	if r.closed {
		return nil, fmt.Errorf("camera: %w", fs.ErrClosed)
	}
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if r.current == nil {
			if err := r.reopen(ctx); err != nil {
				return nil, err
			}
			continue
		}
		frame, err := r.current.Next(ctx)
		if err == nil {
			return r.deliver(frame), nil
		}
		if ctx.Err() != nil || errors.Is(err, io.EOF) || errors.Is(err, ErrPermanent) && !errors.Is(err, ErrRemote) {
			return nil, err
		}
		r.drop(err)
	}
}

// deliver numbers a frame across all cameras so far.
func (r *Reconnecting) deliver(frame *Frame) *Frame {
	if r.reported != "" {
		r.reported = ""
		r.retry.Report(nil)
	}
	r.worked = true
	r.failed = nil
	r.format = frame.Format
	frame.Sequence += r.base
	r.next = frame.Sequence + 1
	return frame
}

// drop closes a camera that has failed.
func (r *Reconnecting) drop(err error) {
	_ = r.current.Close() // closing a camera that is gone fails, too
	r.current = nil
	r.fail(err)
}

// fail records an error and sets the wait before the next attempt.
func (r *Reconnecting) fail(err error) {
	b := r.backoffAfter(err)
	if r.failed == nil || r.backoff != b {
		r.wait = b.first
	} else {
		r.wait = min(2*r.wait, b.longest)
	}
	r.failed, r.backoff = err, b
	r.reportChange(err)
}

// backoffAfter returns the waits after an error. A device of this machine that has
// worked is opened again soon even after an ErrPermanent: it may be half initialised.
func (r *Reconnecting) backoffAfter(err error) backoff {
	switch {
	case errors.Is(err, ErrPermanent) && (errors.Is(err, ErrRemote) || !r.worked):
		return permanentBackoff
	case errors.Is(err, ErrRemote):
		return remoteBackoff
	}
	return localBackoff
}

func (r *Reconnecting) reportChange(err error) {
	if k := withoutNumbers(err); k != r.reported {
		r.reported = k
		r.retry.Report(err)
	}
}

// withoutNumbers returns the part of an error's text that stays the same when the
// error occurs again: its numbers may be times, process ids or byte counts.
func withoutNumbers(err error) string {
	return strings.Map(func(c rune) rune {
		if unicode.IsDigit(c) {
			return -1
		}
		return c
	}, err.Error())
}

// reopen waits and tries once.
func (r *Reconnecting) reopen(ctx context.Context) error {
	wait := r.wait
	if errors.Is(r.failed, ErrRemote) {
		oldest := r.attempts[r.oldest]
		wait = max(wait, time.Until(oldest.Add(remoteWindow)))
	}
	if err := r.pause(ctx, wait); err != nil {
		return err
	}
	return r.attempt(ctx)
}

func (r *Reconnecting) pause(ctx context.Context, wait time.Duration) error {
	defer idle.Wait(ctx)()
	r.timer.Reset(wait)
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-r.timer.C:
		return nil
	}
}

// attempt tries to open the camera. It returns an error only if another attempt
// is pointless. After a camera has worked none is: an ErrPermanent may then come
// from a device that is only half initialised, or from a server that is starting.
func (r *Reconnecting) attempt(ctx context.Context) error {
	r.attempts[r.oldest] = time.Now()
	r.oldest = (r.oldest + 1) % remoteAttempts
	source, err := r.open(ctx)
	switch {
	case err == nil:
		r.current, r.format, r.base = source, source.Format(), r.next
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, ErrPermanent) && !r.worked && !r.keepsTrying(err):
		return err
	}
	r.fail(err)
	return nil
}

// keepsTrying reports whether to try again after an ErrPermanent.
func (r *Reconnecting) keepsTrying(err error) bool {
	var option *OptionError
	return r.retry.KeepTrying && !errors.As(err, &option)
}

// Format returns the format of the last camera's frames, or zero if there was none;
// each frame has its own.
func (r *Reconnecting) Format() Format { return r.format }

// Close releases the camera.
func (r *Reconnecting) Close() error {
	r.closed = true
	r.timer.Stop()
	if r.current == nil {
		return nil
	}
	source := r.current
	r.current = nil
	return source.Close()
}
