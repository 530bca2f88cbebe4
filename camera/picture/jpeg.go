package picture

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"io"

	"halfmeg/camera/internal/jpegcut"
	"halfmeg/camera/internal/jpegsegment"
	"halfmeg/camera/internal/jpegtables"
)

// HeadSize is the number of bytes in which a file's format is recognised. Cameras
// write up to a few dozen bytes before a JPEG, and a saved multipart stream
// starts with a header.
const HeadSize = 512

// IndexJPEG returns where a JPEG starts in the first bytes of a file, or -1 if the
// file is of another format.
func IndexJPEG(head []byte) int {
	if f, err := recognise(head); err == nil {
		if f == jpegFormat {
			return 0
		}
		return -1
	} else if !errors.Is(err, ErrUnknown) {
		return -1
	}
	return jpegcut.Index(head)
}

// Errors of image/jpeg where a marker comes too early.
const (
	noScan       = jpeg.FormatError("missing SOS marker")
	markerInScan = jpeg.FormatError("missing 0xff00 sequence")
)

// readJPEG decodes a JPEG as cameras write it. If data are missing, not only the end
// marker, the decoder finds out.
func readJPEG(file []byte) (image.Image, error) {
	parts, ended := completeParts(file)
	readers := make([]io.Reader, len(parts))
	for i, part := range parts {
		readers[i] = bytes.NewReader(part)
	}
	img, err := jpeg.Decode(io.MultiReader(readers...))
	if !ended && (errors.Is(err, noScan) || errors.Is(err, markerInScan)) {
		err = io.ErrUnexpectedEOF
	}
	return img, err
}

// AppendFile appends the JPEG of a stream to dst as a file that every program reads:
// without bytes before its start, with Huffman tables and with an end marker. It
// does not check the frame.
func AppendFile(dst, frame []byte) []byte {
	parts, _ := completeParts(jpegcut.Trim(frame))
	for _, part := range parts {
		dst = append(dst, part...)
	}
	return dst
}

// completeParts returns the parts of a JPEG file. A frame that lacks the Huffman
// tables gets the typical ones, and one that lacks its end marker gets one; ended
// reports whether it had one.
func completeParts(frame []byte) (parts [][]byte, ended bool) {
	parts = [][]byte{frame}
	if scan, ok := scanWithoutTables(frame); ok {
		parts = [][]byte{frame[:scan], jpegtables.Segments, frame[scan:]}
	}
	eoi := []byte{0xff, jpegsegment.EOI}
	ended = bytes.HasSuffix(bytes.TrimRight(frame, "\x00"), eoi)
	if !ended {
		parts = append(parts, eoi)
	}
	return parts, ended
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
	sof, process := frameHeader(file)
	switch {
	case sof == nil:
	case process >= 8:
		return notSupported("arithmetic-coded JPEGs")
	case process >= 3:
		return notSupported("lossless and hierarchical JPEGs")
	case sof[0] != 8:
		return notSupported(fmt.Sprintf("%d-bit JPEGs", sof[0]))
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
