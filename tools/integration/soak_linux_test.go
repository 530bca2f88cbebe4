package integration

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// BenchmarkPiSoak runs edge with camera, display, lines, recorder and a viewer of the page,
// and removes one of its devices each minute for ten seconds: the camera, the bus of the
// display, the chip of the lines. An operation is a minute of the board's clock, which takes
// the host four. A quarter of an hour:
//
//	GOOS=linux GOARCH=arm64 CGO_ENABLED=0 go test -c -o build/integration.test ./tools/integration
//	go run ./tools/emupi -board pi3 -timeout 5h -file build/edge-linux-arm64:/bin/edge \
//		-file build/integration.test:/bin/integration.test -env HALFMEG_EDGE=/bin/edge \
//		-env HALFMEG_VIDEO=/dev/video0 -env HALFMEG_I2C=/dev/i2c-1 -env HALFMEG_GPIO_SIM=/sys/kernel/config/gpio-sim \
//		/bin/integration.test -test.run '^$' -test.bench PiSoak -test.benchtime 15x -test.timeout 5h
//
// It writes what edge reports, and what it uses after each operation: none of that should
// grow with the time.
func BenchmarkPiSoak(b *testing.B) {
	video, bus := need(b, "HALFMEG_VIDEO"), need(b, "HALFMEG_I2C")
	enableLoopback(b)
	chip := simulateLines(b)
	cmd := exec.CommandContext(b.Context(), need(b, "HALFMEG_EDGE"), "run", "--camera", video, "--size", "320x240", "--rate", "1",
		"--json", "--half-life", "0", "--on", "5%", "--off", "2%", "--min-on", "0", "--min-off", "0",
		"--display", "ssd1306", "--display-bus", bus, "--pin-chip", simulatedChip, "--pin-output", "LAMP=*",
		"--record", b.TempDir(), "--record-max-bytes", "2MB", "--record-min-free", "1MB", "--listen", "127.0.0.1:0")
	stdout, err := cmd.StdoutPipe()
	require.NoError(b, err)
	stderr, err := cmd.StderrPipe()
	require.NoError(b, err)
	require.NoError(b, cmd.Start())
	defer func() { _ = cmd.Process.Kill() }() // fails if it has exited
	frames := make(chan int, 1)
	go countFrames(stdout, frames)
	messages := bufio.NewScanner(stderr)
	require.True(b, messages.Scan())
	_, page, found := strings.Cut(messages.Text(), "the page is at ")
	require.True(b, found, messages.Text())
	go view(page + "stream.mjpg")
	go func() {
		for messages.Scan() {
			fmt.Println(messages.Text()) // not b.Log, which keeps ten lines
		}
	}()

	controller := controllerOf(b, bus)
	devices := []struct{ remove, restore func() }{
		{func() { vividDriver.unbind(b, camera0) }, func() { vividDriver.bind(b, camera0) }},
		{func() { i2cDriver.unbind(b, controller) }, func() { i2cDriver.bind(b, controller) }},
		{func() { chip.setLive(b, false) }, func() { chip.setLive(b, true) }},
	}
	for i := range b.N {
		time.Sleep(50 * time.Second)
		devices[i%len(devices)].remove()
		time.Sleep(10 * time.Second)
		devices[i%len(devices)].restore()
		fmt.Printf("minute %d: %s\n", i+1, usage(b, cmd.Process.Pid))
	}
	time.Sleep(10 * time.Second) // all devices are back
	require.NoError(b, cmd.Process.Signal(unix.SIGTERM))
	require.NoError(b, cmd.Wait())
	b.ReportMetric(float64(<-frames), "frames")
}

// countFrames counts the frames in the output of "edge run --json".
func countFrames(output io.Reader, frames chan<- int) {
	count := 0
	for d := json.NewDecoder(output); ; {
		var f frame
		if d.Decode(&f) != nil {
			frames <- count
			return
		}
		if f.Results != nil {
			count++
		}
	}
}

// view reads a stream until it ends.
func view(url string) {
	if response, err := http.Get(url); err == nil {
		_, _ = io.Copy(io.Discard, response.Body) // ends with edge
		_ = response.Body.Close()
	}
}

// usage returns memory, threads and descriptors of a process.
func usage(tb testing.TB, pid int) string {
	tb.Helper()
	dir := "/proc/" + strconv.Itoa(pid)
	status, err := os.ReadFile(dir + "/status")
	require.NoError(tb, err)
	descriptors, err := os.ReadDir(dir + "/fd")
	require.NoError(tb, err)
	fields := regexp.MustCompile(`(?:VmRSS|Threads):\s+\d+(?: kB)?`).FindAllString(string(status), -1)
	return strings.Join(strings.Fields(strings.Join(fields, ", ")), " ") + ", descriptors: " + strconv.Itoa(len(descriptors))
}
