package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"image/color"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"halfmeg/camera/testcard"
	"halfmeg/cmd/edge/internal/decision"
	"halfmeg/cmd/edge/internal/pipeline"
	"halfmeg/model/classify"
	"halfmeg/model/pretrained"
)

// As the README says, each built-in network classifies at least 18 of 20 frames of the
// test card correctly.
func TestRunRecognizesTheTestCard(t *testing.T) {
	for _, name := range pretrained.Names() {
		t.Run(name, func(t *testing.T) {
			got := edge(t, "run", "--camera", "testcard", "--frames", "20", "--json", "--model", name)
			require.Equal(t, statusOK, got.status, got.stderr)
			right := 0
			observations := decodeLines[pipeline.Observation](t, got.stdout)
			require.Len(t, observations, 20)
			for i, o := range observations {
				require.Equal(t, i+1, o.Frame)
				requireResults(t, o.Results, topClasses)
				require.NotNil(t, o.Right)
				require.Equal(t, testcard.Matches(o.Scene, o.Results[0].Label), *o.Right)
				if *o.Right {
					right++
				}
			}
			require.GreaterOrEqual(t, right, 18)
		})
	}
}

func TestRunText(t *testing.T) {
	got := edge(t, "run", "--camera", "testcard", "--frames", "2")
	require.Equal(t, statusOK, got.status, got.stderr)
	lines := strings.Split(got.stdout, "\n")
	require.Len(t, lines, 1+2+1+1)
	require.Regexp(t, `^ frame  scene +answer +probability +time$`, lines[0])
	require.Regexp(t, `^     2  \S.+  (right|wrong)  \S.* +\d+\.\d %  +\d+\.\d ms$`, lines[2])
	require.Regexp(t, `^[0-2] of 2 right$`, lines[3])
}

func TestRunUnknownCamera(t *testing.T) {
	requireFailure(t, statusFailure, edge(t, "run", "--camera", "crystal ball", "--frames", "1"), "crystal ball", "testcard")
}

func TestRunStats(t *testing.T) {
	got := edge(t, "run", "--camera", "testcard", "--frames", "3", "--stats")
	require.Equal(t, statusOK, got.status, got.stderr)
	require.Regexp(t, `^3 frames, 0 dropped, \d+\.\d a second; from camera to network input \d+\.\d ms, at most \d+\.\d ms\n$`, got.stderr)
	got = edge(t, "run", "--camera", "testcard", "--frames", "3", "--stats", "--json", "--rate", "100")
	m := decodeLines[pipeline.Summary](t, got.stderr)
	require.Len(t, m, 1)
	require.Equal(t, 3, m[0].Frames)
	require.Positive(t, m[0].Latency.Mean)
	require.LessOrEqual(t, m[0].Latency.Mean, m[0].Latency.Max)
}

// A run over a folder ends with status 0, and reports a bad picture.
func TestRunFolder(t *testing.T) {
	folder := t.TempDir()
	for _, name := range []string{"a", "c", "d", "e"} {
		require.NoError(t, os.Rename(writePNG(t, 64, 48), filepath.Join(folder, name)))
	}
	require.NoError(t, os.WriteFile(filepath.Join(folder, "b"), []byte("text"), 0o600))
	for _, c := range []struct{ limit, frames int }{{0, 4}, {3, 3}} {
		args := []string{"run", "--camera", folder, "--json"}
		if c.limit > 0 {
			args = append(args, "--frames", strconv.Itoa(c.limit))
		}
		got := edge(t, args...)
		require.Equal(t, statusOK, got.status, got.stderr)
		require.Len(t, decodeLines[pipeline.Observation](t, got.stdout), c.frames)
		require.Equal(t, "edge: "+filepath.Join(folder, "b")+": not a picture: starts with \"text\"\n", got.stderr)
	}
	got := edge(t, "run", "--camera", folder, "--loop", "--frames", "9", "--json")
	require.Len(t, decodeLines[pipeline.Observation](t, got.stdout), 9)
}

func TestRunPicture(t *testing.T) {
	file := writePNG(t, 64, 48)
	got := edge(t, "run", "--camera", file, "--json")
	require.Equal(t, statusOK, got.status, got.stderr)
	require.Len(t, decodeLines[pipeline.Observation](t, got.stdout), 1)
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Len(t, decodeLines[pipeline.Observation](t, edgeReading(t, data, "run", "--camera", "-", "--json").stdout), 1)
	requireFailure(t, statusFailure, edgeReading(t, []byte("text"), "run", "--camera", "-"), "standard input: not a picture")
}

func TestRunExitsOnError(t *testing.T) {
	requireFailure(t, statusFailure, edge(t, "run", "--camera", "/dev/video999", "--exit-on-error"), "video999")
}

// The program waits for a missing camera and reports that once on stderr.
func TestRunWaitsForTheCamera(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("LEFT OUT: video devices are those of Linux")
	}
	command := exec.Command(program, "run", "--camera", "video999", "--stats")
	stderr, err := command.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, command.Start())
	reader := bufio.NewReader(stderr)
	require.Equal(t, "edge: /dev/video999: camera not found: plug it in, or choose another from the list of cameras (edge cameras lists them); waiting for the camera\n",
		readLines(t, reader, 1))
	require.NoError(t, command.Process.Signal(os.Interrupt))
	rest, err := io.ReadAll(reader)
	require.NoError(t, err)
	require.NoError(t, command.Wait())
	require.Equal(t, "0 frames, 0 dropped, 0.0 a second; from camera to network input 0.0 ms, at most 0.0 ms\n", string(rest))
}

// A script replaces rpicam-vid: it sends a scene of the test card, or fails.
func TestRunCameraModule(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("LEFT OUT: needs a shell")
	}
	path := filepath.Join(t.TempDir(), "rpicam-vid")
	t.Setenv("PATH", filepath.Dir(path)+":"+os.Getenv("PATH"))
	const at = 4 * time.Second
	picture := filepath.Join(filepath.Dir(path), "picture")
	require.NoError(t, os.WriteFile(picture, planarCard(t, at), 0o600))
	require.NoError(t, os.WriteFile(path, []byte("#!/bin/sh\n"+
		"echo 'configuring streams: (0) 640x480-YUV420/sYCC' >&2\nwhile cat "+picture+"; do :; done\n"), 0o700))
	got := edge(t, "run", "--camera", "rpicam", "--frames", "3", "--json")
	require.Equal(t, statusOK, got.status, got.stderr)
	require.Empty(t, got.stderr)
	seen := decodeLines[pipeline.Observation](t, got.stdout)
	require.Len(t, seen, 3)
	for _, o := range seen {
		require.True(t, testcard.Matches(testcard.Scene(at), o.Results[0].Label), o.Results[0].Label)
	}

	require.NoError(t, os.WriteFile(path, []byte("#!/bin/sh\necho 'ERROR: *** no cameras available ***' >&2; exit 255\n"), 0o700))
	requireFailure(t, statusFailure, edge(t, "run", "--camera", "rpicam", "--exit-on-error"), "rpicam-vid: no camera module found", "cable")
}

// planarCard returns the test card at the given time as a camera module sends it: YU12
// with JPEG's matrix and range.
func planarCard(t *testing.T, at time.Duration) []byte {
	t.Helper()
	const width, height = testcard.Width, testcard.Height
	rgb := make([]byte, 3*width*height)
	var drawer testcard.Card
	require.NoError(t, drawer.Draw(rgb, at))
	luma, blue, red := make([]byte, width*height), make([]byte, width*height/4), make([]byte, width*height/4)
	for i := range luma {
		x, y := i%width, i/width
		half := y/2*width/2 + x/2
		luma[i], blue[half], red[half] = color.RGBToYCbCr(rgb[3*i], rgb[3*i+1], rgb[3*i+2])
	}
	return slices.Concat(luma, blue, red)
}

// Ctrl-C is the normal end of "edge run": it prints the summary, with status 0.
func TestRunInterrupted(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("LEFT OUT: Windows cannot send an interrupt to one program")
	}
	command, stdout, stderr := start(t, "run", "--camera", "testcard")
	reader := bufio.NewReader(stdout)
	seen := readLines(t, reader, 2) // the heading and a frame
	require.NoError(t, command.Process.Signal(os.Interrupt))
	rest, err := io.ReadAll(reader)
	require.NoError(t, err)
	require.NoError(t, command.Wait(), stderr.String())
	require.Empty(t, stderr.String())
	lines := strings.Split(strings.TrimSpace(seen+string(rest)), "\n")
	require.Regexp(t, `^\d+ of \d+ right$`, lines[len(lines)-1])
}

// Ctrl-C during classify, here while it waits for standard input, prints one
// line, with status 1.
func TestClassifyInterrupted(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("LEFT OUT: Windows cannot send an interrupt to one program")
	}
	silent, keepOpen, err := os.Pipe()
	require.NoError(t, err)
	defer keepOpen.Close()
	var stderr bytes.Buffer
	command := exec.Command(program, "classify", writePNG(t, 20, 20), "-")
	command.Stdin, command.Stderr = silent, &stderr
	stdout, err := command.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, command.Start())
	readLines(t, bufio.NewReader(stdout), 1) // the first picture
	require.NoError(t, command.Process.Signal(os.Interrupt))
	require.Error(t, command.Wait())
	require.Equal(t, statusFailure, command.ProcessState.ExitCode())
	require.Equal(t, "edge: interrupted\n", stderr.String())
}

// A reader that closes the pipe, such as head, ends the program silently.
func TestRunIntoClosedPipe(t *testing.T) {
	command, stdout, stderr := start(t, "run", "--camera", "testcard")
	readLines(t, bufio.NewReader(stdout), 1)
	require.NoError(t, stdout.Close())
	require.NoError(t, command.Wait())
	require.Empty(t, stderr.String())
}

// start runs the program in the background.
func start(t *testing.T, args ...string) (*exec.Cmd, io.ReadCloser, *bytes.Buffer) {
	t.Helper()
	var stderr bytes.Buffer
	command := exec.Command(program, args...)
	command.Stderr = &stderr
	stdout, err := command.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, command.Start())
	t.Cleanup(func() { _ = command.Process.Kill() }) // if the test failed before Wait
	return command, stdout, &stderr
}

func readLines(t *testing.T, r *bufio.Reader, n int) string {
	t.Helper()
	var text string
	for range n {
		line, err := r.ReadString('\n')
		require.NoError(t, err)
		text += line
	}
	return text
}

// A rotated frame gets other results; other angles are an error.
func TestRotateFlag(t *testing.T) {
	results := func(flags ...string) []classify.Class {
		got := edge(t, append([]string{"run", "--camera", "testcard", "--frames", "1", "--json"}, flags...)...)
		require.Equal(t, statusOK, got.status, got.stderr)
		var o pipeline.Observation
		require.NoError(t, json.Unmarshal([]byte(got.stdout), &o))
		return o.Results
	}
	upright := results()
	require.Equal(t, upright, results("--rotate", "0"))
	for _, flags := range [][]string{{"--mirror"}, {"--rotate", "90"}, {"--rotate", "180"}, {"--rotate", "270"}} {
		require.NotEqual(t, upright, results(flags...), flags)
	}
	require.Equal(t, statusUsage, edge(t, "run", "--camera", "testcard", "--rotate", "45").status)
}

// Each line has the time of its frame, its age and the time of the run.
func TestRunTimes(t *testing.T) {
	before := time.Now().Add(-time.Microsecond)
	observations := decodeLines[pipeline.Observation](t, edge(t, "run", "--camera", "testcard", "--frames", "3", "--json").stdout)
	require.Len(t, observations, 3)
	last := 0.0
	for _, o := range observations {
		require.WithinRange(t, o.Time, before, time.Now())
		require.Positive(t, o.Age)
		require.Greater(t, o.Elapsed, last)
		last = o.Elapsed
	}
}

// --on-change and --min-probability omit lines. All frames are classified.
func TestRunFilters(t *testing.T) {
	run := func(flags ...string) []pipeline.Observation {
		return decodeLines[pipeline.Observation](t, edge(t, append([]string{"run", "--camera", "testcard", "--frames", "12", "--json"}, flags...)...).stdout)
	}
	all := run()
	changed := run("--on-change")
	require.Less(t, len(changed), len(all))
	for i := 1; i < len(changed); i++ {
		require.NotEqual(t, changed[i-1].Results[0].Index, changed[i].Results[0].Index)
	}
	for _, o := range run("--min-probability", "60%") {
		require.GreaterOrEqual(t, float64(o.Results[0].Probability), 0.6)
	}
	require.Empty(t, run("--min-probability", "1"))
	require.Equal(t, all[4].Frame, run("--skip", "4")[4].Frame)
	require.Equal(t, all[4].Scene, run("--skip", "4")[0].Scene)
}

// --crop uses a part of each frame. A part outside the frame is an error.
func TestRunCrop(t *testing.T) {
	run := func(crop string) outcome {
		return edge(t, "run", "--camera", "testcard", "--frames", "1", "--json", "--crop", crop)
	}
	results := func(crop string) []classify.Class {
		return decodeLines[pipeline.Observation](t, run(crop).stdout)[0].Results
	}
	whole := results("100%x100%")
	part := results("25%x25%+50%+50%")
	require.NotEqual(t, whole, part)
	require.Equal(t, part, results("160x120+320+240"))
	requireFailure(t, statusFailure, run("640x480+1+0"), "the region 640x480+1+0 does not lie within pictures of 640x480 pixels")
	require.Equal(t, statusUsage, run("640").status)
}

// An input without frames is an error, so that a failure of the program that feeds the pipe
// is noticed.
func TestRunWithoutFrames(t *testing.T) {
	header := filepath.Join(t.TempDir(), "header.y4m")
	require.NoError(t, os.WriteFile(header, []byte("YUV4MPEG2 W64 H48 F30:1\n"), 0o600))
	for _, args := range [][]string{{header}, {"-", "--size", "640x480", "--format", "yuv420p"}} {
		requireFailure(t, statusFailure, edge(t, append([]string{"run", "--json", "--camera"}, args...)...), "no frames: the input ended before the first one")
	}
}

func TestVersionFlag(t *testing.T) {
	got := edge(t, "--version")
	require.Equal(t, statusOK, got.status)
	first, _, _ := strings.Cut(edge(t, "version").stdout, "\n")
	require.Equal(t, strings.Replace(first, "edge ", "edge version ", 1)+"\n", got.stdout)
}

// Two cameras share the classifier; each has its frames, events and page. A third one, which
// fails, does not end them.
func TestRunSeveralCameras(t *testing.T) {
	dir := t.TempDir()
	got := edge(t, "run", "--camera", "door=testcard", "--camera", "yard=testcard", "--camera", "gate=/nonexistent", "--rate", "20", "--frames", "60",
		"--json", "--min-on", "0", "--half-life", "0", "--record", dir, "--listen", "127.0.0.1:0", "--stats")
	require.Equal(t, statusFailure, got.status, got.stderr)
	require.Contains(t, got.stderr, `edge: gate: unknown camera "/nonexistent"`)
	require.Contains(t, got.stderr, "edge: camera gate has failed")
	frames, open := map[string]int{}, map[string]string{}
	for _, o := range decodeLines[pipeline.Observation](t, got.stdout) {
		if o.HasFrame() {
			frames[o.Camera]++
			require.LessOrEqual(t, frames[o.Camera], o.Frame)
			require.True(t, *o.Right, "%+v", o)
		}
		for _, e := range o.Events {
			if e.Type == decision.Appeared {
				open[e.ID] = e.Camera
			} else {
				require.Equal(t, open[e.ID], e.Camera)
				delete(open, e.ID)
			}
		}
	}
	require.Empty(t, open)
	require.Len(t, frames, 2)
	for camera, frames := range map[string]int{"door": 60, "yard": 60, "gate": 0} {
		require.Contains(t, got.stderr, fmt.Sprintf(`{"camera":%q,"frames":%d,`, camera, frames))
	}
}

// TestMinSide: frames are scaled down unless a region is in their pixels or outputs show
// them turned.
func TestMinSide(t *testing.T) {
	for _, c := range []struct {
		flags []string
		want  int
	}{
		{nil, 454},
		{[]string{"--rotate", "90"}, 454},
		{[]string{"--listen", "127.0.0.1:0"}, 454},
		{[]string{"--listen", "127.0.0.1:0", "--rotate", "180"}, 0},
		{[]string{"--record", "pictures", "--mirror"}, 0},
		{[]string{"--crop", "50%x50%+25%+25%"}, 0},
		{[]string{"--crop", "320x240"}, 0},
	} {
		r, command := newRunCommand(nil)
		require.NoError(t, command.ParseFlags(c.flags))
		require.Equal(t, c.want, r.minSide(227), c.flags)
	}
}
