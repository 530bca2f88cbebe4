//go:build amd64 || arm64

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

// device is an open node before it streams.
type device struct {
	node
	path         string
	driver       string
	card         string
	bus          string
	capabilities uint32
	kind         uint32 // buffer type of its capture queue
}

// Mode is a pixel format that a device offers, with its sizes.
type Mode struct {
	FourCC pixel.FourCC
	Sizes  []Size // empty if the driver does not enumerate them
}

// Size is a picture size or a range of sizes, in pixels.
type Size struct {
	Width, Height       int       // the smallest of a range
	MaxWidth, MaxHeight int       // the largest of a range; otherwise Width, Height
	StepX, StepY        int       // the steps of a range
	Rates               []float64 // frames per second at the largest size, highest first; empty if the driver does not enumerate them
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

// newDevice queries a node's capabilities. It closes the node if that fails.
func newDevice(path string, n node) (*device, error) {
	d := &device{node: n, path: path}
	var c capability
	if err := n.ioctl(vidiocQuerycap, unsafe.Pointer(&c)); err != nil {
		return nil, explain(path, "query its capabilities", errors.Join(err, n.close()))
	}
	d.driver, d.card, d.bus = cString(c.driver[:]), cString(c.card[:]), cString(c.busInfo[:])
	d.capabilities = c.capabilities
	if c.capabilities&capDeviceCaps != 0 { // of this node alone: capabilities are those of all nodes of the device
		d.capabilities = c.deviceCapabilities
	}
	d.kind = bufTypeVideoCapture
	if d.capabilities&capVideoCapture == 0 {
		d.kind = bufTypeVideoCaptureMPlane
	}
	return d, nil
}

// cString converts a NUL-terminated string.
func cString(b []byte) string {
	b, _, _ = bytes.Cut(b, []byte{0})
	return string(b)
}

// receiverDrivers are those of the Raspberry Pi's camera connectors. A camera module
// there delivers raw sensor data, which are of no use without further processing;
// an HDMI or composite bridge delivers pictures.
var receiverDrivers = []string{"unicam", "rp1-cfe"}

// processorDrivers are those of the Raspberry Pi's image signal processors. They
// process pictures from memory and are not cameras.
var processorDrivers = []string{"pispbe", "bcm2835-isp"}

// codecDrivers are those of the Raspberry Pi's encoders and decoders.
var codecDrivers = []string{"bcm2835-codec", "rpivid", "rpi-hevc-dec"}

// Reasons that are temporary: the device may become usable.
const (
	outputOnly = "accepts pictures but sends none (a loopback device sends some once a program feeds it)"
	noFormat   = "offers no pixel format (a loopback device offers one once a program feeds it)"
)

// throughRPiCam is what to do with a camera module.
const throughRPiCam = "a camera module is read through rpicam-vid, by the camera rpicam"

// unsuitable returns why the device cannot be used as a camera, or "".
func (d *device) unsuitable() string {
	const (
		m2m     = capVideoM2M | capVideoM2MMPlane
		m2mPair = capVideoCaptureMPlane | capVideoOutputMPlane // older drivers announce M2M so
	)
	switch {
	case slices.Contains(processorDrivers, d.driver):
		return "a part of the Raspberry Pi's camera pipeline, not a camera by itself: " + throughRPiCam
	case slices.Contains(codecDrivers, d.driver) || d.capabilities&m2m != 0 || d.capabilities&m2mPair == m2mPair:
		return "an encoder, decoder or converter, not a camera"
	case d.capabilities&(capVideoCapture|capVideoCaptureMPlane) != 0:
	case d.capabilities&capMetaCapture != 0:
		return "sends metadata, not pictures"
	case d.capabilities&(capVideoOutput|capVideoOutputMPlane|capMetaOutput) != 0:
		return outputOnly
	default:
		return "captures no video"
	}
	if d.capabilities&capStreaming == 0 {
		return "does not support streaming I/O"
	}
	if d.isReceiver() {
		if codes := d.fourCCs(); !slices.ContainsFunc(codes, isProcessed) {
			return "delivers raw sensor data (" + joinFourCCs(codes) + "): " + throughRPiCam
		}
	}
	return ""
}

// isReceiver reports whether the device is a camera connector of a Raspberry Pi.
func (d *device) isReceiver() bool { return slices.Contains(receiverDrivers, d.driver) }

// isProcessed reports whether a format is a supported one that sensors do not
// deliver directly: those of sensors are Bayer patterns and, without colour, grey.
func isProcessed(code pixel.FourCC) bool {
	return slices.Contains(preference, code) && code.Unpacked() != pixel.GREY
}

// unsureReceiver reports whether only opening the device shows what is at a camera
// connector: where formats are set up along a media pipeline, the driver lists all
// that the connector could receive.
func (d *device) unsureReceiver() bool {
	return d.isReceiver() && d.capabilities&capIOMediaController != 0
}

// modes lists what the device offers, in its order.
func (d *device) modes() []Mode {
	var modes []Mode
	for _, code := range d.fourCCs() {
		m := Mode{code, d.sizes(code)}
		for i, s := range m.Sizes {
			m.Sizes[i].Rates = d.rates(code, s.MaxWidth, s.MaxHeight)
		}
		modes = append(modes, m)
	}
	return modes
}

// fourCCs lists the pixel formats that the device offers, in its order.
func (d *device) fourCCs() []pixel.FourCC {
	var codes []pixel.FourCC
	for i := range uint32(maxModes) {
		f := formatDescription{index: i, kind: d.kind}
		if d.ioctl(vidiocEnumFmt, unsafe.Pointer(&f)) != nil {
			break
		}
		codes = append(codes, pixel.FourCC(f.pixelFormat))
	}
	return codes
}

// sizes lists the sizes of a pixel format, without their rates.
func (d *device) sizes(code pixel.FourCC) []Size {
	var sizes []Size
	for i := range uint32(maxSizes) {
		f := frameSize{index: i, pixelFormat: uint32(code)}
		if d.ioctl(vidiocEnumFramesizes, unsafe.Pointer(&f)) != nil {
			break
		}
		var s [6]int
		for i, v := range f.size {
			s[i] = int(min(v, maxSide))
		}
		size := Size{Width: s[0], Height: s[1], MaxWidth: s[0], MaxHeight: s[1]}
		if f.kind != typeDiscrete {
			size = Size{Width: s[0], MaxWidth: s[1], StepX: s[2], Height: s[3], MaxHeight: s[4], StepY: s[5]}
		}
		sizes = append(sizes, size)
		if f.kind != typeDiscrete { // a range is the only entry
			break
		}
	}
	return sizes
}

// rates lists the frame rates of a format and size in frames per second,
// highest first. A range of rates is listed as its two ends.
func (d *device) rates(code pixel.FourCC, width, height int) []float64 {
	var rates []float64
	for i := range uint32(maxRates) {
		f := frameInterval{index: i, pixelFormat: uint32(code), width: uint32(width), height: uint32(height)}
		if d.ioctl(vidiocEnumFrameintervals, unsafe.Pointer(&f)) != nil {
			break
		}
		rates = appendRate(rates, f.interval[0])
		if f.kind != typeDiscrete {
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

// setRate sets a rate in frames per second, by default the usual one. It returns the
// rate that the driver has set, or 0 if the driver does not say. Setting the default
// may fail: it was not requested.
func (d *device) setRate(requested float64) (float64, error) {
	const unit = 1000 // denominator of the fraction: rates are rounded to 1/1000 frame per second
	rate := max(cmp.Or(requested, defaultRate), 1.0/unit)
	p := streamParameters{kind: d.kind}
	err := d.ioctl(vidiocGParm, unsafe.Pointer(&p))
	if err == nil && p.capability&capTimePerFrame != 0 {
		p.timePerFrame = fraction{unit, uint32(rate*unit + 0.5)}
		err = d.ioctl(vidiocSParm, unsafe.Pointer(&p))
	}
	if errors.Is(err, unix.ENOTTY) || errors.Is(err, unix.EINVAL) || err != nil && requested == 0 {
		return 0, nil // the device has no rate to set
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

// joinFourCCs lists pixel formats in a message.
func joinFourCCs(codes []pixel.FourCC) string {
	names := make([]string, len(codes))
	for i, c := range codes {
		names[i] = c.String()
	}
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}
