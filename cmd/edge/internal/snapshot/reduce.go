package snapshot

import (
	"image"
	"math"
	"math/bits"

	"halfmeg/camera/pixel"
)

// reduce scales a picture down by a whole factor and turns it upright. Each pixel is the
// mean of factor*factor pixels; the remainder at the right and lower edge is cut off. Luma
// and chroma stay separate, because the encoder takes them separately.
func reduce(img *pixel.Image, factor int) image.Image {
	width, height := max(1, img.Width/factor), max(1, img.Height/factor)
	switch img.FourCC {
	case pixel.RGB24, pixel.BGR24:
		return reduceRGB(img, factor, width, height)
	case pixel.GREY:
		grey := image.NewGray(image.Rect(0, 0, width, height))
		average(grey.Pix, width, height, lumaOf(img), factor, factor)
		expandRange(img.Range, grey.Pix, nil, nil)
		return orientGrey(grey, img.Rotate, img.Mirror)
	default:
		out := image.NewYCbCr(image.Rect(0, 0, width, height), image.YCbCrSubsampleRatio420)
		average(out.Y, width, height, lumaOf(img), factor, factor)
		cb, cr := chromaOf(img)
		columns, rows := 2*factor/cb.pixelsX, 2*factor/cb.pixelsY
		average(out.Cb, (width+1)/2, (height+1)/2, cb, columns, rows)
		average(out.Cr, (width+1)/2, (height+1)/2, cr, columns, rows)
		expandRange(img.Range, out.Y, out.Cb, out.Cr)
		if img.Matrix == pixel.BT709 {
			toBT601(out)
		}
		return orientYCbCr(out, img.Rotate, img.Mirror)
	}
}

// samples describes the samples of one component in a plane.
type samples struct {
	plane            pixel.Plane
	offset, step     int // of the first byte, and from one sample to the next
	width, height    int // in samples
	pixelsX, pixelsY int // per sample, horizontally and vertically
}

// row returns the bytes of row y, or of the last row if there are fewer.
func (s *samples) row(y int) []byte {
	return s.plane.Data[min(y, s.height-1)*s.plane.Stride+s.offset:]
}

// lumaOf returns the samples of Y.
func lumaOf(img *pixel.Image) samples {
	s := samples{plane: img.Planes[0], step: 1, width: img.Width, height: img.Height, pixelsX: 1, pixelsY: 1}
	switch img.FourCC {
	case pixel.YUYV, pixel.YVYU:
		s.step = 2
	case pixel.UYVY:
		s.step, s.offset = 2, 1
	}
	return s
}

// chromaOf returns the samples of Cb and Cr.
func chromaOf(img *pixel.Image) (cb, cr samples) {
	s := samples{width: (img.Width + 1) / 2, height: (img.Height + 1) / 2, pixelsX: 2, pixelsY: 2}
	var first, second samples
	switch img.FourCC {
	case pixel.YUYV, pixel.YVYU, pixel.UYVY:
		s.plane, s.step, s.height, s.pixelsY = img.Planes[0], 4, img.Height, 1
		first, second = s, s
		first.offset, second.offset = 1, 3
		if img.FourCC == pixel.UYVY {
			first.offset, second.offset = 0, 2
		}
	case pixel.NV12, pixel.NV21:
		s.plane, s.step = img.Planes[1], 2
		first, second = s, s
		second.offset = 1
	default:
		if img.FourCC == pixel.YUV422P || img.FourCC == pixel.YUV444P {
			s.height, s.pixelsY = img.Height, 1
		}
		if img.FourCC == pixel.YUV444P {
			s.width, s.pixelsX = img.Width, 1
		}
		first, second = s, s
		first.plane, first.step = img.Planes[1], 1
		second.plane, second.step = img.Planes[2], 1
	}
	if img.FourCC.CrFirst() {
		return second, first
	}
	return first, second
}

// average computes width*height means, each of columns*rows samples.
func average(dst []byte, width, height int, s samples, columns, rows int) {
	sums := make([]uint32, width)
	area := uint32(columns * rows)
	for y := range height {
		clear(sums)
		r := 0
		for ; columns == 2 && r+1 < rows; r += 2 {
			addPairs(sums, s.row(y*rows+r), s.row(y*rows+r+1), s.step, s.width)
		}
		for ; r < rows; r++ {
			addRow(sums, s.row(y*rows+r), s.step, columns, s.width)
		}
		divide(dst[y*width:][:width], sums, area)
	}
}

// divide computes the rounded quotients. It shifts for areas that are powers of two, as for
// the factors 1, 2 and 4: a Cortex-A72 shifts in one cycle and divides in ten.
func divide(out []byte, sums []uint32, area uint32) {
	half := area / 2
	if area&(area-1) == 0 {
		shift := bits.TrailingZeros32(area) & 31
		for x, sum := range sums {
			out[x] = byte((sum + half) >> shift)
		}
		return
	}
	for x, sum := range sums {
		out[x] = byte((sum + half) / area)
	}
}

// addRow adds the samples of a row to the sums, columns samples to each. The loop for one
// column, the factor of small pictures, is specialised: it is several times as fast.
func addRow(sums []uint32, row []byte, step, columns, width int) {
	whole := min(len(sums), width/columns) // sums with all of their samples
	if columns == 1 {
		for x, i := 0, 0; x < whole; x, i = x+1, i+step {
			sums[x] += uint32(row[i])
		}
	} else {
		for x := range whole {
			for i := range columns {
				sums[x] += uint32(row[(x*columns+i)*step])
			}
		}
	}
	addLast(sums, row, step, columns, width)
}

// addPairs is addRow for two rows with two columns, the factor of most pictures.
func addPairs(sums []uint32, row, next []byte, step, width int) {
	for x, i := 0, 0; x < min(len(sums), width/2); x, i = x+1, i+2*step {
		sums[x] += uint32(row[i]) + uint32(row[i+step]) + uint32(next[i]) + uint32(next[i+step])
	}
	addLast(sums, row, step, 2, width)
	addLast(sums, next, step, 2, width)
}

// addLast completes the sums at the end of a row whose width is not a multiple of columns:
// it repeats the last sample.
func addLast(sums []uint32, row []byte, step, columns, width int) {
	for x := min(len(sums), width/columns); x < len(sums); x++ {
		for i := range columns {
			sums[x] += uint32(row[min(x*columns+i, width-1)*step])
		}
	}
}

// reduceRGB is reduce for packed RGB.
func reduceRGB(img *pixel.Image, factor, width, height int) image.Image {
	red, blue := 0, 2
	if img.FourCC == pixel.BGR24 {
		red, blue = 2, 0
	}
	out := image.NewRGBA(image.Rect(0, 0, width, height))
	sums := make([]uint32, 3*width)
	area := uint32(factor * factor)
	for y := range height {
		clear(sums)
		for r := range factor {
			row := img.Planes[0].Data[min(y*factor+r, img.Height-1)*img.Planes[0].Stride:]
			for x := range width {
				for i := range factor {
					at := 3 * min(x*factor+i, img.Width-1)
					sums[3*x] += uint32(row[at+red])
					sums[3*x+1] += uint32(row[at+1])
					sums[3*x+2] += uint32(row[at+blue])
				}
			}
		}
		for x := range width {
			p := out.Pix[y*out.Stride+4*x:][:4]
			for c := range 3 {
				p[c] = byte((sums[3*x+c] + area/2) / area)
			}
			p[3] = 255
		}
	}
	return orientRGBA(out, img.Rotate, img.Mirror)
}

// expandRange converts samples of limited range to full range, which JPEG uses.
func expandRange(r pixel.Range, y, cb, cr []byte) {
	if r != pixel.Limited {
		return
	}
	var luma, chroma [256]byte
	for v := range 256 {
		luma[v] = clamp(float64(v-16) * 255 / 219)
		chroma[v] = clamp(128 + float64(v-128)*255/224)
	}
	translate(y, &luma)
	translate(cb, &chroma)
	translate(cr, &chroma)
}

func translate(samples []byte, table *[256]byte) {
	for i, v := range samples {
		samples[i] = table[v]
	}
}

// The weights of red and blue in luma, from ITU-R BT.601 and BT.709.
const (
	red601, blue601 = 0.299, 0.114
	red709, blue709 = 0.2126, 0.0722
)

// toBT601 converts a picture from BT.709 to BT.601, which JPEG uses. With full range
// R-Y = 2(1-r)(Cr-128) and B-Y = 2(1-b)(Cb-128), where r and b are the weights of red
// and blue. Luma uses the mean chroma of its 2x2 pixels.
func toBT601(img *image.YCbCr) {
	const green709 = 1 - red709 - blue709
	// The contributions of Cb and Cr to R, G and B in BT.709, then to Y, Cb and Cr in
	// BT.601.
	const (
		redOfCr    = 2 * (1 - red709)
		blueOfCb   = 2 * (1 - blue709)
		greenOfCr  = -redOfCr * red709 / green709
		greenOfCb  = -blueOfCb * blue709 / green709
		lumaOfCb   = blue601*blueOfCb + (1-red601-blue601)*greenOfCb
		lumaOfCr   = red601*redOfCr + (1-red601-blue601)*greenOfCr
		cbOfCb     = (blueOfCb - lumaOfCb) / (2 * (1 - blue601))
		cbOfCr     = -lumaOfCr / (2 * (1 - blue601))
		crOfCr     = (redOfCr - lumaOfCr) / (2 * (1 - red601))
		crOfCb     = -lumaOfCb / (2 * (1 - red601))
		halfOfByte = 128
	)
	width, height := img.Rect.Dx(), img.Rect.Dy()
	for y := range height {
		for x := range width {
			c := y/2*img.CStride + x/2
			cb, cr := float64(img.Cb[c])-halfOfByte, float64(img.Cr[c])-halfOfByte
			i := y*img.YStride + x
			img.Y[i] = clamp(float64(img.Y[i]) + lumaOfCb*cb + lumaOfCr*cr)
		}
	}
	for c := range img.Cb {
		cb, cr := float64(img.Cb[c])-halfOfByte, float64(img.Cr[c])-halfOfByte
		img.Cb[c] = clamp(halfOfByte + cbOfCb*cb + cbOfCr*cr)
		img.Cr[c] = clamp(halfOfByte + crOfCb*cb + crOfCr*cr)
	}
}

func clamp(v float64) byte { return byte(min(max(math.Round(v), 0), 255)) }
