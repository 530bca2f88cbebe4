package picture

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"iter"
)

// JPEG markers (ITU-T T.81, table B.1).
const (
	markerSOF0  = 0xc0 // start of frame: baseline
	markerSOF15 = 0xcf // the last kind of frame
	markerDHT   = 0xc4 // Huffman tables
	markerJPG   = 0xc8 // reserved
	markerDAC   = 0xcc // arithmetic coding's conditioning
	markerSOS   = 0xda // start of scan: the header ends
	markerAPP1  = 0xe1 // Exif, among others
)

// jpegSegments walks the marker segments before a JPEG's first scan: marker
// and content of each, as long as they are whole.
func jpegSegments(file []byte) iter.Seq2[byte, []byte] {
	return func(yield func(byte, []byte) bool) {
		rest := file[min(2, len(file)):] // after SOI
		for len(rest) >= 4 && rest[0] == 0xff && rest[1] != markerSOS {
			if rest[1] == 0xff { // a fill byte
				rest = rest[1:]
				continue
			}
			end := 2 + int(binary.BigEndian.Uint16(rest[2:]))
			if end < 4 || end > len(rest) || !yield(rest[1], rest[4:end]) {
				return
			}
			rest = rest[end:]
		}
	}
}

// maxScans bounds the work for a JPEG: each scan goes over the whole picture.
// Encoders make about ten.
const maxScans = 100

// checkJPEG names the kinds of JPEG that Go's decoder does not know. All but
// baseline, extended and progressive with Huffman coding and 8 bits are rare.
func checkJPEG(file []byte) error {
	if n := bytes.Count(file, []byte{0xff, markerSOS}); n > maxScans {
		return fmt.Errorf("a JPEG in %d scans: at most %d are decoded", n, maxScans)
	}
	for marker, segment := range jpegSegments(file) {
		if !startsFrame(marker) || len(segment) == 0 {
			continue
		}
		kind := marker - markerSOF0
		switch {
		case kind >= 8:
			return notSupported("arithmetic-coded JPEGs")
		case kind >= 3:
			return notSupported("lossless and hierarchical JPEGs")
		case segment[0] != 8:
			return notSupported(fmt.Sprintf("%d-bit JPEGs", segment[0]))
		}
		return nil
	}
	return nil
}

func startsFrame(marker byte) bool {
	return marker >= markerSOF0 && marker <= markerSOF15 &&
		marker != markerDHT && marker != markerJPG && marker != markerDAC
}

// jpegExif finds the Exif data in the segment APP1, or gives nil.
func jpegExif(file []byte) []byte {
	for marker, segment := range jpegSegments(file) {
		if marker == markerAPP1 {
			if exif, ok := bytes.CutPrefix(segment, []byte("Exif\x00\x00")); ok {
				return exif
			}
		}
	}
	return nil
}
