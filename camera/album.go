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

// album is a folder of pictures as a source, which leaves none out.
type album struct {
	path   string
	folder *folder.Folder
	frame  Frame
	next   uint64
	closed bool
}

func openFolder(path string, o Options) (Source, error) {
	if err := o.heeds(path, "a folder", optionFormat, optionLoop, optionWatch); err != nil {
		return nil, err
	}
	if o.Loop && o.Watch {
		return nil, invalid{fmt.Errorf("%s: a folder is repeated or watched, not both", path)}
	}
	skipped := o.Skipped
	if skipped == nil {
		skipped = func(error) {}
	}
	open := func() (Source, error) {
		f, err := folder.Open(path, o.Watch, skipped)
		if err != nil {
			return nil, invalid{err}
		}
		return &album{path: path, folder: f, frame: Frame{Format: Format{FourCC: RGB24}}}, nil
	}
	if err := o.allow(Format{FourCC: RGB24}); err != nil {
		return nil, invalid{fmt.Errorf("%s: %w", path, err)}
	}
	return repeat(open, o.Loop)
}

// Format is that of the last picture, each of which has its own size.
func (a *album) Format() Format { return a.frame.Format }

func (a *album) Next(ctx context.Context) (*Frame, error) {
	if a.closed {
		return nil, fmt.Errorf("%s: %w", a.path, fs.ErrClosed)
	}
	img, err := a.folder.Next(ctx)
	switch {
	case err == nil:
	case ctx.Err() != nil || errors.Is(err, io.EOF):
		return nil, err
	default:
		return nil, invalid{err}
	}
	a.frame = Frame{Format: pictureFormat(img), Data: img.Pix, Time: time.Now(), Sequence: a.next}
	a.next++
	return &a.frame, nil
}

func (a *album) Close() error {
	a.closed = true
	return nil
}
