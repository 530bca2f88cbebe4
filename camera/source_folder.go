package camera

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"time"

	"halfmeg/camera/folder"
)

// folderSource returns every picture of a folder.
type folderSource struct {
	path   string
	folder *folder.Folder
	frame  Frame
	next   uint64
	closed bool
}

func openFolder(path string, o Options) (Source, error) {
	if err := o.rejectUnsupported(path, "a folder", OptionFourCC, OptionLoop, OptionWatch); err != nil {
		return nil, err
	}
	if o.Loop && o.Watch {
		return nil, permanent{fmt.Errorf("%s: a folder can be looped or watched, not both", path)}
	}
	if err := o.checkFormat(Format{FourCC: RGB24}); err != nil {
		return nil, permanent{fmt.Errorf("%s: %w", path, err)}
	}
	skipped := o.Skipped
	if skipped == nil {
		skipped = func(error) {}
	}
	return openLooping(func() (Source, error) {
		f, err := folder.Open(path, o.Watch, skipped)
		if err != nil {
			return nil, permanent{err}
		}
		return &folderSource{path: path, folder: f, frame: Frame{Format: Format{FourCC: RGB24}}}, nil
	}, o.Loop)
}

// Format returns the format of the last picture; each has its own size.
func (s *folderSource) Format() Format { return s.frame.Format }

func (s *folderSource) Next(ctx context.Context) (*Frame, error) {
	if s.closed {
		return nil, fmt.Errorf("%s: %w", s.path, fs.ErrClosed)
	}
	img, err := s.folder.Next(ctx)
	switch {
	case err == nil:
	case ctx.Err() != nil || errors.Is(err, io.EOF):
		return nil, err
	default:
		return nil, permanent{err}
	}
	s.frame = Frame{Format: pictureFormat(img), Data: img.Pix, Time: time.Now(), Sequence: s.next}
	s.next++
	return &s.frame, nil
}

func (s *folderSource) Close() error {
	s.closed = true
	return nil
}
