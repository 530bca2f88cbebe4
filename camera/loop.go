package camera

import (
	"context"
	"errors"
	"io"
)

// loopSource is a source of files that starts again after its end.
type loopSource struct {
	Source
	open func() (Source, error)
	base uint64 // number of this round's first frame
	next uint64 // number of the next frame
}

// openLooping opens a source, and opens it again at each of its ends if loop is
// set.
func openLooping(open func() (Source, error), loop bool) (Source, error) {
	source, err := open()
	if err != nil || !loop {
		return source, err
	}
	return &loopSource{Source: source, open: open}, nil
}

// Next returns io.EOF only after a round without frames.
func (l *loopSource) Next(ctx context.Context) (*Frame, error) {
	frame, err := l.Source.Next(ctx)
	if errors.Is(err, io.EOF) && l.next > l.base {
		if err := l.restart(); err != nil {
			return nil, err
		}
		frame, err = l.Source.Next(ctx)
	}
	if err != nil {
		return nil, err
	}
	frame.Sequence += l.base
	l.next = frame.Sequence + 1
	return frame, nil
}

func (l *loopSource) restart() error {
	if err := l.Close(); err != nil {
		return err
	}
	source, err := l.open()
	if err != nil {
		return err
	}
	l.Source, l.base = source, l.next
	return nil
}
