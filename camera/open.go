package camera

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"halfmeg/camera/pixel"
	"halfmeg/camera/testcard"
	"halfmeg/camera/web"
)

// ErrInvalid marks errors of the name, the options, or a file: opening the
// camera again would fail in the same way. Other errors may pass.
var ErrInvalid = errors.New("invalid camera name or option")

// invalid marks an error with ErrInvalid and keeps its words.
type invalid struct{ error }

func (i invalid) Unwrap() error        { return i.error }
func (i invalid) Is(target error) bool { return target == ErrInvalid }

// The names that stand for more than a device.
const (
	Auto          = "auto"     // the first camera that serves
	RPiCam        = "rpicam"   // a Raspberry Pi's camera module
	TestCard      = "testcard" // drawn by this program
	StandardInput = "-"
)

// Found is a source that was found, whether or not it serves.
type Found struct {
	Name    string `json:"name"` // for Open
	Driver  string `json:"driver"`
	Card    string `json:"card"`
	Bus     string `json:"bus,omitempty"`
	Modes   []Mode `json:"formats,omitempty"`
	Problem string `json:"problem,omitempty"` // why it does not serve; empty where it does
}

// Mode is a pixel format that a source offers.
type Mode struct {
	FourCC string `json:"format"`          // four characters
	Sizes  []Size `json:"sizes,omitempty"` // none where the driver does not tell
}

// Size is a size of pictures, in pixels, or a range of sizes.
type Size struct {
	Width     int       `json:"width"`
	Height    int       `json:"height"`
	MaxWidth  int       `json:"max_width,omitempty"` // of a range
	MaxHeight int       `json:"max_height,omitempty"`
	Rates     []float64 `json:"rates,omitempty"` // frames a second, highest first; none where the driver does not tell
}

// List looks for sources. Those that Auto would take come in its order; the
// test card, which it never takes, is the last.
func List() []Found {
	return append(append(listVideo(), listModules()...), Found{
		Name: TestCard, Driver: "built in", Card: "drawn scenes",
		Modes: []Mode{{pixel.RGB24.String(), []Size{{Width: testcard.Width, Height: testcard.Height}}}},
	})
}

// Open opens the camera of that name: Auto, RPiCam, TestCard, a video device as
// /dev/video0 or video0, the path of a file or a folder, StandardInput, or the
// address of a stream of JPEGs as http://camera.local/stream. A file is
// recognised by its content: a picture, Y4M, or raw frames where the options
// have their size and format. The context covers the opening alone.
func Open(ctx context.Context, name string, o Options) (Source, error) {
	if err := o.ready(ctx); err != nil {
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
	case strings.Contains(name, "://"):
		return nil, invalid{errors.New("camera: of addresses only those of http and https can be read")} // the others may hold passwords, too
	case name == StandardInput:
		return openStandardInput(ctx, os.Stdin, o)
	}
	source, err := openFile(ctx, name, o)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, invalid{fmt.Errorf("camera %q is not known; there is: %s, %s, %s, video devices as video0, "+
			"files and folders, %s for standard input, and http://", name, Auto, RPiCam, TestCard, StandardInput)}
	}
	return source, err
}

// ready is the error of an opening that is not to begin.
func (o Options) ready(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := o.check(); err != nil {
		return invalid{fmt.Errorf("camera: %w", err)}
	}
	return nil
}

// videoPath is the file of a video device of that name, if it is the name of
// one: the path of a character device, or of what may become one when it is
// plugged in, or video0. Below /dev there are also pipes and folders.
func videoPath(name string) (string, bool) {
	about, err := os.Stat(name)
	if err == nil && about.Mode()&fs.ModeCharDevice != 0 {
		return name, true
	}
	if err != nil && (strings.HasPrefix(name, "/dev/video") || strings.HasPrefix(name, "/dev/v4l/")) {
		return name, true
	}
	digits, ok := strings.CutPrefix(name, "video")
	if !ok || digits == "" || strings.Trim(digits, "0123456789") != "" {
		return "", false
	}
	return "/dev/" + name, true
}

// AutoChoice is the source that Auto tries first, and why; the name is empty
// where there is none.
func AutoChoice(found []Found) (name, why string) {
	for _, f := range found {
		if f.Problem == "" && f.Name != TestCard {
			return f.Name, "the first camera that serves"
		}
	}
	if list := problems(found); len(list) > 0 {
		return "", strings.Join(list, "; ")
	}
	if err := noVideo(); err != nil {
		return "", err.Error()
	}
	return "", "there is no video device"
}

// candidates are the cameras that Auto may take; whether there is a camera
// module, opening it shows. It never takes the test card: its answers would be
// taken for true ones.
func candidates(o Options) ([]Found, error) {
	videos, modules := listVideo(), findModules(o)
	if err := noVideo(); err != nil && len(modules) == 0 {
		return nil, err
	}
	if len(modules) > 0 && !slices.ContainsFunc(videos, func(f Found) bool { return f.Problem == "" }) {
		videos = append(videos, Found{Name: "webcams", Problem: "none was found"}) // else the module's error would be all
	}
	return append(videos, modules...), nil
}

// firstOf opens the first that does open. Its error has every reason why the
// others do not; it is of the options where without them one would.
func firstOf(ctx context.Context, found []Found, open func(Found) (Source, error)) (Source, error) {
	reasons := problems(found)
	ofOptions := false
	for _, f := range found {
		if f.Problem != "" {
			continue
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		source, err := open(f)
		if err == nil {
			return source, nil
		}
		ofOptions = ofOptions || errors.Is(err, ErrInvalid)
		reasons = append(reasons, err.Error())
	}
	if len(reasons) == 0 {
		return nil, fmt.Errorf("no camera: there is no video device; plug one in, or take --camera %s", TestCard)
	}
	err := fmt.Errorf("no camera that serves: %s", strings.Join(reasons, "; "))
	if ofOptions {
		return nil, invalid{err}
	}
	return nil, err
}

// problems has each problem once, with the sources that have it: a Raspberry
// Pi 5 has dozens of nodes that are no cameras.
func problems(found []Found) []string {
	var list []string
	titles := map[string][]string{}
	for _, f := range found {
		if f.Problem == "" {
			continue
		}
		if titles[f.Problem] == nil {
			list = append(list, f.Problem)
		}
		titles[f.Problem] = append(titles[f.Problem], f.title())
	}
	const shown = 3
	for i, problem := range list {
		names := titles[problem]
		if more := len(names) - shown; more > 0 {
			names = append(names[:shown], fmt.Sprintf("%d more", more))
		}
		list[i] = strings.Join(names, ", ") + ": " + problem
	}
	return list
}

// title names a source and, where it is known, its driver.
func (f Found) title() string {
	if f.Driver == "" {
		return f.Name
	}
	return fmt.Sprintf("%s (%s)", f.Name, f.Driver)
}
