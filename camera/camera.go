// Package camera brings frames from the world: from cameras of Video4Linux,
// from a Raspberry Pi's camera modules, files, streams, and the test card, the
// built-in source for a machine without a camera.
// It knows nothing of networks; what it hands out is plain data.
package camera

import (
	"context"
	"time"

	"halfmeg/camera/pixel"
)

// Source is an open camera, or whatever stands in for one. Its methods are
// for one goroutine; to stop a waiting Next from another, cancel its context.
type Source interface {
	// Next waits for a frame and returns the newest there is: frames that
	// nobody asked for in time are dropped, but for those of files, which
	// wait. The error after the last frame of a file is io.EOF. The frame,
	// with its memory, is the caller's until the next call of Next or Close.
	Next(ctx context.Context) (*Frame, error)
	// Format is that of the frames to come; the pictures of a folder have
	// each its own.
	Format() Format
	// Close lets the device go. Next fails from then on.
	Close() error
}

// Frame is one picture.
type Frame struct {
	Format
	Data     []byte    // its planes as Format.Planes says, or a JPEG
	Time     time.Time // when it was taken
	Sequence uint64    // the source's count from 0; a gap is that many frames dropped
	Scene    string    // what a test card shows; a real camera does not know
}

// Pixels returns the frame as networks read it, without copying. RGB24 and
// BGR24 are read as full range: where a source sends them in the limited one,
// as some HDMI grabbers do, black stays a little grey and white a little dull.
func (f *Frame) Pixels() pixel.Image { return f.Format.Image(f.Data) }

// Format is how the bytes of a frame make a picture.
type Format = pixel.Format

// RGB24 is packed red, green, blue, a byte each. Package pixel has the others.
const RGB24 = pixel.RGB24
