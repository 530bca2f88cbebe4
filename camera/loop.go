package camera

import (
	"context"
	"errors"
	"io"
)

// loop is a source of files that starts again after its end.
type loop struct {
	Source
	open func() (Source, error)
	base uint64 // the number of this round's first frame
	next uint64 // the number of the next frame
}

// repeat opens a source, and again after each of its ends if it is to loop.
func repeat(open func() (Source, error), always bool) (Source, error) {
	source, err := open()
	if err != nil || !always {
		return source, err
	}
	return &loop{Source: source, open: open}, nil
}

// Next ends only where a whole round has no frame.
func (l *loop) Next(ctx context.Context) (*Frame, error) {
	frame, err := l.Source.Next(ctx)
	if errors.Is(err, io.EOF) && l.next > l.base {
		if err := l.again(); err != nil {
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

func (l *loop) again() error {
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
