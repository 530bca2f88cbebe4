package pixel

import (
	"encoding/binary"
	"fmt"
	"slices"
)

// Unpacked returns the format that Unpack converts c to: c itself if networks read it
// as it is.
func (c FourCC) Unpacked() FourCC {
	switch c {
	case RGB565:
		return RGB24
	case Y10, Y16:
		return GREY
	}
	return c
}

// Unpacked returns the format of a picture after Unpack.
func (f Format) Unpacked() Format {
	if code := f.FourCC.Unpacked(); code != f.FourCC {
		f.FourCC = code
		f.Stride = f.MinStride()
	}
	return f
}

// Unpack converts a picture in RGB565 to RGB24, and one in Y10 or Y16 to GREY. It uses
// the memory of dst if that suffices.
func (f Format) Unpack(dst, data []byte) ([]byte, error) {
	to := f.Unpacked()
	if to.FourCC == f.FourCC {
		return nil, fmt.Errorf("%v needs no conversion", f.FourCC)
	}
	if len(data) < f.Size() {
		return nil, fmt.Errorf("%v has %d bytes: it needs %d", f, len(data), f.Size())
	}
	dst = slices.Grow(dst[:0], to.Size())[:to.Size()]
	for y := range f.Height {
		row := data[y*f.Stride:][:2*f.Width]
		out := dst[y*to.Stride:][:to.Stride]
		switch f.FourCC {
		case RGB565:
			unpackRGB565(out, row)
		case Y10:
			unpackGrey(out, row, 2)
		case Y16:
			unpackGrey(out, row, 8)
		}
	}
	return dst, nil
}

// unpackRGB565 repeats the upper bits of each channel in its lower ones, so that the
// highest value becomes 255.
func unpackRGB565(dst, row []byte) {
	for x := range len(row) / 2 {
		v := binary.LittleEndian.Uint16(row[2*x:])
		r, g, b := byte(v>>11), byte(v>>5&63), byte(v&31)
		out := dst[3*x : 3*x+3]
		out[0], out[1], out[2] = r<<3|r>>2, g<<2|g>>4, b<<3|b>>2
	}
}

// unpackGrey drops the lower bits. Bits above 8 others are zero in valid pictures.
func unpackGrey(dst, row []byte, shift int) {
	for x := range len(row) / 2 {
		dst[x] = byte(min(binary.LittleEndian.Uint16(row[2*x:])>>shift, 255))
	}
}
