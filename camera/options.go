package camera

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"time"

	"halfmeg/camera/ffmpeg"
	"halfmeg/camera/pixel"
)

// Options are what to request from a source. A zero value leaves the choice to
// the source; size and rate are matched as well as the source can. An option
// that a kind of source does not support at all, such as the rate of a file, is
// an OptionError: an option is never ignored in silence.
type Options struct {
	// Rate is in frames a second. By default a test card draws a frame whenever
	// one is requested.
	Rate float64

	// Width and Height are in pixels. A camera takes the nearest size it has.
	Width, Height int

	// MinSide permits frames that are decoded from JPEGs of a camera, a stream or a pipe
	// to be smaller than these: to 1/2, 1/4 or 1/8, as long as both sides keep at least
	// this number of pixels. That takes less time. 0: they have the size of the JPEG.
	// Other frames are not scaled.
	MinSide int

	// FourCC is the pixel format the source must have.
	FourCC pixel.FourCC

	// Controls are set in this order.
	Controls []Control

	// Patience is how long to wait for a frame before the camera has failed. By
	// default each kind of source has its own time, about ten seconds.
	Patience time.Duration

	// TLSFingerprint is the SHA-256 of the server's certificate. If it is set, a
	// connection is made only to a server with exactly this certificate,
	// regardless of its issuer.
	TLSFingerprint []byte

	// Insecure accepts any certificate: another machine could answer at the
	// address and read the password.
	Insecure bool

	// Loop starts a file or a folder again after its end.
	Loop bool

	// Watch waits for new pictures after the last one of a folder.
	Watch bool

	// Skipped, if not nil, is called for each picture of a folder that cannot be
	// read. Next calls it.
	Skipped func(error)

	// decoder remembers from one opening of a network camera to the next how its video
	// can be decoded; nil forgets.
	decoder *ffmpeg.Decoder

	// retry is set if Auto has failed before. It then uses a shorter timeout for
	// each camera, because another one may work.
	retry bool
}

// Control is a setting of a camera: exposure, gain, focus …
type Control struct {
	Name  string // the driver's name, in lower case with _ between words
	Value string // an integer, on or off, or the name of a menu entry
}

const (
	// MinRate is the lowest frame rate that may be requested.
	MinRate = 0.01

	// MaxRate is the highest frame rate that may be requested.
	MaxRate = 1000

	// MinPatience is the shortest Patience that may be requested.
	MinPatience = 100 * time.Millisecond

	// MaxSide is the longest side that may be requested, in pixels.
	MaxSide = 1 << 14
)

// validate returns the error of options or a context with which nothing can be
// opened.
func (o Options) validate(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if !(o.Rate == 0 || o.Rate >= MinRate && o.Rate <= MaxRate) {
		return permanent{fmt.Errorf("camera: a rate of %v frames a second is not in %v…%d", o.Rate, MinRate, MaxRate)}
	}
	if min(o.Width, o.Height) < 0 || max(o.Width, o.Height) > MaxSide || (o.Width == 0) != (o.Height == 0) {
		return permanent{fmt.Errorf("camera: a size of %dx%d pixels is not supported: sides must be in 1…%d", o.Width, o.Height, MaxSide)}
	}
	if o.Patience < 0 || o.Patience > 0 && o.Patience < MinPatience {
		return permanent{fmt.Errorf("camera: a patience of %v is less than %v", o.Patience, MinPatience)}
	}
	if n := len(o.TLSFingerprint); n != 0 && n != sha256.Size {
		return permanent{fmt.Errorf("camera: a TLS fingerprint of %d bytes: SHA-256 has %d", n, sha256.Size)}
	}
	return nil
}

// Option is one of the Options, for errors.
type Option int

// The options that a kind of source may not support.
const (
	OptionSize Option = iota
	OptionRate
	OptionFourCC
	OptionControls
	OptionPatience
	OptionTLSFingerprint
	OptionInsecure
	OptionLoop
	OptionWatch
)

// String returns the option's name in Options.
func (o Option) String() string {
	return [...]string{"Width and Height", "Rate", "FourCC", "Controls", "Patience", "TLSFingerprint", "Insecure", "Loop", "Watch"}[o]
}

// rejectUnsupported returns an OptionError if an option is set that a kind of
// source does not support.
func (o Options) rejectUnsupported(source, kind string, supported ...Option) error {
	for _, option := range o.set() {
		if !slices.Contains(supported, option) {
			return &OptionError{Source: source, Kind: kind, Option: option, Supported: supported}
		}
	}
	return nil
}

// set lists the options that are not left to the source.
func (o Options) set() []Option {
	var options []Option
	for option, isSet := range [...]bool{
		OptionSize:           o.Width != 0,
		OptionRate:           o.Rate != 0,
		OptionFourCC:         o.FourCC != 0,
		OptionControls:       len(o.Controls) > 0,
		OptionPatience:       o.Patience != 0,
		OptionTLSFingerprint: len(o.TLSFingerprint) > 0,
		OptionInsecure:       o.Insecure,
		OptionLoop:           o.Loop,
		OptionWatch:          o.Watch,
	} {
		if isSet {
			options = append(options, Option(option))
		}
	}
	return options
}

// checkFormat returns an error if a source whose format is fixed, such as a
// file, does not have the format or size requested.
func (o Options) checkFormat(f Format) error {
	if o.FourCC != 0 && o.FourCC != f.FourCC {
		return fmt.Errorf("its frames are %v, not %v", f.FourCC, o.FourCC)
	}
	if o.Width != 0 && (o.Width != f.Width || o.Height != f.Height) {
		return fmt.Errorf("its frames have %dx%d pixels, not %dx%d", f.Width, f.Height, o.Width, o.Height)
	}
	return nil
}

// checkJPEG is checkFormat for JPEGs, which may be requested as such or as what they
// are decoded to. A size that is not known yet is not checked.
func (o Options) checkJPEG(f Format) error {
	if o.FourCC.IsJPEG() {
		o.FourCC = 0
	}
	if f.Width == 0 {
		o.Width, o.Height = 0, 0
	}
	f.FourCC = RGB24
	return o.checkFormat(f)
}
