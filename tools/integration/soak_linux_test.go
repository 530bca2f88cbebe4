package integration

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/hooks/auth"
	"github.com/mochi-mqtt/server/v2/listeners"
	"github.com/mochi-mqtt/server/v2/packets"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// BenchmarkPiSoak runs edge with camera, display, lines, recorder, MQTT and a viewer of the
// page, and removes one of these each minute for ten seconds: the camera, the bus of the
// display, the chip of the lines, the broker. An operation is a minute of the board's
// clock, which takes the host a minute or two with HALFMEG_SOAK_RATE=1, one frame a second,
// and several times that without a limit of the rate. An hour:
//
//	GOOS=linux GOARCH=arm64 CGO_ENABLED=0 go test -c -o build/integration.test ./tools/integration
//	go run ./tools/emupi -board pi3 -timeout 5h -file build/edge-linux-arm64:/bin/edge \
//		-file build/integration.test:/bin/integration.test -env HALFMEG_EDGE=/bin/edge \
//		-env HALFMEG_VIDEO=/dev/video0 -env HALFMEG_I2C=/dev/i2c-1 -env HALFMEG_GPIO_SIM=/sys/kernel/config/gpio-sim \
//		/bin/integration.test -test.run '^$' -test.bench PiSoak -test.benchtime 60x -test.timeout 5h
//
// It writes what edge reports, and after each operation what edge uses: none of that
// should grow with the time, except the processor time.
func BenchmarkPiSoak(b *testing.B) {
	video, bus := need(b, "HALFMEG_VIDEO"), need(b, "HALFMEG_I2C")
	enableLoopback(b)
	chip, broker := simulateLines(b), &broker{}
	broker.start(b)
	args := []string{
		"run", "--camera", video, "--size", "320x240",
		"--json", "--half-life", "0", "--on", "5%", "--off", "2%", "--min-on", "0", "--min-off", "0",
		"--display", "ssd1306", "--display-bus", bus, "--pin-chip", simulatedChip, "--pin-output", "LAMP=*",
		"--record", b.TempDir(), "--record-max-bytes", "2MB", "--record-min-free", "1MB", "--listen", "127.0.0.1:0",
		"--mqtt", "mqtt://" + brokerAddress, "--mqtt-snapshot",
	}
	if rate := os.Getenv("HALFMEG_SOAK_RATE"); rate != "" {
		args = append(args, "--rate", rate)
	}
	cmd := exec.CommandContext(b.Context(), need(b, "HALFMEG_EDGE"), args...)
	stdout, err := cmd.StdoutPipe()
	require.NoError(b, err)
	stderr, err := cmd.StderrPipe()
	require.NoError(b, err)
	require.NoError(b, cmd.Start())
	defer func() { _ = cmd.Process.Kill() }() // fails if it has exited
	var frames atomic.Int64
	go countFrames(stdout, &frames)
	messages := bufio.NewScanner(stderr)
	page := ""
	for found := false; !found; {
		require.True(b, messages.Scan())
		_, page, found = strings.Cut(messages.Text(), "the page is at ")
	}
	go view(page + "stream.mjpg")
	go func() {
		for messages.Scan() {
			fmt.Println(messages.Text()) // not b.Log, which keeps ten lines
		}
	}()

	controller := controllerOf(b, bus)
	parts := []struct{ remove, restore func() }{
		{func() { vividDriver.unbind(b, camera0) }, func() { vividDriver.bind(b, camera0) }},
		{func() { i2cDriver.unbind(b, controller) }, func() { i2cDriver.bind(b, controller) }},
		{func() { chip.setLive(b, false) }, func() { chip.setLive(b, true) }},
		{func() { broker.stop(b) }, func() { broker.start(b) }},
	}
	for i := range b.N {
		time.Sleep(50 * time.Second)
		parts[i%len(parts)].remove()
		time.Sleep(10 * time.Second)
		parts[i%len(parts)].restore()
		fmt.Printf("minute %d: %d frames, %d MQTT messages, %s\n", i+1, frames.Load(), broker.messages.Load(), usage(b, cmd.Process.Pid, page))
	}
	time.Sleep(10 * time.Second) // all parts are back
	require.NoError(b, cmd.Process.Signal(unix.SIGTERM))
	require.NoError(b, cmd.Wait())
	broker.stop(b)
	b.ReportMetric(float64(frames.Load()), "frames")
	b.ReportMetric(float64(broker.messages.Load()), "messages")
}

// BenchmarkPiIdle reports the processor time that edge takes besides inference with one
// frame a second, as a share of one core: camera, display, lines, page and decision. An
// operation is a second of the board's clock, which counts an instruction as a nanosecond.
// Arguments are those of BenchmarkPiSoak, with -test.bench PiIdle -test.benchtime 60x.
func BenchmarkPiIdle(b *testing.B) {
	simulateLines(b)
	cmd := exec.CommandContext(b.Context(), need(b, "HALFMEG_EDGE"), "run", "--camera", need(b, "HALFMEG_VIDEO"), "--size", "640x480",
		"--rate", "1", "--threads", "1", "--json", "--display", "ssd1306", "--display-bus", need(b, "HALFMEG_I2C"),
		"--pin-chip", simulatedChip, "--pin-output", "LAMP=cat", "--listen", "127.0.0.1:0")
	stdout, err := cmd.StdoutPipe()
	require.NoError(b, err)
	require.NoError(b, cmd.Start())
	defer func() { _ = cmd.Process.Kill() }() // fails if it has exited
	var inference []float64                   // milliseconds
	decoder, begin, start := json.NewDecoder(stdout), 0.0, time.Time{}
	for i := range b.N + warmup {
		if i == warmup {
			begin, start = processorSeconds(b, cmd.Process.Pid), time.Now()
			inference = nil
		}
		var f struct{ MS struct{ Infer float64 } }
		require.NoError(b, decoder.Decode(&f))
		inference = append(inference, f.MS.Infer)
	}
	seconds, used := time.Since(start).Seconds(), processorSeconds(b, cmd.Process.Pid)-begin
	slices.Sort(inference)
	median := inference[len(inference)/2]
	b.ReportMetric(median, "ms/inference") // the mean would count other processes
	b.ReportMetric(100*used/seconds, "%all")
	b.ReportMetric(100*(used-median/1000*float64(b.N))/seconds, "%besides-inference")
}

// warmup is the number of frames before the measurement.
const warmup = 5

// processorSeconds returns the processor time that a process has used.
func processorSeconds(tb testing.TB, pid int) float64 {
	tb.Helper()
	total := 0.0
	tasks, err := filepath.Glob("/proc/" + strconv.Itoa(pid) + "/task/*/schedstat")
	require.NoError(tb, err)
	for _, task := range tasks {
		nanoseconds, err := strconv.ParseFloat(strings.Fields(readFile(tb, task))[0], 64)
		require.NoError(tb, err)
		total += nanoseconds / 1e9
	}
	return total
}

// broker is an MQTT broker that can be stopped and started again.
type broker struct {
	server   *mqtt.Server
	messages atomic.Int64 // that it received
}

const brokerAddress = "127.0.0.1:1883"

func (b *broker) start(tb testing.TB) {
	tb.Helper()
	b.server = mqtt.New(&mqtt.Options{InlineClient: true, Logger: slog.New(slog.DiscardHandler)})
	require.NoError(tb, b.server.AddHook(new(auth.AllowHook), nil))
	require.NoError(tb, b.server.AddListener(listeners.NewTCP(listeners.Config{ID: "tcp", Address: brokerAddress})))
	require.NoError(tb, b.server.Subscribe("#", 1, func(*mqtt.Client, packets.Subscription, packets.Packet) { b.messages.Add(1) }))
	go func() {
		if err := b.server.Serve(); err != nil {
			fmt.Println("the broker:", err)
		}
	}()
}

func (b *broker) stop(tb testing.TB) {
	tb.Helper()
	require.NoError(tb, b.server.Close())
}

// countFrames counts the frames in the output of "edge run --json".
func countFrames(output io.Reader, count *atomic.Int64) {
	for d := json.NewDecoder(output); ; {
		var f frame
		if d.Decode(&f) != nil {
			return
		}
		if f.Results != nil {
			count.Add(1)
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

// usage returns memory, threads and descriptors of edge from /proc, its goroutines and
// processor seconds from its metrics.
func usage(tb testing.TB, pid int, page string) string {
	tb.Helper()
	dir := "/proc/" + strconv.Itoa(pid)
	status, err := os.ReadFile(dir + "/status")
	require.NoError(tb, err)
	descriptors, err := os.ReadDir(dir + "/fd")
	require.NoError(tb, err)
	response, err := http.Get(page + "metrics")
	require.NoError(tb, err)
	defer func() { _ = response.Body.Close() }()
	metrics, err := io.ReadAll(response.Body)
	require.NoError(tb, err)
	fields := regexp.MustCompile(`(?:VmRSS|Threads):\s+\d+(?: kB)?`).FindAllString(string(status), -1)
	fields = append(fields, regexp.MustCompile(`(?m)^(?:go_goroutines|process_cpu_seconds_total|process_cpu_seconds_system_total) \S+`).FindAllString(string(metrics), -1)...)
	return strings.Join(strings.Fields(strings.Join(fields, ", ")), " ") + ", descriptors: " + strconv.Itoa(len(descriptors))
}
