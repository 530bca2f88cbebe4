package picture

import "encoding/binary"

// orientation is the value of the Exif tag Orientation (Exif 2.32, section 4.6.4
// A). The names say how to transform the stored picture for display.
type orientation uint8

const (
	identity       orientation = 1
	flipHorizontal orientation = 2 // swap left and right
	rotate180      orientation = 3
	flipVertical   orientation = 4 // swap top and bottom
	transpose      orientation = 5 // mirror at the diagonal from the top left
	rotate90       orientation = 6 // clockwise
	transverse     orientation = 7 // mirror at the diagonal from the top right
	rotate270      orientation = 8 // clockwise
)

// An entry of a TIFF directory holds tag, type, count and value.
const (
	entrySize      = 12
	tagOrientation = 0x0112
	typeShort      = 3
)

// readOrientation reads the tag from the first directory of Exif data, which have
// the structure of a TIFF file (TIFF 6.0, section 2). Malformed data, which are
// common, mean identity.
func readOrientation(exif []byte) orientation {
	order, ok := byteOrder(exif)
	if !ok {
		return identity
	}
	start := order.Uint32(exif[4:])
	if uint64(start)+2 > uint64(len(exif)) {
		return identity
	}
	entries := exif[start+2:]
	for range order.Uint16(exif[start:]) {
		if len(entries) < entrySize {
			break
		}
		if order.Uint16(entries) == tagOrientation && order.Uint16(entries[2:]) == typeShort {
			if v := order.Uint16(entries[8:]); v >= uint16(identity) && v <= uint16(rotate270) {
				return orientation(v)
			}
			break
		}
		entries = entries[entrySize:]
	}
	return identity
}

// byteOrder reads the eight-byte TIFF header: II or MM, 42 and the offset of the
// first directory.
func byteOrder(tiff []byte) (binary.ByteOrder, bool) {
	if len(tiff) < 8 {
		return nil, false
	}
	switch string(tiff[:4]) {
	case "II*\x00":
		return binary.LittleEndian, true
	case "MM\x00*":
		return binary.BigEndian, true
	}
	return nil, false
}

// mapping maps the pixels of a stored picture to indexes of pixels in the oriented
// one. Pixel (x, y) goes to origin + x*stepX + y*stepY.
type mapping struct {
	width, height        int // of the oriented picture
	origin, stepX, stepY int
}

// mapping returns the mapping of a stored picture of w x h pixels.
func (o orientation) mapping(w, h int) mapping {
	last := w*h - 1
	switch o {
	case flipHorizontal:
		return mapping{w, h, w - 1, -1, w}
	case rotate180:
		return mapping{w, h, last, -1, -w}
	case flipVertical:
		return mapping{w, h, last - (w - 1), 1, -w}
	case transpose:
		return mapping{h, w, 0, h, 1}
	case rotate90:
		return mapping{h, w, h - 1, h, -1}
	case transverse:
		return mapping{h, w, last, -h, -1}
	case rotate270:
		return mapping{h, w, last - (h - 1), -h, 1}
	default:
		return mapping{w, h, 0, 1, w}
	}
}
