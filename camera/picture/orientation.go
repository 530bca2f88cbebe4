package picture

import "encoding/binary"

// orientation is Exif's tag of that name (Exif 2.32, section 4.6.4 A): which
// way the stored picture must be turned to stand upright. The names say what
// to do with it.
type orientation uint8

const (
	upright    orientation = 1
	mirror     orientation = 2 // left and right change places
	turn180    orientation = 3
	flip       orientation = 4 // top and bottom change places
	transpose  orientation = 5 // mirrored at the diagonal from the top left
	turnRight  orientation = 6 // a quarter, clockwise
	transverse orientation = 7 // mirrored at the diagonal from the top right
	turnLeft   orientation = 8 // a quarter, anticlockwise
)

// A TIFF directory's entries: tag, type, count, value.
const (
	entrySize      = 12
	tagOrientation = 0x0112
	typeShort      = 3
)

// readOrientation reads the tag from the first directory of Exif data, which
// has TIFF's structure (TIFF 6.0, section 2). Broken data, common in the
// wild, leave the picture as it is stored.
func readOrientation(exif []byte) orientation {
	order, ok := byteOrder(exif)
	if !ok {
		return upright
	}
	start := order.Uint32(exif[4:])
	if uint64(start)+2 > uint64(len(exif)) {
		return upright
	}
	entries := exif[start+2:]
	for range order.Uint16(exif[start:]) {
		if len(entries) < entrySize {
			break
		}
		if order.Uint16(entries) == tagOrientation && order.Uint16(entries[2:]) == typeShort {
			if v := order.Uint16(entries[8:]); v >= uint16(upright) && v <= uint16(turnLeft) {
				return orientation(v)
			}
			break
		}
		entries = entries[entrySize:]
	}
	return upright
}

// byteOrder reads TIFF's eight-byte header: II or MM, 42 and the place of the
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

// layout says where the pixels of a stored picture go in the upright one:
// the stored top left pixel to index origin, its right neighbour right
// pixels further, the one below it down pixels further.
type layout struct {
	width, height       int // of the upright picture
	origin, right, down int
}

// layout gives the places for a stored picture of w x h pixels.
func (o orientation) layout(w, h int) layout {
	last := w*h - 1
	switch o {
	case mirror:
		return layout{w, h, w - 1, -1, w}
	case turn180:
		return layout{w, h, last, -1, -w}
	case flip:
		return layout{w, h, last - (w - 1), 1, -w}
	case transpose:
		return layout{h, w, 0, h, 1}
	case turnRight:
		return layout{h, w, h - 1, h, -1}
	case transverse:
		return layout{h, w, last, -h, -1}
	case turnLeft:
		return layout{h, w, last - (h - 1), -h, 1}
	default:
		return layout{w, h, 0, 1, w}
	}
}
