// Package camera provides frame sources: Video4Linux cameras, a Raspberry Pi's
// camera modules, files, streams, and the test card, a built-in source for
// machines without a camera. Open takes a name and returns a Source; Reconnect
// opens it again whenever it fails.
//
// The package is independent of networks: a frame is plain data, described by
// package pixel.
package camera

import (
	"context"
	"time"

	"halfmeg/camera/pixel"
)

// Source is an open camera or anything else that provides frames. Its methods
// must be called from one goroutine; to interrupt Next from another one, cancel
// the context.
type Source interface {
	// Next waits for a frame and returns the newest one. Frames that are not
	// read in time are dropped, except those of files. After the last frame of
	// a file Next returns io.EOF. The frame and its memory are valid until the
	// next call of Next or Close.
	Next(ctx context.Context) (*Frame, error)
	// Format is the format of the frames to come. Pictures of a folder each
	// have their own: see Frame.Format.
	Format() Format
	// Close releases the device. Next fails afterwards.
	Close() error
}

// Frame is one picture.
type Frame struct {
	Format
	Data     []byte    // its planes, as Format.Planes says, or a JPEG
	Time     time.Time // when it was taken
	Sequence uint64    // the source's number of the frame, from 0; dropped frames leave gaps
	Scene    string    // what a test card shows; empty for other sources

	// JPEG is what the camera sent if Data was decoded from it; nil if it sent no
	// JPEG. It may lack what files have: see picture.AppendFile. It may be larger than
	// the decoded frame: see Options.MinSide.
	JPEG []byte
}

// Pixels returns the frame as networks read it, without copying. RGB24 and
// BGR24 are read as full range: from a source that sends them in the limited
// one, as some HDMI grabbers do, black looks grey and white dull.
func (f *Frame) Pixels() pixel.Image { return f.Image(f.Data) }

// Format describes how the bytes of a frame are arranged.
type Format = pixel.Format

// RGB24 is packed red, green, blue, a byte each. Package pixel has the other
// formats.
const RGB24 = pixel.RGB24
