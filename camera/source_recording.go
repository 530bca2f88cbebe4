package camera

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"halfmeg/camera/internal/jpegcut"
	"halfmeg/camera/internal/jpegsegment"
	"halfmeg/camera/picture"
	"halfmeg/camera/pixel"
)

const (
	// maxRecorded bounds a JPEG of a file in bytes, as for pictures.
	maxRecorded = 256 << 20

	// maxPiped bounds a JPEG of a pipe in bytes: three of them are buffered,
	// and 16 megapixels at the highest quality stay below it.
	maxPiped = 32 << 20

	// maxGap is how many bytes may separate the first two JPEGs of a file, as the
	// boundaries of a multipart stream do. Phones write a picture's previews or
	// a video after it, further away.
	maxGap = 1024
)

// readJPEGStream reads the JPEGs of a pipe.
func readJPEGStream(r *bufio.Reader) (Format, frameReader, error) {
	jpegs := jpegcut.NewReader(r, maxPiped)
	first, err := jpegs.Next(nil)
	if err != nil {
		return Format{}, nil, err
	}
	width, height, err := picture.FrameSize(first)
	if err != nil {
		return Format{}, nil, err
	}
	return Format{FourCC: pixel.MJPEG, Width: width, Height: height}, func(buf []byte) ([]byte, error) {
		if data := first; data != nil {
			first = nil
			return data, nil
		}
		return jpegs.Next(buf)
	}, nil
}

// readRecording reads the JPEGs of a regular file, which may be a single picture.
// The size is that of each.
func readRecording(r *bufio.Reader) (Format, frameReader, error) {
	jpegs := jpegcut.NewReader(r, maxRecorded)
	number, single := 0, false
	return Format{FourCC: pixel.MJPEG}, func(buf []byte) ([]byte, error) {
		if single || number == 1 && !jpegs.Follows(maxGap) {
			return nil, io.EOF
		}
		data, err := jpegs.Next(buf)
		number++
		single = number == 1 && isMultiPicture(data)
		return data, err
	}, nil
}

// isMultiPicture reports whether a JPEG is the first of a Multi-Picture Format file
// (CIPA DC-007): what follows is a part of the same picture, such as a gain map.
func isMultiPicture(file []byte) bool {
	for segment := range jpegsegment.All(file) {
		if segment.Marker == jpegsegment.APP2 && bytes.HasPrefix(segment.Data, []byte("MPF\x00")) {
			return true
		}
	}
	return false
}

// recording decodes the JPEGs of a regular file, each in its own size.
type recording struct {
	*fileSource
	skipped func(error)
	frame   Frame
	pending bool // whether frame is the first one, not returned yet
}

// newRecording decodes the first JPEG: of a damaged picture nothing is left to
// return. It closes the file if it fails.
func newRecording(s *fileSource, o Options) (Source, error) {
	r := &recording{fileSource: s, skipped: o.Skipped}
	if r.skipped == nil {
		r.skipped = func(error) {}
	}
	err := r.decodeNext(context.Background()) // no wait
	if err == nil {
		err = o.checkJPEG(r.frame.Format)
	}
	if err != nil {
		_ = s.Close() // it was only read
		if !errors.Is(err, ErrPermanent) {
			err = permanent{fmt.Errorf("%s: %w", s.name, err)}
		}
		return nil, err
	}
	r.pending = true
	return r, nil
}

// Format returns the format of the last frame; each has its own size.
func (r *recording) Format() Format { return r.frame.Format }

// Next skips broken frames, except the first one.
func (r *recording) Next(ctx context.Context) (*Frame, error) {
	if r.pending && !r.closed && ctx.Err() == nil {
		r.pending = false
		return &r.frame, nil
	}
	for {
		before := r.next
		err := r.decodeNext(ctx)
		if err == nil {
			return &r.frame, nil
		}
		if r.next == before { // no frame was read
			return nil, err
		}
		r.skipped(fmt.Errorf("%s: frame %d: %w", r.name, before+1, err))
	}
}

func (r *recording) decodeNext(ctx context.Context) error {
	f, err := r.fileSource.Next(ctx)
	if err != nil {
		return err
	}
	img, err := picture.DecodeRecorded(r.frame.Data, f.Data)
	if err != nil {
		return err
	}
	r.frame = Frame{Format: pictureFormat(&img), Data: img.Pix, Time: f.Time, Sequence: f.Sequence, JPEG: f.Data}
	return nil
}
