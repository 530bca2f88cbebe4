package picture

import (
	"encoding/binary"
	"image"
	"image/color"
)

// white is the background of transparent pixels, in each channel.
const white = 255

// rowReader returns a function that converts row y of an image, counted from its
// top, to packed RGB. It has a case for every type that the decoders return. Opaque
// 8-bit pixels get exactly the values of package color's conversions. 16-bit and
// transparent ones are rounded to nearest, where package color truncates.
func rowReader(img image.Image) func(dst []byte, y int) {
	switch m := img.(type) {
	case *image.YCbCr:
		return func(dst []byte, y int) { ycbcrRow(dst, m, y) }
	case *image.Gray:
		return func(dst []byte, y int) { grayRow(dst, m.Pix[y*m.Stride:]) }
	case *image.Gray16:
		return func(dst []byte, y int) { gray16Row(dst, m.Pix[y*m.Stride:]) }
	case *image.CMYK:
		return func(dst []byte, y int) { cmykRow(dst, m.Pix[y*m.Stride:]) }
	case *image.RGBA:
		return func(dst []byte, y int) { rgbaRow(dst, m.Pix[y*m.Stride:]) }
	case *image.NRGBA:
		return func(dst []byte, y int) { nrgbaRow(dst, m.Pix[y*m.Stride:]) }
	case *image.RGBA64:
		return func(dst []byte, y int) { rgba64Row(dst, m.Pix[y*m.Stride:]) }
	case *image.NRGBA64:
		return func(dst []byte, y int) { nrgba64Row(dst, m.Pix[y*m.Stride:]) }
	case *image.Paletted:
		colours := paletteRGB(m.Palette)
		return func(dst []byte, y int) { palettedRow(dst, m.Pix[y*m.Stride:], colours) }
	default:
		b := img.Bounds()
		return func(dst []byte, y int) { genericRow(dst, img, b.Min.X, b.Min.Y+y) }
	}
}

// ycbcrRow converts by the equations of JFIF with 16 fraction bits, like
// color.YCbCrToRGB. The image's origin is (0, 0), as in every decoded JPEG.
func ycbcrRow(dst []byte, m *image.YCbCr, y int) {
	luma := m.Y[m.YOffset(0, y):][:len(dst)/3]
	chroma := m.COffset(0, y)
	cb, cr := m.Cb[chroma:], m.Cr[chroma:]
	shift := chromaShift(m.SubsampleRatio)
	for x, v := range luma {
		// 65536 * luma, plus a rounding term that grows with luma from 0 to almost
		// 1, which maps black to black and white to white.
		yy := int32(v) * 0x10101
		blue, red := int32(cb[x>>shift])-128, int32(cr[x>>shift])-128
		out := dst[3*x : 3*x+3]
		out[0] = clamp((yy + 91881*red) >> 16)
		out[1] = clamp((yy - 22554*blue - 46802*red) >> 16)
		out[2] = clamp((yy + 116130*blue) >> 16)
	}
}

// chromaShift returns the binary logarithm of the horizontal subsampling factor.
func chromaShift(ratio image.YCbCrSubsampleRatio) int {
	switch ratio {
	case image.YCbCrSubsampleRatio422, image.YCbCrSubsampleRatio420:
		return 1
	case image.YCbCrSubsampleRatio411, image.YCbCrSubsampleRatio410:
		return 2
	default:
		return 0
	}
}

func clamp(v int32) byte { return byte(max(0, min(v, 255))) }

func grayRow(dst, src []byte) {
	for x := range len(dst) / 3 {
		setGrey(dst[3*x:], src[x])
	}
}

func gray16Row(dst, src []byte) {
	for x := range len(dst) / 3 {
		setGrey(dst[3*x:], from16(uint32(binary.BigEndian.Uint16(src[2*x:]))))
	}
}

func setGrey(dst []byte, v byte) { dst[0], dst[1], dst[2] = v, v, v }

func cmykRow(dst, src []byte) {
	for x := range len(dst) / 3 {
		p, out := src[4*x:4*x+4], dst[3*x:3*x+3]
		out[0], out[1], out[2] = color.CMYKToRGB(p[0], p[1], p[2], p[3])
	}
}

// rgbaRow composites premultiplied colours on white.
func rgbaRow(dst, src []byte) {
	for x := range len(dst) / 3 {
		p, out := src[4*x:4*x+4], dst[3*x:3*x+3]
		background := white - p[3]
		out[0], out[1], out[2] = p[0]+background, p[1]+background, p[2]+background
	}
}

func nrgbaRow(dst, src []byte) {
	for x := range len(dst) / 3 {
		p, out := src[4*x:4*x+4], dst[3*x:3*x+3]
		out[0], out[1], out[2] = over(p[0], p[3]), over(p[1], p[3]), over(p[2], p[3])
	}
}

func rgba64Row(dst, src []byte) {
	for x := range len(dst) / 3 {
		p, out := src[8*x:8*x+8], dst[3*x:3*x+3]
		background := 0xffff - uint32(binary.BigEndian.Uint16(p[6:]))
		for c := range out {
			out[c] = from16(uint32(binary.BigEndian.Uint16(p[2*c:])) + background)
		}
	}
}

func nrgba64Row(dst, src []byte) {
	for x := range len(dst) / 3 {
		p, out := src[8*x:8*x+8], dst[3*x:3*x+3]
		alpha := binary.BigEndian.Uint16(p[6:])
		for c := range out {
			out[c] = over16(binary.BigEndian.Uint16(p[2*c:]), alpha)
		}
	}
}

func palettedRow(dst, src []byte, colours *[256][3]byte) {
	for x := range len(dst) / 3 {
		copy(dst[3*x:3*x+3], colours[src[x]][:])
	}
}

func genericRow(dst []byte, img image.Image, left, y int) {
	for x := range len(dst) / 3 {
		c := colourOnWhite(img.At(left+x, y))
		copy(dst[3*x:], c[:])
	}
}

// paletteRGB converts a palette. Indexes beyond its end are black.
func paletteRGB(palette color.Palette) *[256][3]byte {
	var colours [256][3]byte
	for i, c := range palette[:min(len(palette), len(colours))] {
		colours[i] = colourOnWhite(c)
	}
	return &colours
}

// colourOnWhite composites one colour on white.
func colourOnWhite(c color.Color) [3]byte {
	if c, ok := c.(color.NRGBA); ok { // its method RGBA truncates
		return [3]byte{over(c.R, c.A), over(c.G, c.A), over(c.B, c.A)}
	}
	r, g, b, a := c.RGBA()
	background := 0xffff - a
	return [3]byte{from16(r + background), from16(g + background), from16(b + background)}
}

// over composites a channel with the given alpha on white, rounded to nearest.
func over(c, alpha byte) byte {
	return byte((uint32(c)*uint32(alpha) + white*(255-uint32(alpha)) + 127) / 255)
}

// over16 is over for 16-bit values. It rounds only once, to 8 bits.
func over16(c, alpha uint16) byte {
	const to8 = 0xffff * 257 // divides by the alpha's range and reduces the channel to 8 bits
	sum := uint64(c)*uint64(alpha) + 0xffff*(0xffff-uint64(alpha))
	return byte((sum + to8/2) / to8)
}

// from16 converts 0…65535 to 0…255, rounded to nearest: 65535 is 255 * 257.
func from16(v uint32) byte { return byte((v + 128) / 257) }
