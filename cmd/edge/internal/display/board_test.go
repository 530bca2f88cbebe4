package display

import (
	"bytes"
	"encoding/json"
	"errors"
	"image"
	"image/png"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"halfmeg/camera/testcard"
	"halfmeg/cmd/edge/internal/display/oledtest"
)

// need returns an environment variable, or skips the test if it is not set.
func need(t *testing.T, variable string) string {
	t.Helper()
	value := os.Getenv(variable)
	if value == "" {
		t.Skip("LEFT OUT: tests with buses and lines: make integration runs them on an emulated board")
	}
	return value
}

// The emulated board has shown a picture for each frame, bit for bit the one that is
// drawn for its answer, and was dark at the end of each run. In one of the later runs
// the bus is removed and added again: the display then shows an answer again.
func TestBoard(t *testing.T) {
	trace := need(t, "HALFMEG_DISPLAY_TRACE")
	runs := replay(t, trace)
	frames := readFrames(t, need(t, "HALFMEG_DISPLAY_FRAMES"))
	require.NotEmpty(t, runs)

	// The picture changes from black to each frame's and back, byte by byte.
	black := make([]byte, columns*large.Y/pageRows)
	want := [][]byte{black, pixels(view{title: starting, percent: -1})}
	scene := []string{"", starting}
	for _, f := range frames {
		if next := pixels(f.view()); !bytes.Equal(next, want[len(want)-1]) {
			want, scene = append(want, next), append(scene, f.Scene)
		}
	}
	// The run may have ended before the last frame was drawn.
	if last := len(want) - 1; !slices.ContainsFunc(runs[0], func(s pictureState) bool { return bytes.Equal(s.pixels, want[last]) }) {
		want, scene = want[:last], scene[:last]
	}
	require.Len(t, slices.Compact(slices.Sorted(slices.Values(scene))), 1+1+len(testcard.Scenes())) // no scene, starting
	want, scene = append(want, black), append(scene, "")
	at := 0
	for i, s := range runs[0] {
		if at+1 < len(want) && bytes.Equal(s.pixels, want[at+1]) {
			at++
		}
		require.True(t, isBetween(s.pixels, want[at], want[min(at+1, len(want)-1)]),
			"state %d is not between picture %d (%s) and the next one", i, at, scene[at])
	}
	require.Equal(t, len(want)-1, at, "the %s was not shown", scene[min(at+1, len(scene)-1)])
	save(t, filepath.Dir(trace), want, scene)

	require.True(t, slices.ContainsFunc(runs[1:], func(run []pictureState) bool {
		return slices.Max(append(answered(run, frames), 0)) >= 2
	}), "no run has shown an answer after the display was initialised again")
}

// isBetween reports whether each byte of a picture is that of one of two pictures.
func isBetween(got, a, b []byte) bool {
	for i := range got {
		if got[i] != a[i] && got[i] != b[i] {
			return false
		}
	}
	return true
}

// answered lists after which initialisations of a run an answer was shown.
func answered(run []pictureState, frames []frame) []int {
	known := map[string]bool{}
	for _, f := range frames {
		v := f.view()
		for v.percent = range 101 {
			known[string(pixels(v))] = true
		}
	}
	var seen []int
	for _, s := range run {
		if known[string(s.pixels)] {
			seen = append(seen, s.initialised)
		}
	}
	return seen
}

// save writes a picture of each scene, three times enlarged.
func save(t *testing.T, dir string, pictures [][]byte, names []string) {
	t.Helper()
	const zoom = 3
	saved := map[string]bool{"": true}
	for i, name := range names {
		if saved[name] {
			continue
		}
		saved[name] = true
		img := image.NewGray(image.Rect(0, 0, columns*zoom, large.Y*zoom))
		for y := range img.Rect.Max.Y {
			for x := range img.Rect.Max.X {
				img.Pix[y*img.Stride+x] = 255 * (pictures[i][y/zoom/pageRows*columns+x/zoom] >> (y / zoom % pageRows) & 1)
			}
		}
		file, err := os.Create(filepath.Join(dir, "display-"+strings.ReplaceAll(name, " ", "-")+".png"))
		require.NoError(t, err)
		require.NoError(t, png.Encode(file, img))
		require.NoError(t, file.Close())
	}
}

// frame is a line of edge run --json.
type frame struct {
	Scene   string
	Results []struct {
		Label       string
		Probability float64
	}
}

func readFrames(t *testing.T, path string) []frame {
	t.Helper()
	file, err := os.Open(path)
	require.NoError(t, err)
	defer file.Close()
	var frames []frame
	for d := json.NewDecoder(file); ; {
		var f frame
		err := d.Decode(&f)
		if errors.Is(err, io.EOF) {
			return frames
		}
		require.NoError(t, err)
		if len(f.Results) > 0 {
			frames = append(frames, f)
		}
	}
}

// minimum is the default of --off.
const minimum = 0.3

// view returns what the display shows of a frame.
func (f frame) view() view {
	best := f.Results[0]
	if best.Probability < minimum {
		return view{title: nothing, percent: -1}
	}
	name, _, _ := strings.Cut(best.Label, ",")
	return view{title: name, percent: int(math.Round(100 * best.Probability))}
}

// pixels returns the picture of a view at the first position.
func pixels(v view) []byte { return render(v, large, position(0)).Pix }

// pictureState is the display's memory after a transfer.
type pictureState struct {
	initialised int // how often, since the start of the run
	pixels      []byte
}

// replay returns the states of each run, until the display is dark.
func replay(t *testing.T, path string) [][]pictureState {
	t.Helper()
	file, err := os.Open(path)
	require.NoError(t, err)
	defer file.Close()
	var c oledtest.Controller
	var runs [][]pictureState
	var run []pictureState
	initialised, wasOn := 0, false
	err = oledtest.Replay(file, DefaultAddress, func(p []byte) error {
		if len(p) > 10 && p[0] == 0 { // many commands
			initialised++
		}
		if err := c.Write(p); err != nil {
			return err
		}
		if c.On {
			run = append(run, pictureState{initialised, c.Pages(large.Y)})
		} else if wasOn {
			runs, run, initialised = append(runs, run), nil, 0
		}
		wasOn = c.On
		return nil
	})
	require.NoError(t, err)
	require.Empty(t, run, "the display is not dark at the end")
	return runs
}
