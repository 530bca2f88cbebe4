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
)

// Backoff between attempts to open a camera: doubled from the first to the
// last. The longest is well below the two seconds within which a camera that is
// back must send frames.
const (
	minBackoff = 50 * time.Millisecond
	maxBackoff = 500 * time.Millisecond
)

// Reconnecting is a source that opens its camera again whenever it fails.
type Reconnecting struct {
	open     func(context.Context) (Source, error)
	report   func(error)
	current  Source // nil while there is none
	format   Format // of the last camera
	backoff  time.Duration
	timer    *time.Timer
	reported string // kind of the last reported error; empty while frames come
	worked   bool   // whether a frame has ever come
	next     uint64 // number of the next frame if none is lost
	base     uint64 // number of the current camera's first frame
	closed   bool
}

// Reconnect opens a camera and opens it again whenever it fails. It returns an
// error only if the first attempt's is an ErrPermanent; a camera that is not
// there yet is waited for.
//
// Report, which may be nil, is called for each change: with the error that keeps
// frames away, or with nil when they come again. Errors that differ only in
// numbers are no change. It is called by Reconnect and Next.
func Reconnect(ctx context.Context, open func(context.Context) (Source, error), report func(error)) (*Reconnecting, error) {
	if report == nil {
		report = func(error) {}
	}
	r := &Reconnecting{open: open, report: report, backoff: minBackoff, timer: time.NewTimer(0)}
	if err := r.attempt(ctx); err != nil {
		return nil, err
	}
	return r, nil
}

// Next waits for a frame, and for the camera to come back if need be. It fails
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
		if ctx.Err() != nil || errors.Is(err, io.EOF) || errors.Is(err, ErrPermanent) {
			return nil, err
		}
		r.drop(err)
	}
}

// deliver numbers a frame across all cameras so far.
func (r *Reconnecting) deliver(frame *Frame) *Frame {
	if r.reported != "" {
		r.reported = ""
		r.report(nil)
	}
	r.worked = true
	r.backoff = minBackoff
	r.format = frame.Format
	frame.Sequence += r.base
	r.next = frame.Sequence + 1
	return frame
}

// drop closes a camera that has failed.
func (r *Reconnecting) drop(err error) {
	_ = r.current.Close() // closing a camera that is gone fails, too
	r.current = nil
	r.reportChange(err)
}

func (r *Reconnecting) reportChange(err error) {
	if k := withoutNumbers(err); k != r.reported {
		r.reported = k
		r.report(err)
	}
}

// withoutNumbers is the part of an error's text that stays the same when the
// error occurs again: its numbers may be times, process ids or byte counts.
func withoutNumbers(err error) string {
	return strings.Map(func(c rune) rune {
		if unicode.IsDigit(c) {
			return -1
		}
		return c
	}, err.Error())
}

// reopen waits for the backoff and tries once.
func (r *Reconnecting) reopen(ctx context.Context) error {
	r.timer.Reset(r.backoff)
	r.backoff = min(2*r.backoff, maxBackoff)
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-r.timer.C:
		return r.attempt(ctx)
	}
}

// attempt tries to open the camera. It returns an error only if another attempt
// is pointless. After a camera has worked none is: an ErrPermanent may then come
// from a device that is only half initialised.
func (r *Reconnecting) attempt(ctx context.Context) error {
	source, err := r.open(ctx)
	switch {
	case err == nil:
		r.current, r.format, r.base = source, source.Format(), r.next
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, ErrPermanent) && !r.worked:
		return err
	}
	r.reportChange(err)
	return nil
}

// Format is the format of the last camera's frames, or zero if there was none;
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
