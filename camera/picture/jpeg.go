package picture

import (
	"bytes"
	"fmt"

	"halfmeg/camera/internal/jpegsegment"
)

// maxScans bounds the work for a progressive JPEG: each scan covers the whole
// picture. Encoders write about ten.
const maxScans = 100

// checkJPEG rejects the kinds of JPEG that image/jpeg cannot decode. It decodes
// baseline, extended sequential and progressive JPEGs with Huffman coding and 8
// bits; all others are rare.
func checkJPEG(file []byte) error {
	if n := bytes.Count(file, []byte{0xff, jpegsegment.SOS}); n > maxScans {
		return fmt.Errorf("a JPEG with %d scans: at most %d are supported", n, maxScans)
	}
	for segment := range jpegsegment.All(file) {
		if !isSOF(segment.Marker) || len(segment.Data) == 0 {
			continue
		}
		process := segment.Marker - jpegsegment.SOF0 // the number n of SOFn
		precision := segment.Data[0]
		switch {
		case process >= 8:
			return notSupported("arithmetic-coded JPEGs")
		case process >= 3:
			return notSupported("lossless and hierarchical JPEGs")
		case precision != 8:
			return notSupported(fmt.Sprintf("%d-bit JPEGs", precision))
		}
		return nil
	}
	return nil
}

// isSOF reports whether a marker starts a frame header, SOF0 to SOF15, which share
// their range with three others.
func isSOF(marker byte) bool {
	return marker >= jpegsegment.SOF0 && marker <= jpegsegment.SOF15 &&
		marker != jpegsegment.DHT && marker != jpegsegment.JPG && marker != jpegsegment.DAC
}

// jpegExif returns the Exif data of segment APP1, or nil if there are none.
func jpegExif(file []byte) []byte {
	for segment := range jpegsegment.All(file) {
		if segment.Marker == jpegsegment.APP1 {
			if exif, ok := bytes.CutPrefix(segment.Data, []byte("Exif\x00\x00")); ok {
				return exif
			}
		}
	}
	return nil
}
