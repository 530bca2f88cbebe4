package integration

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"halfmeg/camera/pixel"
	"halfmeg/camera/testcard"
)

// frame is what these tests need of a line of "edge run --json".
type frame struct {
	Results []struct{ Label string }
}

// running is an edge that looks through a camera.
type running struct {
	frames *json.Decoder
	told   *bufio.Scanner // stderr, line by line
	cmd    *exec.Cmd
}

// start starts "edge run --json" and ends it with the test.
func start(t *testing.T, args ...string) *running {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), need(t, "HALFMEG_EDGE"), append([]string{"run", "--json"}, args...)...)
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	stderr, err := cmd.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may have ended
		_ = cmd.Wait()
	})
	return &running{frames: json.NewDecoder(stdout), told: bufio.NewScanner(stderr), cmd: cmd}
}

// next waits for a frame.
func (r *running) next(t *testing.T) frame {
	t.Helper()
	var f frame
	if err := r.frames.Decode(&f); err != nil {
		r.told.Scan()
		t.Fatalf("no frame: %v; edge tells: %s", err, r.told.Text())
	}
	require.NotEmpty(t, f.Results)
	return f
}

// tells waits for a line on stderr that holds some words.
func (r *running) tells(t *testing.T, words string) {
	t.Helper()
	require.True(t, r.told.Scan(), "it ended and did not tell %q", words)
	require.Contains(t, r.told.Text(), words)
}

// fails waits for its end, which must be a failure that tells some words.
func (r *running) fails(t *testing.T, words string) {
	t.Helper()
	r.tells(t, words)
	require.Error(t, r.cmd.Wait())
}

func TestCamerasAreListed(t *testing.T) {
	name := need(t, "HALFMEG_VIDEO")
	var list struct {
		Sources []struct{ Name, Problem string }
		Auto    string
	}
	require.NoError(t, json.Unmarshal([]byte(edge(t, "cameras", "--json")), &list))
	require.Equal(t, name, list.Auto)
	require.Contains(t, list.Sources, struct{ Name, Problem string }{name, ""})
}

// Every format gives the same answer, but for the one without colours.
func TestRawFormats(t *testing.T) {
	answers := map[string]string{}
	for _, format := range vividFormats {
		t.Run(format.String(), func(t *testing.T) {
			r := start(t, "--camera", need(t, "HALFMEG_VIDEO"), "--format", format.String(), "--frames", "2", "--exit-on-error")
			r.next(t)
			answers[format.String()] = r.next(t).Results[0].Label
			require.False(t, r.told.Scan(), "%s", r.told.Text())
			require.NoError(t, r.cmd.Wait())
		})
	}
	delete(answers, pixel.GREY.String())
	for format, answer := range answers {
		require.Equal(t, answers[pixel.RGB24.String()], answer, format)
	}
}

func TestMJPEG(t *testing.T) {
	path := need(t, "HALFMEG_LOOPBACK")
	const at = 2 * testcard.SceneTime
	feed(t, path, cardJPEG(t, at))
	r := start(t, "--camera", path, "--format", "MJPG", "--frames", "2", "--exit-on-error")
	for range 2 {
		label := r.next(t).Results[0].Label
		require.True(t, testcard.Right(testcard.Scene(at), label), "the %s is taken for %s", testcard.Scene(at), label)
	}
}

// After one frame nothing comes any more.
func TestCameraThatHangs(t *testing.T) {
	path := need(t, "HALFMEG_LOOPBACK")
	_, err := unix.Write(produce(t, path), cardJPEG(t, 0))
	require.NoError(t, err)
	start(t, "--camera", path, "--exit-on-error").fails(t, "no frame")
}

func TestCameraInUse(t *testing.T) {
	path := need(t, "HALFMEG_VIDEO")
	first := start(t, "--camera", path)
	first.next(t)
	start(t, "--camera", path, "--exit-on-error").
		fails(t, fmt.Sprintf("in use by process %d (edge)", first.cmd.Process.Pid))
	first.next(t)
}

// vividDriver takes the names of devices to let go of and to take.
const vividDriver = "/sys/bus/platform/drivers/vivid"

// The camera is unplugged and plugged in again under a running edge.
func TestUnplug(t *testing.T) {
	r := start(t, "--camera", need(t, "HALFMEG_VIDEO"))
	r.next(t)
	drive(t, "unbind")
	r.tells(t, "no camera is there")
	back := time.Now()
	drive(t, "bind")
	r.tells(t, "the camera gives frames") // told with the first of them
	require.Less(t, time.Since(back), 2*time.Second)
	r.next(t)
}

func drive(t *testing.T, action string) {
	t.Helper()
	require.NoError(t, os.WriteFile(filepath.Join(vividDriver, action), []byte("vivid.0"), 0o200))
}
