package camera

import (
	"context"
	"fmt"
)

// unpacker converts frames that networks do not read, see pixel.Format.Unpack.
type unpacker struct {
	Source
	frame Frame
}

// unpack returns a source whose frames networks can read. Most sources are
// returned as they are.
func unpack(s Source) Source {
	f := s.Format()
	if f.Unpacked() == f {
		return s
	}
	return &unpacker{Source: s, frame: Frame{Format: f.Unpacked()}}
}

func (u *unpacker) Format() Format { return u.frame.Format }

func (u *unpacker) Next(ctx context.Context) (*Frame, error) {
	f, err := u.Source.Next(ctx)
	if err != nil {
		return nil, err
	}
	data, err := f.Unpack(u.frame.Data, f.Data)
	if err != nil {
		return nil, fmt.Errorf("frame %d: %w", f.Sequence, err)
	}
	u.frame = Frame{Format: f.Unpacked(), Data: data, Time: f.Time, Sequence: f.Sequence, Scene: f.Scene}
	return &u.frame, nil
}
