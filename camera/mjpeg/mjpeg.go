// Package mjpeg decodes the frames of cameras that compress each frame as a JPEG.
// Such frames may lack the Huffman tables that a JPEG file must have.
package mjpeg

import (
	"halfmeg/camera/internal/jpegsegment"
	"halfmeg/camera/picture"
)

// Decoder decodes frames of one size. It reuses its buffers; the garbage that
// image/jpeg leaves for each frame is smaller than the frame as RGB.
type Decoder struct {
	width, height int    // pixels
	pix           []byte // the decoded frame, packed RGB; nil before the first
	withTables    []byte // the frame with Huffman tables inserted
}

// NewDecoder returns a Decoder for frames of width x height pixels.
func NewDecoder(width, height int) *Decoder {
	return &Decoder{width: width, height: height}
}

// Decode decodes a frame to packed RGB, row by row from the top. The result is valid
// until the next call. Bytes after the frame's end are ignored: drivers pad frames.
func (d *Decoder) Decode(frame []byte) ([]byte, error) {
	pix, err := picture.DecodeFrame(d.pix, d.insertTables(frame), d.width, d.height)
	if err != nil {
		return nil, err
	}
	d.pix = pix
	return pix, nil
}

// insertTables returns the frame with the typical Huffman tables if it has none.
// Cameras omit them, because they use the same ones for all frames.
func (d *Decoder) insertTables(frame []byte) []byte {
	scan, ok := scanWithoutTables(frame)
	if !ok {
		return frame
	}
	d.withTables = append(d.withTables[:0], frame[:scan]...)
	d.withTables = appendTables(d.withTables)
	d.withTables = append(d.withTables, frame[scan:]...)
	return d.withTables
}

// scanWithoutTables returns the offset of a frame's first scan. It reports false if
// a Huffman table precedes the scan, or if there is no scan.
func scanWithoutTables(frame []byte) (offset int, ok bool) {
	for segment := range jpegsegment.All(frame) {
		switch segment.Marker {
		case jpegsegment.DHT:
			return 0, false
		case jpegsegment.SOS:
			return segment.Offset, true
		}
	}
	return 0, false
}
