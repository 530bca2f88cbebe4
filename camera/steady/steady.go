// Package steady keeps a camera going: where it is unplugged, hangs, or is
// held by another program, it is opened again until it serves.
package steady

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"time"
	"unicode"

	"halfmeg/camera"
)

// The waits between attempts: doubled from the first to the last. The last is
// far below the two seconds in which a camera that is back is to give frames.
const (
	firstWait = 50 * time.Millisecond
	lastWait  = 500 * time.Millisecond
)

// Opener opens the camera.
type Opener func(context.Context) (camera.Source, error)

// Source is a camera that is opened again where it fails.
type Source struct {
	open    Opener
	report  func(error)
	current camera.Source // nil while there is none
	format  camera.Format // of the last one
	wait    time.Duration // before the next attempt
	alarm   *time.Timer
	told    string // the kind of what was reported last; empty while frames come
	served  bool   // whether a frame has ever come
	next    uint64 // the number of the next frame if none is lost
	base    uint64 // the number of the current camera's first frame
	closed  bool
}

// New opens a camera and opens it again whenever it fails. A first attempt
// whose error is of the kind camera.ErrInvalid is the only one that New gives
// up on; where the camera is not there yet, it gives a Source that waits for
// it.
//
// Report, which may be nil, is told of each change: the error that keeps the
// frames away, or nil when they come again. Errors that differ in numbers alone
// are no change. It is called by New and Next.
func New(ctx context.Context, open Opener, report func(error)) (*Source, error) {
	if report == nil {
		report = func(error) {}
	}
	s := &Source{open: open, report: report, wait: firstWait, alarm: time.NewTimer(0)}
	if err := s.attempt(ctx); err != nil {
		return nil, err
	}
	return s, nil
}

// Next waits for a frame, for as long as it takes the camera to come back.
// It fails only where the context or the source ends, or with an error of the
// kind camera.ErrInvalid, as that of a damaged file, which would come again.
func (s *Source) Next(ctx context.Context) (*camera.Frame, error) {
	if s.closed {
		return nil, fmt.Errorf("camera: %w", fs.ErrClosed)
	}
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if s.current == nil {
			if err := s.reopen(ctx); err != nil {
				return nil, err
			}
			continue
		}
		frame, err := s.current.Next(ctx)
		if err == nil {
			return s.deliver(frame), nil
		}
		if ctx.Err() != nil || errors.Is(err, io.EOF) || errors.Is(err, camera.ErrInvalid) {
			return nil, err
		}
		s.drop(err)
	}
}

// deliver counts a frame on, over all cameras that there were.
func (s *Source) deliver(frame *camera.Frame) *camera.Frame {
	if s.told != "" {
		s.told = ""
		s.report(nil)
	}
	s.served = true
	s.wait = firstWait
	s.format = frame.Format
	frame.Sequence += s.base
	s.next = frame.Sequence + 1
	return frame
}

// drop closes a camera that has failed.
func (s *Source) drop(err error) {
	_ = s.current.Close() // that of a camera that is gone fails, and says nothing new
	s.current = nil
	s.tell(err)
}

func (s *Source) tell(err error) {
	if k := kind(err); k != s.told {
		s.told = k
		s.report(err)
	}
}

// kind is what stays the same where an error comes again: its words without
// the numbers, which may be times, processes, or bytes that were read.
func kind(err error) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsDigit(r) {
			return -1
		}
		return r
	}, err.Error())
}

// reopen waits its time and tries once.
func (s *Source) reopen(ctx context.Context) error {
	s.alarm.Reset(s.wait)
	s.wait = min(2*s.wait, lastWait)
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-s.alarm.C:
		return s.attempt(ctx)
	}
}

// attempt tries to open the camera. Its error is one that no other attempt
// would mend.
func (s *Source) attempt(ctx context.Context) error {
	source, err := s.open(ctx)
	switch {
	case err == nil:
		s.current, s.format, s.base = source, source.Format(), s.next
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, camera.ErrInvalid) && !s.served:
		return err
	}
	s.tell(err)
	return nil
}

// Format is that of the last camera's frames, zero where there was none; each
// frame has its own.
func (s *Source) Format() camera.Format { return s.format }

// Close lets the camera go.
func (s *Source) Close() error {
	s.closed = true
	s.alarm.Stop()
	if s.current == nil {
		return nil
	}
	source := s.current
	s.current = nil
	return source.Close()
}
