//go:build linux && (amd64 || arm64)

package v4l2

import (
	"bytes"
	"cmp"
	"errors"
	"slices"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"

	"halfmeg/camera/pixel"
)

// device is an open node that does not stream yet.
type device struct {
	node
	path         string
	driver       string
	card         string
	bus          string
	capabilities uint32
	kind         uint32 // of its capture buffers
}

// Mode is a pixel format that a device offers, with the sizes it has.
type Mode struct {
	FourCC pixel.FourCC
	Sizes  []Size // none where the driver does not tell
}

// Size is a size of pictures, or a range of sizes, with the rates it has.
type Size struct {
	Width, Height       int       // of a range, the least
	MaxWidth, MaxHeight int       // the same where it is no range
	StepX, StepY        int       // from a size of the range to the next
	Rates               []float64 // frames a second, highest first; none where the driver does not tell; of the largest size
}

// Bounds on what a driver may enumerate.
const (
	maxModes = 64
	maxSizes = 256
	maxRates = 64
)

func openDevice(path string) (*device, error) {
	n, err := openFile(path)
	if err != nil {
		return nil, explain(path, "open", err)
	}
	return newDevice(path, n)
}

// newDevice asks a node what it is. It closes the node where that fails.
func newDevice(path string, n node) (*device, error) {
	d := &device{node: n, path: path}
	var c capability
	if err := n.ioctl(queryCapability, unsafe.Pointer(&c)); err != nil {
		return nil, explain(path, "ask for its capabilities", errors.Join(err, n.close()))
	}
	d.driver, d.card, d.bus = text(c.driver[:]), text(c.card[:]), text(c.bus[:])
	d.capabilities = c.capabilities
	if c.capabilities&capDeviceCaps != 0 { // those of this node alone, not of the whole device
		d.capabilities = c.deviceCapabilities
	}
	d.kind = bufVideoCapture
	if d.capabilities&capVideoCapture == 0 {
		d.kind = bufVideoCaptureMPlane
	}
	return d, nil
}

// text is a driver's string up to its end.
func text(b []byte) string {
	b, _, _ = bytes.Cut(b, []byte{0})
	return string(b)
}

// pipeline are the drivers of the parts of a Raspberry Pi's camera pipeline:
// sensors' receivers, which give raw pictures that are no use by themselves,
// and processors, which wait for pictures from memory.
var pipeline = []string{"unicam", "rp1-cfe", "pispbe", "bcm2835-isp"}

// codecs are the drivers of the Raspberry Pi's coders and decoders.
var codecs = []string{"bcm2835-codec", "rpivid", "rpi-hevc-dec"}

// unfed is why a device is unfit that may become a camera later.
const unfed = "takes pictures and gives none (a loopback gives some once a program feeds it)"

// unfit says why a device is none that we can stream from; it is empty for
// one that is.
func (d *device) unfit() string {
	const m2m = capVideoM2M | capVideoM2MMPlane
	both := d.capabilities&(capVideoCaptureMPlane|capVideoOutputMPlane) == capVideoCaptureMPlane|capVideoOutputMPlane
	switch {
	case slices.Contains(pipeline, d.driver):
		return "a part of the Raspberry Pi's camera pipeline, not a camera by itself: " +
			"camera modules are read through rpicam-vid, by --camera rpicam"
	case slices.Contains(codecs, d.driver) || d.capabilities&m2m != 0 || both:
		return "a coder or converter, not a camera"
	case d.capabilities&(capVideoCapture|capVideoCaptureMPlane) != 0:
	case d.capabilities&capMetaCapture != 0:
		return "gives data about pictures, no pictures"
	case d.capabilities&(capVideoOutput|capVideoOutputMPlane|capMetaOutput) != 0:
		return unfed
	default:
		return "captures no video"
	}
	if d.capabilities&capStreaming == 0 {
		return "cannot stream into memory"
	}
	return ""
}

// modes are all that the device offers, in its order.
func (d *device) modes() []Mode {
	var modes []Mode
	for _, code := range d.codes() {
		m := Mode{code, d.sizes(code)}
		for i, s := range m.Sizes {
			m.Sizes[i].Rates = d.rates(code, s.MaxWidth, s.MaxHeight)
		}
		modes = append(modes, m)
	}
	return modes
}

// codes are the pixel formats that the device offers, in its order.
func (d *device) codes() []pixel.FourCC {
	var codes []pixel.FourCC
	for i := range uint32(maxModes) {
		f := formatDescription{index: i, kind: d.kind}
		if d.ioctl(enumFormats, unsafe.Pointer(&f)) != nil {
			break
		}
		codes = append(codes, pixel.FourCC(f.pixelFormat))
	}
	return codes
}

// sizes are those of a pixel format, without their rates.
func (d *device) sizes(code pixel.FourCC) []Size {
	var sizes []Size
	for i := range uint32(maxSizes) {
		f := frameSize{index: i, pixelFormat: uint32(code)}
		if d.ioctl(enumFrameSizes, unsafe.Pointer(&f)) != nil {
			break
		}
		var s [6]int
		for i, v := range f.size {
			s[i] = int(min(v, maxSide))
		}
		size := Size{Width: s[0], Height: s[1], MaxWidth: s[0], MaxHeight: s[1]}
		if f.kind != kindDiscrete {
			size = Size{Width: s[0], MaxWidth: s[1], StepX: s[2], Height: s[3], MaxHeight: s[4], StepY: s[5]}
		}
		sizes = append(sizes, size)
		if f.kind != kindDiscrete { // a range is all there is
			break
		}
	}
	return sizes
}

// rates are the frames a second of a format and size, highest first; of a
// range of rates the ends.
func (d *device) rates(code pixel.FourCC, width, height int) []float64 {
	var rates []float64
	for i := range uint32(maxRates) {
		f := frameInterval{index: i, pixelFormat: uint32(code), width: uint32(width), height: uint32(height)}
		if d.ioctl(enumFrameIntervals, unsafe.Pointer(&f)) != nil {
			break
		}
		rates = appendRate(rates, f.interval[0])
		if f.kind != kindDiscrete {
			rates = appendRate(rates, f.interval[1])
			break
		}
	}
	slices.SortFunc(rates, func(a, b float64) int { return cmp.Compare(b, a) })
	return rates
}

func appendRate(rates []float64, interval fraction) []float64 {
	if interval.numerator == 0 || interval.denominator == 0 {
		return rates
	}
	return append(rates, float64(interval.denominator)/float64(interval.numerator))
}

// setRate asks for so many frames a second and gives what came of it; 0 where
// the driver does not tell.
func (d *device) setRate(rate float64) (float64, error) {
	const unit = 1000
	rate = max(rate, 1.0/unit)
	p := streamParameters{kind: d.kind}
	err := d.ioctl(getParameters, unsafe.Pointer(&p))
	if err == nil && p.capability&capTimePerFrame != 0 {
		p.timePerFrame = fraction{unit, uint32(rate*unit + 0.5)}
		err = d.ioctl(setParameters, unsafe.Pointer(&p))
	}
	if errors.Is(err, unix.ENOTTY) || errors.Is(err, unix.EINVAL) {
		return 0, nil // a device whose rate is its own
	}
	if err != nil {
		return 0, explain(d.path, "set the frame rate", err)
	}
	rates := appendRate(nil, p.timePerFrame)
	if len(rates) == 0 {
		return 0, nil
	}
	return rates[0], nil
}

// inWords lists codes for people.
func inWords(codes []pixel.FourCC) string {
	names := make([]string, len(codes))
	for i, c := range codes {
		names[i] = c.String()
	}
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}
