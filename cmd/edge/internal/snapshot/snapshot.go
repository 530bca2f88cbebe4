// Package snapshot copies pictures of frames for sinks that show or store them.
package snapshot

import (
	"bytes"
	"image/jpeg"
	"sync"
	"time"

	"halfmeg/camera"
	"halfmeg/camera/picture"
	"halfmeg/camera/pixel"
)

// Snapshot is an immutable copy of a frame. Sinks may share and keep it. Each encoding of
// it is computed once.
type Snapshot struct {
	Time time.Time // when the frame was taken

	original []byte      // the camera's own JPEG; nil if it sent none, or the picture is cropped or oriented
	img      pixel.Image // used if original is nil; the planes have no padding

	mu      sync.Mutex
	encoded map[encoding]encodedJPEG
	decoded *Snapshot // of original, once Bounded needs it
}

// encoding holds the parameters of an encoding.
type encoding struct{ maxSide, quality int }

// encodedJPEG is the result of an encoding.
type encodedJPEG struct {
	data []byte
	err  error
}

// The size and quality of a picture that is sent away, over MQTT or to a web server.
const (
	SentSide    = 1280 // maximum, in pixels
	SentQuality = 80
	SentBytes   = 512 << 10 // of a camera's own JPEG, which is scaled down if it is larger
)

// New copies a frame. img is the frame's picture after cropping, with its orientation. It
// may share memory with the frame.
func New(frame *camera.Frame, img *pixel.Image) *Snapshot {
	s := &Snapshot{Time: frame.Time}
	whole := img.Width == frame.Width && img.Height == frame.Height
	if frame.JPEG != nil && whole && img.Rotate == 0 && !img.Mirror {
		s.original = picture.AppendFile(make([]byte, 0, len(frame.JPEG)+1024), frame.JPEG)
		return s
	}
	s.img = clone(img)
	return s
}

// clone copies a valid picture without its padding.
func clone(img *pixel.Image) pixel.Image {
	c := *img
	layout := pixel.Format{FourCC: img.FourCC, Width: img.Width, Height: img.Height}
	layout.Stride = layout.MinStride()
	data := make([]byte, layout.Size())
	for i, p := range layout.Planes() {
		if p.Rows == 0 {
			continue
		}
		from := img.Planes[i]
		c.Planes[i] = pixel.Plane{Data: data[p.Offset:], Stride: p.Stride}
		for y := range p.Rows {
			copy(data[p.Offset+y*p.Stride:][:p.RowBytes], from.Data[y*from.Stride:])
		}
	}
	return c
}

// Size returns the size of the copy in bytes, without its encodings.
func (s *Snapshot) Size() int {
	size := len(s.original)
	for _, p := range s.img.Planes {
		size = max(size, len(p.Data)) // the first plane's slice reaches to the end of all
	}
	return size
}

// JPEG returns the picture, upright, as a JPEG. A JPEG of the camera is returned unchanged.
// Otherwise the picture is scaled down by a whole factor until no side is longer than
// maxSide (0 for no limit), and encoded with a quality from 1 to 100. Callers must not
// modify the result.
func (s *Snapshot) JPEG(maxSide, quality int) ([]byte, error) {
	if s.original != nil {
		return s.original, nil
	}
	key := encoding{maxSide, quality}
	s.mu.Lock() // held while encoding, so that each encoding is computed once
	defer s.mu.Unlock()
	if e, ok := s.encoded[key]; ok {
		return e.data, e.err
	}
	if s.encoded == nil {
		s.encoded = make(map[encoding]encodedJPEG)
	}
	e := encode(&s.img, key)
	s.encoded[key] = e
	return e.data, e.err
}

func encode(img *pixel.Image, e encoding) encodedJPEG {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, reduce(img, factor(img, e.maxSide)), &jpeg.Options{Quality: e.quality}); err != nil {
		return encodedJPEG{err: err}
	}
	return encodedJPEG{data: b.Bytes()}
}

// Bounded is JPEG, except that a JPEG of the camera with more than maxBytes is scaled down
// and encoded again, too.
func (s *Snapshot) Bounded(maxSide, quality, maxBytes int) ([]byte, error) {
	if len(s.original) <= maxBytes {
		return s.JPEG(maxSide, quality)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.decoded == nil {
		img, err := picture.DecodeFrame(nil, s.original, true)
		if err != nil {
			return nil, err
		}
		s.decoded = &Snapshot{Time: s.Time, img: img.Pixels()}
	}
	return s.decoded.JPEG(maxSide, quality)
}

// factor returns the smallest factor by which no side is longer than maxSide.
func factor(img *pixel.Image, maxSide int) int {
	if maxSide <= 0 {
		return 1
	}
	return max(1, (max(img.Width, img.Height)+maxSide-1)/maxSide)
}
