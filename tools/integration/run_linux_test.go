package integration

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"halfmeg/camera/pixel"
	"halfmeg/camera/testcard"
)

// frame is the part of a line of "edge run --json" that these tests read.
type frame struct {
	Results []struct{ Label string }
}

// running is an edge that reads a camera.
type running struct {
	frames *json.Decoder
	stderr *bufio.Scanner // line by line
	cmd    *exec.Cmd
}

// start starts "edge run --json" until the test ends.
func start(t *testing.T, args ...string) *running {
	t.Helper()
	return startAs(t, 0, args...)
}

// startAs is like start, for a user by number.
func startAs(t *testing.T, user uint32, args ...string) *running {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), need(t, "HALFMEG_EDGE"), append([]string{"run", "--json"}, args...)...)
	if user != 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: user, Gid: user}}
	}
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	stderr, err := cmd.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // fails if it has exited
		_ = cmd.Wait()
	})
	return &running{frames: json.NewDecoder(stdout), stderr: bufio.NewScanner(stderr), cmd: cmd}
}

// next waits for a frame.
func (r *running) next(t *testing.T) frame {
	t.Helper()
	var f frame
	if err := r.frames.Decode(&f); err != nil {
		r.stderr.Scan()
		t.Fatalf("no frame: %v; stderr: %s", err, r.stderr.Text())
	}
	require.NotEmpty(t, f.Results)
	return f
}

// reports waits for a line on stderr and requires it to contain some words.
func (r *running) reports(t *testing.T, words string) {
	t.Helper()
	require.True(t, r.stderr.Scan(), "edge ended without reporting %q", words)
	require.Contains(t, r.stderr.Text(), words)
}

// fails requires edge to report some words and to exit with an error.
func (r *running) fails(t *testing.T, words string) {
	t.Helper()
	r.reports(t, words)
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

// Every format leads to the same answer, except the one without colours.
func TestRawFormats(t *testing.T) {
	answers := map[string]string{}
	for _, format := range vividFormats {
		t.Run(format.String(), func(t *testing.T) {
			r := start(t, "--camera", need(t, "HALFMEG_VIDEO"), "--format", format.String(), "--frames", "2", "--exit-on-error")
			r.next(t)
			answers[format.String()] = r.next(t).Results[0].Label
			require.False(t, r.stderr.Scan(), "%s", r.stderr.Text())
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
		require.True(t, testcard.Matches(testcard.Scene(at), label), "the %s is recognised as %s", testcard.Scene(at), label)
	}
}

// The camera stops after one frame.
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

// driver is the folder of a driver in sysfs, with files to unbind and bind its devices.
type driver string

const (
	vividDriver driver = "/sys/bus/platform/drivers/vivid"
	i2cDriver   driver = "/sys/bus/platform/drivers/i2c-bcm2835"
)

// camera0 is the device of vividDriver.
const camera0 = "vivid.0"

// unbind takes a device away from its driver, as if it was unplugged.
func (d driver) unbind(tb testing.TB, device string) { d.write(tb, "unbind", device) }

// bind gives it back.
func (d driver) bind(tb testing.TB, device string) { d.write(tb, "bind", device) }

func (d driver) write(tb testing.TB, file, device string) {
	tb.Helper()
	require.NoError(tb, os.WriteFile(filepath.Join(string(d), file), []byte(device), 0o200))
}

// The camera is unplugged and plugged in again while edge runs.
func TestUnplug(t *testing.T) {
	r := start(t, "--camera", need(t, "HALFMEG_VIDEO"))
	r.next(t)
	vividDriver.unbind(t, camera0)
	r.reports(t, "camera not found")
	back := time.Now()
	vividDriver.bind(t, camera0)
	r.reports(t, "the camera is sending frames") // reported with the first frame
	require.Less(t, time.Since(back), 2*time.Second)
	r.next(t)
}
