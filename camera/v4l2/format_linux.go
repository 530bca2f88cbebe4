//go:build amd64 || arm64

package v4l2

import (
	"cmp"
	"fmt"
	"slices"
	"time"
	"unsafe"

	"halfmeg/camera/internal/deviceerr"
	"halfmeg/camera/pixel"
)

// Config selects what a device delivers. Zero values select a default.
type Config struct {
	Width, Height int // in pixels; the nearest size that the device offers is used
	FourCC        pixel.FourCC
	Rate          float64 // frames per second; the nearest that the device offers is used
	Controls      []Setting

	// Patience is how long a frame may take. By default it is 10 s for the first one,
	// and for others 2 s plus the time of three.
	Patience time.Duration
}

// Defaults: more pixels than the networks read, but few enough for a slow bus or
// processor.
const (
	defaultWidth  = 640
	defaultHeight = 480
	defaultRate   = 30
)

// maxSide bounds a picture's sides in pixels. No sensor is larger.
const maxSide = 1 << 14

// preference lists the supported pixel formats, the cheapest to process first:
// packed before planar (a row is read from one place), fewer bytes before more,
// colour before grey, uncompressed before MJPEG. A format that offers the size
// and rate requested is preferred to any that does not.
var preference = []pixel.FourCC{
	pixel.YUYV, pixel.UYVY, pixel.YVYU, pixel.NV12, pixel.NV21, pixel.YU12, pixel.YV12,
	pixel.RGB24, pixel.BGR24, pixel.RGB565, pixel.GREY, pixel.Y10, pixel.Y16, pixel.MJPEG, pixel.JPEG,
}

// canonical returns the format in which a driver's format is delivered: some drivers,
// such as gspca's, call MJPEG JPEG.
func canonical(code pixel.FourCC) pixel.FourCC {
	if code.IsJPEG() {
		return pixel.MJPEG
	}
	return code
}

// choice is a format and size to set.
type choice struct {
	fourCC        pixel.FourCC
	width, height int
}

// choose selects the format and size to set.
func (d *device) choose(c Config) (choice, error) {
	codes := d.fourCCs()
	var modes []Mode // without rates, which take long to enumerate
	for _, code := range codes {
		if slices.Contains(preference, code) && (c.FourCC == 0 || canonical(c.FourCC) == canonical(code)) {
			modes = append(modes, Mode{code, d.sizes(code)})
		}
	}
	best, ok := choose(modes, c, func(c choice) []float64 { return d.rates(c.fourCC, c.width, c.height) })
	if ok {
		return best, nil
	}
	if len(codes) == 0 {
		return best, deviceerr.New(d.path, noFormat, nil) // retrying helps
	}
	reason := "none of them is supported"
	if c.FourCC != 0 {
		reason = fmt.Sprintf("%v was requested", c.FourCC)
	}
	return best, d.unsupported("it offers the pixel formats %s; %s", joinFourCCs(codes), reason)
}

// choose selects the mode that fits the configuration best. Function rates
// enumerates the rates of a format and size.
func choose(modes []Mode, c Config, rates func(choice) []float64) (choice, bool) {
	width, height := c.Width, c.Height
	if width == 0 || height == 0 {
		width, height = defaultWidth, defaultHeight
	}
	rate := cmp.Or(c.Rate, defaultRate)
	var best merit
	found := false
	for _, code := range preference {
		for _, m := range modes {
			if m.FourCC != code {
				continue
			}
			candidate := nearest(m, width, height)
			merit := merit{candidate, candidate.width == width && candidate.height == height, reached(rates(candidate), rate)}
			if !found || merit.exceeds(best) {
				best, found = merit, true
			}
		}
	}
	return best.choice, found
}

// merit is how well a choice matches the configuration.
type merit struct {
	choice
	exact bool    // whether it has the size requested
	rate  float64 // what it reaches, up to the rate requested
}

// exceeds reports whether m is better than n, a choice that is cheaper to process.
// Rates of different sizes are not compared.
func (m merit) exceeds(n merit) bool {
	const tolerance = 0.95 // 29.97 passes for 30
	if m.exact != n.exact {
		return m.exact
	}
	return m.width == n.width && m.height == n.height && tolerance*m.rate > n.rate
}

// reached returns the highest rate offered, up to the one requested. A driver that
// lists no rates is assumed to reach it.
func reached(offered []float64, rate float64) float64 {
	if len(offered) == 0 {
		return rate
	}
	return min(offered[0], rate)
}

// nearest returns the smallest size of the mode that covers the given one, or
// the largest if none does.
func nearest(m Mode, width, height int) choice {
	best := choice{m.FourCC, width, height} // if the driver does not enumerate sizes
	for i, s := range m.Sizes {
		c := choice{m.FourCC, roundUp(width, s.Width, s.MaxWidth, s.StepX), roundUp(height, s.Height, s.MaxHeight, s.StepY)}
		if i == 0 || nearer(c, best, width, height) {
			best = c
		}
	}
	return best
}

// nearer reports whether a fits the given size better than b.
func nearer(a, b choice, width, height int) bool {
	coversA := a.width >= width && a.height >= height
	coversB := b.width >= width && b.height >= height
	if coversA != coversB {
		return coversA
	}
	return (a.width*a.height < b.width*b.height) == coversA && a != b
}

// roundUp returns the least of low, low+step … high that is at least v, or the
// greatest of them.
func roundUp(v, low, high, step int) int {
	if v <= low || high <= low {
		return low
	}
	step = max(step, 1)
	return low + min((v-low+step-1)/step, (high-low)/step)*step
}

// driverFormat is a driver's format from either interface, single-planar or
// multi-planar.
type driverFormat struct {
	pixFormat
	planes int
}

// setFormat sets a format and checks what the driver has set: some drivers set
// another one and report no error.
func (d *device) setFormat(c choice) (pixel.Format, error) {
	got, err := d.negotiateFormat(c)
	if err != nil {
		return pixel.Format{}, explain(d.path, "set the format "+c.fourCC.String(), err)
	}
	if pixel.FourCC(got.pixelFormat) != c.fourCC {
		return pixel.Format{}, d.unsupported("requested %v at %dx%d, but the driver set %v at %dx%d",
			c.fourCC, c.width, c.height, pixel.FourCC(got.pixelFormat), got.width, got.height)
	}
	return d.checkFormat(got)
}

// negotiateFormat calls VIDIOC_S_FMT, by which the driver replaces values that it
// does not support.
func (d *device) negotiateFormat(c choice) (driverFormat, error) {
	if d.kind == bufTypeVideoCapture {
		f := formatSingle{kind: d.kind, pix: pixFormat{
			width: uint32(c.width), height: uint32(c.height), pixelFormat: uint32(c.fourCC),
			field: fieldNone, priv: pixFmtPrivMagic,
		}}
		err := d.ioctl(vidiocSFmt, unsafe.Pointer(&f))
		return driverFormat{f.pix, 1}, err
	}
	f := formatMPlane{kind: d.kind, pix: pixFormatMPlane{
		width: uint32(c.width), height: uint32(c.height), pixelFormat: uint32(c.fourCC),
		field: fieldNone, numPlanes: 1,
	}}
	err := d.ioctl(vidiocSFmt, unsafe.Pointer(&f))
	return driverFormat{pixFormat{
		width: f.pix.width, height: f.pix.height, pixelFormat: f.pix.pixelFormat, field: f.pix.field,
		bytesPerLine: f.pix.planeFmt[0].bytesPerLine, sizeImage: f.pix.planeFmt[0].sizeImage,
		colorspace: f.pix.colorspace, priv: pixFmtPrivMagic,
		ycbcrEnc: uint32(f.pix.ycbcrEnc), quantization: uint32(f.pix.quantization),
	}, int(f.pix.numPlanes)}, err
}

// checkFormat converts the driver's format and rejects one that cannot be read.
func (d *device) checkFormat(got driverFormat) (pixel.Format, error) {
	f := pixel.Format{FourCC: canonical(pixel.FourCC(got.pixelFormat))}
	switch {
	case got.planes != 1:
		return f, d.unsupported("its %v comes in %d memory planes; one is supported", f.FourCC, got.planes)
	case got.width < 1 || got.height < 1 || got.width > maxSide || got.height > maxSide:
		return f, d.unsupported("it has pictures of %dx%d pixels; sides of 1…%d are supported", got.width, got.height, maxSide)
	case !slices.Contains([]uint32{fieldAny, fieldNone, fieldInterlaced, fieldInterlacedTB, fieldInterlacedBT}, got.field):
		return f, d.unsupported("its pictures come as separate fields (v4l2_field %d), which is not supported", got.field)
	}
	f.Width, f.Height = int(got.width), int(got.height)
	f.Matrix, f.Range = colour(f.FourCC, got.pixFormat)
	if f.FourCC == pixel.MJPEG {
		return f, nil
	}
	f.Stride = int(got.bytesPerLine)
	if f.Stride == 0 { // some drivers leave it out
		f.Stride = f.MinStride()
	}
	if f.Stride < f.MinStride() || f.Stride > 1<<20 || f.Size() > int(got.sizeImage) {
		return f, d.unsupported("its %v has %d bytes per row and %d in total; expected at least %d and %d",
			f, f.Stride, got.sizeImage, f.MinStride(), f.Size())
	}
	return f, nil
}

// colour returns the matrix and range of a driver's format, with the defaults
// that the kernel's documentation ("Colorspaces") has for each colour space. The
// matrices of SMPTE 240M and BT.2020 are rare; BT.709 is the nearest supported.
func colour(code pixel.FourCC, p pixFormat) (pixel.Matrix, pixel.Range) {
	matrix := pixel.BT601
	switch {
	case p.ycbcrEnc == ycbcrEncDefault:
		switch p.colorspace {
		case colorspaceREC709, colorspaceDCIP3, colorspaceSMPTE240M, colorspaceBT2020:
			matrix = pixel.BT709
		}
	case p.ycbcrEnc == ycbcrEnc709 || p.ycbcrEnc == ycbcrEncXV709 || p.ycbcrEnc >= ycbcrEncBT2020: // BT2020_CONST_LUM and SMPTE240M follow it
		matrix = pixel.BT709
	}
	switch {
	case p.quantization == quantizationFullRange || code == pixel.MJPEG: // JFIF defines no other
		return matrix, pixel.Full
	case p.quantization == quantizationLimRange:
		return matrix, pixel.Limited
	case !code.IsYCbCr() || p.colorspace == colorspaceJPEG:
		return matrix, pixel.Full
	case code.Unpacked() == pixel.GREY: // cameras without colour, such as infrared ones, use the full range
		return matrix, pixel.Full
	default:
		return matrix, pixel.Limited
	}
}
