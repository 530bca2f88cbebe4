package multipart

import (
	"bytes"
	"encoding/binary"

	"halfmeg/camera/internal/jpegsegment"
)

// Markers (ITU-T T.81, table B.1) that package jpegsegment does not define.
const (
	restart0     = 0xd0 // the first of 8 restart markers
	startOfImage = 0xd8 // SOI
	endOfImage   = 0xd9 // EOI
)

// jpegScan walks the markers of a JPEG as it arrives. It looks into no segment: an
// Exif thumbnail is a JPEG with an EOI of its own.
type jpegScan struct {
	at     int  // offset of what is read next; may be beyond the data
	inScan bool // at is in entropy-coded data, where 0xff is followed by 0 or starts a marker
}

// scanOutcome is why a walk has stopped.
type scanOutcome int

const (
	scanMore scanOutcome = iota // the data ends within the JPEG
	scanEOI                     // offset is after EOI
	scanSOI                     // another JPEG starts at offset
)

// advance walks as far as the data goes, which starts with SOI. Damaged segments
// are skipped byte by byte, as entropy-coded data.
func (s *jpegScan) advance(data []byte) (offset int, outcome scanOutcome) {
	s.at = max(s.at, 2)
	for {
		if s.inScan {
			i := -1
			if s.at < len(data) {
				i = bytes.IndexByte(data[s.at:], 0xff)
			}
			if i < 0 {
				s.at = max(s.at, len(data))
				return 0, scanMore
			}
			s.at += i
		}
		if s.at+4 > len(data) && !hasMarker(data, s.at) {
			return 0, scanMore
		}
		if data[s.at] != 0xff {
			s.inScan = true
			continue
		}
		switch marker := data[s.at+1]; {
		case marker == 0xff: // a fill byte
			s.at++
		case marker == endOfImage:
			return s.at + 2, scanEOI
		case marker == startOfImage && s.at > 2:
			return s.at, scanSOI
		case marker < jpegsegment.SOF0, marker >= restart0 && marker <= startOfImage: // in a scan: data, or damage
			s.at += 2
		default:
			length := int(binary.BigEndian.Uint16(data[s.at+2:])) // counts itself
			s.inScan = marker == jpegsegment.SOS || length < 2
			s.at += 2 + length
		}
	}
}

// hasMarker reports whether the data ends with a marker at an offset that needs no
// length to follow.
func hasMarker(data []byte, at int) bool {
	if at+2 > len(data) || data[at] != 0xff {
		return false
	}
	marker := data[at+1]
	return marker < jpegsegment.SOF0 || marker == 0xff || marker >= restart0 && marker <= endOfImage
}
