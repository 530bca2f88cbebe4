// Package jpegsegment walks the marker segments of a JPEG's header.
package jpegsegment

import (
	"encoding/binary"
	"iter"
)

// Markers (ITU-T T.81, table B.1).
const (
	SOF0  = 0xc0 // start of frame: baseline
	SOF1  = 0xc1 // start of frame: extended sequential
	SOF15 = 0xcf // the last of the start of frame markers
	DHT   = 0xc4 // Huffman tables
	JPG   = 0xc8 // reserved
	DAC   = 0xcc // arithmetic coding conditioning
	RST0  = 0xd0 // restart; RST0 to RST7 follow each other
	RST7  = 0xd7
	SOI   = 0xd8 // start of image
	SOS   = 0xda // start of scan
	DQT   = 0xdb // quantization tables
	DRI   = 0xdd // restart interval
	APP0  = 0xe0 // JFIF
	APP1  = 0xe1 // Exif, among others
	APP2  = 0xe2 // the Multi-Picture Format, among others
	APP14 = 0xee // Adobe's colour transform
	APP15 = 0xef
	COM   = 0xfe // comment
	EOI   = 0xd9 // end of image
)

// Segment is a marker segment.
type Segment struct {
	Marker byte
	Offset int    // of the marker's 0xff byte
	Data   []byte // without marker and length; nil for SOS
}

// All yields the segments after SOI up to the first SOS. It stops at a segment
// that is truncated or malformed.
func All(file []byte) iter.Seq[Segment] {
	return func(yield func(Segment) bool) {
		at := 2 // after SOI
		for at+4 <= len(file) && file[at] == 0xff {
			switch marker := file[at+1]; marker {
			case 0xff: // a fill byte
				at++
			case SOS:
				yield(Segment{Marker: SOS, Offset: at})
				return
			default:
				length := int(binary.BigEndian.Uint16(file[at+2:])) // counts itself
				end := at + 2 + length
				if length < 2 || end > len(file) || !yield(Segment{marker, at, file[at+4 : end]}) {
					return
				}
				at = end
			}
		}
	}
}
