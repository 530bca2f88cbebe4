package camera

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"halfmeg/camera/ffmpeg"
	"halfmeg/camera/pixel"
	"halfmeg/camera/testcard"
	"halfmeg/camera/web"
)

// Names of sources other than paths and addresses.
const (
	Auto          = "auto"     // the first available camera
	RPiCam        = "rpicam"   // a Raspberry Pi's camera module
	TestCard      = "testcard" // drawn by this program
	StandardInput = "-"
)

// SourceInfo describes a source, which may be unavailable.
type SourceInfo struct {
	Name    string `json:"name"` // for Open
	Driver  string `json:"driver"`
	Card    string `json:"card"` // the device's own name
	Bus     string `json:"bus,omitempty"`
	Modes   []Mode `json:"formats,omitempty"`
	Problem string `json:"problem,omitempty"` // why it is unavailable; empty if it is available
}

// Mode is a pixel format that a source offers.
type Mode struct {
	FourCC string `json:"format"`          // four characters
	Sizes  []Size `json:"sizes,omitempty"` // none if the driver does not report any
}

// Size is a size of pictures, in pixels, or a range of sizes.
type Size struct {
	Width     int       `json:"width"`
	Height    int       `json:"height"`
	MaxWidth  int       `json:"max_width,omitempty"` // of a range
	MaxHeight int       `json:"max_height,omitempty"`
	Rates     []float64 `json:"rates,omitempty"` // frames a second, highest first; none if the driver does not report any
}

// List lists all sources. Those that Auto may open come in the order in which
// it tries them; the test card, which it never opens, is the last.
func List() []SourceInfo {
	return append(append(listVideo(), listModules()...), SourceInfo{
		Name: TestCard, Driver: "built in", Card: "drawn scenes",
		Modes: []Mode{{pixel.RGB24.String(), []Size{{Width: testcard.Width, Height: testcard.Height}}}},
	})
}

// Open opens a source by its name: Auto, RPiCam, TestCard, a video device such
// as /dev/video0 or video0, the path of a file or a folder, StandardInput, or the
// address of an MJPEG stream such as http://camera.local/stream, or of a video such as
// rtsp://camera.local/stream, which the program ffmpeg decodes. Files are
// recognised by their content: a picture, Y4M, or raw frames if the options have
// their size and format. The context covers only the opening.
func Open(ctx context.Context, name string, o Options) (Source, error) {
	if err := o.validate(ctx); err != nil {
		return nil, err
	}
	path, isVideo := videoPath(name)
	switch {
	case name == TestCard:
		return openTestCard(o)
	case name == Auto:
		return NewOpener(name, o).Open(ctx)
	case name == RPiCam:
		return openModule(ctx, o)
	case isVideo:
		return openVideo(path, o)
	case web.IsAddress(name):
		return openWeb(ctx, name, o)
	case ffmpeg.IsAddress(name):
		return openFFmpeg(ctx, name, o)
	case strings.Contains(name, "://"):
		return nil, unsupportedAddress(name)
	case name == StandardInput:
		return openStandardInput(ctx, os.Stdin, o)
	}
	source, err := openFile(ctx, name, o)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, permanent{fmt.Errorf("unknown camera %q: use %s, %s, %s, a video device such as video0, "+
			"a file or folder, %s for standard input, or an address as http://… or rtsp://…", name, Auto, RPiCam, TestCard, StandardInput)}
	}
	return source, err
}

// unsupportedAddress returns the error of an address of another scheme. It does not
// repeat a password.
func unsupportedAddress(address string) error {
	scheme, _, _ := strings.Cut(address, "://")
	return permanent{fmt.Errorf("camera: addresses of %.20q are not supported: use http, https, rtsp, rtsps, rtmp, rtmps, srt, udp or tcp", scheme)}
}

// videoPath returns the path of the video device that a name means, if it means
// one: the path of a character device, a path where one may appear when it is
// plugged in, video0, or 0. Below /dev there are also pipes and folders.
func videoPath(name string) (string, bool) {
	info, err := os.Stat(name)
	if err == nil && info.Mode()&fs.ModeCharDevice != 0 {
		return name, true
	}
	if err != nil && (strings.HasPrefix(name, "/dev/video") || strings.HasPrefix(name, "/dev/v4l/")) {
		return name, true
	}
	digits := strings.TrimPrefix(name, "video")
	if digits == "" || strings.Trim(digits, "0123456789") != "" {
		return "", false
	}
	if digits == name && err == nil { // a file or folder that is named by a number
		return "", false
	}
	return "/dev/video" + digits, true
}
