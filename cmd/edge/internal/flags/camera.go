package flags

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"halfmeg/camera"
	"halfmeg/camera/pixel"
	"halfmeg/cmd/edge/internal/config"
	"halfmeg/internal/lazyregexp"
)

// Camera selects cameras and what to request from each.
type Camera struct {
	Selected []string // see Cameras
	Options  camera.Options

	// KeepTrying retries every few minutes even after a permanent error.
	KeepTrying bool
}

// Add defines the flags.
func (c *Camera) Add(flags *pflag.FlagSet) {
	// A plain list, which Cameras checks: an error of flag parsing would quote the
	// address, which may contain a password.
	flags.StringArrayVar(&c.Selected, "camera", nil, "`camera` to read: auto, a video device such as video0 or 0, rpicam, a file or folder, - for standard input, http://…, rtsp://… (needs ffmpeg), or testcard; repeat it with names for several: --camera door=rtsp://… --camera yard=0")
	config.MarkAddress(flags, "camera")
	flags.Var((*sizeFlag)(&c.Options), "size", "frame size to request from the camera, largest size for rtsp, or size of raw frames, in pixels, such as 640x480")
	flags.Var((*rateFlag)(&c.Options), "rate", "`frames` per second to request from the camera")
	flags.Var((*formatFlag)(&c.Options), "format", "pixel format to request from the camera, or format of raw frames, such as YUYV, MJPG or yuv420p")
	flags.Var(controlsFlag(&c.Options.Controls), "control", "set a control of the camera, such as exposure=300; may be repeated")
	flags.Var((*patienceFlag)(&c.Options), "patience", "`time` without a frame after which the camera counts as failed, such as 30s or 2m (default about 10s)")
	flags.BoolVar(&c.KeepTrying, "keep-trying", false, "after a permanent error, such as a wrong password, retry after some minutes instead of exiting")
	flags.Var((*fingerprintFlag)(&c.Options), "tls-fingerprint", "accept only the https certificate with this `SHA256` fingerprint")
	flags.BoolVar(&c.Options.Insecure, "insecure", false, "accept any certificate of https, and use rtsps, for which ffmpeg checks none; others on the network could read the password")
	flags.BoolVar(&c.Options.Loop, "loop", false, "restart a file or folder at its end")
	flags.BoolVar(&c.Options.Watch, "watch", false, "wait for new pictures in a folder and its subfolders")
}

// NamedCamera is a camera of a run.
type NamedCamera struct {
	Name    string // empty for a single camera without one
	Address string // as camera.Open takes it
}

// namedCamera matches NAME=ADDRESS. A file with such a name needs ./ in front.
var namedCamera = lazyregexp.New(`^([\p{L}\d][\p{L}\d _-]{0,31})=(.*)$`)

// Cameras returns the selected cameras, at least one. Several must have different names.
func (c *Camera) Cameras() ([]NamedCamera, error) {
	var list []NamedCamera
	for _, text := range c.Selected {
		n := NamedCamera{Address: text}
		if m := namedCamera().FindStringSubmatch(text); m != nil {
			n = NamedCamera{Name: m[1], Address: m[2]}
		}
		switch {
		case n.Address == "" && n.Name != "":
			return nil, fmt.Errorf("--camera %s: the camera's address is missing", text)
		case n.Address == "":
			continue // as if not set
		case slices.ContainsFunc(list, func(other NamedCamera) bool { return strings.EqualFold(other.Name, n.Name) && n.Name != "" }):
			return nil, fmt.Errorf("two cameras are named %q", n.Name)
		}
		list = append(list, n)
	}
	if len(list) == 0 {
		return nil, errors.New("run needs a camera: edge run --camera auto, or testcard")
	}
	if len(list) > 1 && slices.ContainsFunc(list, func(n NamedCamera) bool { return n.Name == "" }) {
		return nil, errors.New("several cameras need names: --camera door=rtsp://… --camera yard=0")
	}
	return list, nil
}

// sizeFlag is a flag for a size, WIDTHxHEIGHT.
type sizeFlag camera.Options

func (f *sizeFlag) String() string {
	if f.Width == 0 {
		return ""
	}
	return fmt.Sprintf("%dx%d", f.Width, f.Height)
}

func (f *sizeFlag) Type() string { return "WxH" }

func (f *sizeFlag) Set(text string) error {
	first, second, _ := strings.Cut(text, "x")
	width, err1 := strconv.Atoi(first)
	height, err2 := strconv.Atoi(second)
	if err1 != nil || err2 != nil || min(width, height) < 1 || max(width, height) > camera.MaxSide {
		return fmt.Errorf("expected width and height from 1 to %d, such as 640x480", camera.MaxSide)
	}
	f.Width, f.Height = width, height
	return nil
}

// rateFlag is a flag for frames a second.
type rateFlag camera.Options

func (f *rateFlag) String() string {
	if f.Rate == 0 {
		return ""
	}
	return strconv.FormatFloat(f.Rate, 'g', -1, 64)
}

func (f *rateFlag) Type() string { return "frames" }

func (f *rateFlag) Set(text string) error {
	rate, err := strconv.ParseFloat(text, 64)
	if err != nil || !(rate >= camera.MinRate && rate <= camera.MaxRate) {
		return fmt.Errorf("expected frames per second, from %v to %d", camera.MinRate, camera.MaxRate)
	}
	f.Rate = rate
	return nil
}

// formatFlag is a flag for a pixel format, by its name or its four characters.
type formatFlag camera.Options

func (f *formatFlag) String() string {
	if f.FourCC == 0 {
		return ""
	}
	return f.FourCC.String()
}

func (f *formatFlag) Type() string { return "FOURCC" }

func (f *formatFlag) Set(text string) error {
	code, err := pixel.Parse(text)
	f.FourCC = code
	return err
}

// patienceFlag is a flag for a time, in seconds if it has no unit.
type patienceFlag camera.Options

func (f *patienceFlag) String() string {
	if f.Patience == 0 {
		return ""
	}
	return f.Patience.String()
}

func (f *patienceFlag) Type() string { return "time" }

func (f *patienceFlag) Set(text string) error {
	patience, err := parseDuration(text)
	if err != nil || patience < camera.MinPatience {
		return fmt.Errorf("expected a time of at least %v, such as 30s or 2m", camera.MinPatience)
	}
	f.Patience = patience
	return nil
}

// fingerprintFlag is a flag for the SHA-256 of a certificate in hexadecimal
// digits, with or without colons between the bytes.
type fingerprintFlag camera.Options

func (f *fingerprintFlag) String() string { return hex.EncodeToString(f.TLSFingerprint) }

func (f *fingerprintFlag) Type() string { return "SHA256" }

func (f *fingerprintFlag) Set(text string) error {
	fingerprint, err := hex.DecodeString(strings.NewReplacer(":", "", " ", "").Replace(text))
	if err != nil || len(fingerprint) != sha256.Size {
		return fmt.Errorf("expected the SHA-256 of a certificate, %d hexadecimal digits", 2*sha256.Size)
	}
	f.TLSFingerprint = fingerprint
	return nil
}

// controlsFlag returns a flag for controls, NAME=VALUE.
func controlsFlag(list *[]camera.Control) pflag.Value {
	return &listFlag[camera.Control]{
		list: list, kind: "name=value", parse: parseControl,
		format: func(c camera.Control) string { return c.Name + "=" + c.Value },
	}
}

func parseControl(text string) (camera.Control, error) {
	name, value, ok := strings.Cut(text, "=")
	if !ok || name == "" || value == "" {
		return camera.Control{}, errors.New("expected a name and a value, such as exposure=300")
	}
	return camera.Control{Name: name, Value: value}, nil
}
