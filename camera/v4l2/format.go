//go:build linux && (amd64 || arm64)

package v4l2

import (
	"fmt"
	"slices"
	"unsafe"

	"halfmeg/camera/pixel"
)

// Wishes are what is asked of a device. Zero values leave it to us.
type Wishes struct {
	Width, Height int // the nearest that there is will do
	FourCC        pixel.FourCC
	Rate          float64 // frames a second; the nearest that there is will do
	Controls      []Setting
}

// What is asked for where the wishes say nothing: more than the networks
// see, and not so much that a bus or a processor suffers.
const (
	defaultWidth  = 640
	defaultHeight = 480
	defaultRate   = 30
)

// maxSide is beyond any sensor.
const maxSide = 1 << 14

// Preference are the formats that we take, the cheapest first: packed before
// planes, for a row is then read in one place; less bytes before more; colour
// before grey; and only then what has to be decompressed. A format that lacks
// the wished size or rate comes after one that has it.
var Preference = []pixel.FourCC{
	pixel.YUYV, pixel.UYVY, pixel.NV12, pixel.NV21, pixel.YU12,
	pixel.RGB24, pixel.BGR24, pixel.GREY, pixel.MJPEG,
}

// choice is a format and size to ask a device for.
type choice struct {
	pixels        pixel.FourCC
	width, height int
}

// choose picks what to ask this device for.
func (d *device) choose(w Wishes) (choice, error) {
	codes := d.codes()
	var modes []Mode // without rates: to ask for all would take a while
	for _, code := range codes {
		if slices.Contains(Preference, code) && (w.FourCC == 0 || w.FourCC == code) {
			modes = append(modes, Mode{code, d.sizes(code)})
		}
	}
	c, ok := choose(modes, w, func(c choice) []float64 { return d.rates(c.pixels, c.width, c.height) })
	if ok {
		return c, nil
	}
	wanted := "none of them can be used"
	if w.FourCC != 0 {
		wanted = fmt.Sprintf("%v was asked for", w.FourCC)
	}
	return c, d.wish("it offers the pixel formats %s; %s", inWords(codes), wanted)
}

// choose picks the mode that serves the wishes best. Rates gives those of a
// format and size.
func choose(modes []Mode, w Wishes, rates func(choice) []float64) (choice, bool) {
	width, height := w.Width, w.Height
	if width == 0 || height == 0 {
		width, height = defaultWidth, defaultHeight
	}
	var best choice
	bestRank := 0
	for _, code := range Preference {
		for _, m := range modes {
			if m.FourCC != code {
				continue
			}
			c := nearest(m, width, height)
			if rank := rank(c, width, height, w.Rate, rates); rank > bestRank {
				best, bestRank = c, rank
			}
		}
	}
	return best, bestRank > 0
}

// rank tells how well a choice serves: 3 for size and rate, 2 for the size, 1
// for neither.
func rank(c choice, width, height int, rate float64, rates func(choice) []float64) int {
	const nearly = 0.95 // 29.97 is 30
	if c.width != width || c.height != height {
		return 1
	}
	if rate > 0 {
		if offered := rates(c); len(offered) > 0 && offered[0] < nearly*rate {
			return 2
		}
	}
	return 3
}

// nearest is the smallest size of the mode that covers the wished one, or
// the largest where none does.
func nearest(m Mode, width, height int) choice {
	best := choice{m.FourCC, width, height} // where nothing is known of the sizes
	for i, s := range m.Sizes {
		c := choice{m.FourCC, within(width, s.Width, s.MaxWidth, s.StepX), within(height, s.Height, s.MaxHeight, s.StepY)}
		if i == 0 || nearer(c, best, width, height) {
			best = c
		}
	}
	return best
}

func nearer(a, b choice, width, height int) bool {
	coversA := a.width >= width && a.height >= height
	coversB := b.width >= width && b.height >= height
	if coversA != coversB {
		return coversA
	}
	return (a.width*a.height < b.width*b.height) == coversA && a != b
}

// within is the least value of low, low+step … high that is not below v, or
// the highest of them.
func within(v, low, high, step int) int {
	if v <= low || high <= low {
		return low
	}
	step = max(step, 1)
	return low + min((v-low+step-1)/step, (high-low)/step)*step
}

// image is what the driver says of its pictures, in either interface.
type image struct {
	pixFormat
	planes int
}

// setFormat asks the driver for a format and holds it to its answer: some
// answer with another one and no error.
func (d *device) setFormat(c choice) (pixel.Format, error) {
	got, err := d.askFormat(c)
	if err != nil {
		return pixel.Format{}, explain(d.path, "set the format "+c.pixels.String(), err)
	}
	if pixel.FourCC(got.pixelFormat) != c.pixels {
		return pixel.Format{}, d.wish("asked for %v at %dx%d, it set itself to %v at %dx%d",
			c.pixels, c.width, c.height, pixel.FourCC(got.pixelFormat), got.width, got.height)
	}
	return d.checkFormat(got)
}

func (d *device) askFormat(c choice) (image, error) {
	if d.kind == bufVideoCapture {
		f := formatSingle{kind: d.kind, pix: pixFormat{
			width: uint32(c.width), height: uint32(c.height), pixelFormat: uint32(c.pixels),
			field: fieldNone, private: privateMagic,
		}}
		err := d.ioctl(setFormat, unsafe.Pointer(&f))
		return image{f.pix, 1}, err
	}
	f := formatMPlane{kind: d.kind, pix: pixFormatMPlane{
		width: uint32(c.width), height: uint32(c.height), pixelFormat: uint32(c.pixels),
		field: fieldNone, planes: 1,
	}}
	err := d.ioctl(setFormat, unsafe.Pointer(&f))
	return image{pixFormat{
		width: f.pix.width, height: f.pix.height, pixelFormat: f.pix.pixelFormat, field: f.pix.field,
		bytesPerLine: f.pix.plane[0].bytesPerLine, sizeImage: f.pix.plane[0].sizeImage,
		colorspace: f.pix.colorspace, private: privateMagic,
		ycbcr: uint32(f.pix.ycbcr), quantization: uint32(f.pix.quantization),
	}, int(f.pix.planes)}, err
}

func (d *device) checkFormat(got image) (pixel.Format, error) {
	f := pixel.Format{FourCC: pixel.FourCC(got.pixelFormat)}
	switch {
	case got.planes != 1:
		return f, d.wish("its %v comes in %d pieces of memory; one is read", f.FourCC, got.planes)
	case got.width < 1 || got.height < 1 || got.width > maxSide || got.height > maxSide:
		return f, d.wish("it has pictures of %dx%d pixels; sides of 1…%d can be used", got.width, got.height, maxSide)
	case got.field != fieldNone && got.field != fieldAny && got.field != fieldInterlaced:
		return f, d.wish("its pictures come as separate fields (order %d), which is not supported", got.field)
	}
	f.Width, f.Height = int(got.width), int(got.height)
	f.Matrix, f.Range = colour(f.FourCC, got.pixFormat)
	if f.FourCC == pixel.MJPEG {
		return f, nil
	}
	f.Stride = int(got.bytesPerLine)
	if f.Stride == 0 { // some drivers leave that to us
		f.Stride = f.MinStride()
	}
	if f.Stride < f.MinStride() || f.Stride > 1<<20 || f.Size() > int(got.sizeImage) {
		return f, d.wish("its %v has %d bytes a row and %d in all; %d and %d are needed",
			f, f.Stride, got.sizeImage, f.MinStride(), f.Size())
	}
	return f, nil
}

// Colour spaces, YCbCr encodings and quantizations (enums v4l2_colorspace,
// v4l2_ycbcr_encoding and v4l2_quantization), as far as they matter here.
const (
	spaceSMPTE240M = 2
	spaceREC709    = 3
	spaceJPEG      = 7
	spaceBT2020    = 10
	spaceDCIP3     = 12

	ycbcrDefault = 0
	ycbcrBT709   = 2
	ycbcrXV709   = 4
	ycbcrBT2020  = 6 // this and all above

	quantizationFull    = 1
	quantizationLimited = 2
)

// colour is the matrix and range of what a driver says, with the defaults
// that the kernel's documentation gives each colour space. The matrices of
// SMPTE 240M and BT.2020 are rare; BT.709 is nearest to them.
func colour(code pixel.FourCC, p pixFormat) (pixel.Matrix, pixel.Range) {
	matrix := pixel.BT601
	switch {
	case p.ycbcr == ycbcrDefault:
		switch p.colorspace {
		case spaceREC709, spaceDCIP3, spaceSMPTE240M, spaceBT2020:
			matrix = pixel.BT709
		}
	case p.ycbcr == ycbcrBT709 || p.ycbcr == ycbcrXV709 || p.ycbcr >= ycbcrBT2020:
		matrix = pixel.BT709
	}
	switch {
	case p.quantization == quantizationFull || code == pixel.MJPEG: // JFIF knows no other
		return matrix, pixel.Full
	case p.quantization == quantizationLimited:
		return matrix, pixel.Limited
	case !code.IsYCbCr() || p.colorspace == spaceJPEG:
		return matrix, pixel.Full
	case code == pixel.GREY: // who sends luma alone, as infrared cameras, uses all values
		return matrix, pixel.Full
	default:
		return matrix, pixel.Limited
	}
}
