// Package mjpeg decodes the frames of cameras that send each as a JPEG.
package mjpeg

import (
	"halfmeg/camera/internal/jpegsegment"
	"halfmeg/camera/picture"
)

// Decoder decodes frames of one size. It keeps its memory from whole frame to
// whole frame; what is garbage after each is less than the frame as RGB.
type Decoder struct {
	width, height int
	pix           []byte
	completed     []byte // a frame with the tables that it lacked
}

// NewDecoder makes a Decoder for frames of that size in pixels.
func NewDecoder(width, height int) *Decoder {
	return &Decoder{width: width, height: height}
}

// Decode decodes a frame to packed RGB, row by row, which is valid until the
// next Decode. Bytes after the frame's end do not matter.
func (d *Decoder) Decode(frame []byte) ([]byte, error) {
	pix, err := picture.DecodeFrame(d.pix, d.complete(frame), d.width, d.height)
	if err != nil {
		return nil, err
	}
	d.pix = pix
	return pix, nil
}

// complete gives the frame its Huffman tables where it has none: cameras
// leave them out, for in their frames they are always the same.
func (d *Decoder) complete(frame []byte) []byte {
	scan, ok := bareScan(frame)
	if !ok {
		return frame
	}
	d.completed = append(d.completed[:0], frame[:scan]...)
	d.completed = appendTables(d.completed)
	d.completed = append(d.completed, frame[scan:]...)
	return d.completed
}

// bareScan finds where the first scan of a frame without Huffman tables
// starts.
func bareScan(frame []byte) (at int, ok bool) {
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
