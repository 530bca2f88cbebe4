package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
	"time"
)

// BenchmarkSoak runs edge with all outputs at five frames a second: a page with a viewer
// of the stream and one of the events, MQTT with pictures if Mosquitto is installed, a
// webhook with pictures, and the recorder. An operation is a frame, so this takes ten
// minutes:
//
//	go test -run ^$ -bench Soak -benchtime 3000x -timeout 1h ./cmd/edge
//
// It reports resident memory after a tenth of the time and at the end, and the descriptors
// and threads at the end. None should grow with the time.
func BenchmarkSoak(b *testing.B) {
	hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // an error is one of edge, which counts it
	}))
	defer hook.Close()
	args := []string{
		"run", "--camera", "testcard", "--rate", "5", "--threads", "1", "--events", "--frames", strconv.Itoa(b.N + 1),
		"--listen", "127.0.0.1:0", "--webhook", hook.URL, "--webhook-snapshot", "--record", b.TempDir(), "--record-max-bytes", "20MB",
	}
	if broker := startBroker(b); broker != "" {
		args = append(args, "--mqtt", "mqtt://"+broker, "--mqtt-snapshot")
	}
	command := exec.Command(program, args...)
	stderr, err := command.StderrPipe()
	check(b, err)
	check(b, command.Start())
	defer func() { _ = command.Process.Kill() }() // has ended unless the benchmark failed
	lines := bufio.NewScanner(stderr)
	page := pageAddress(b, lines)
	go func() {
		for lines.Scan() {
			b.Log(lines.Text())
		}
	}()
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	for _, path := range []string{"stream.mjpg", "api/events"} {
		go read(ctx, page+path)
	}

	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	early := time.After(time.Duration(b.N) * 20 * time.Millisecond) // a tenth of the frames
	b.ResetTimer()
	first, last := usage{}, usage{}
	for running := true; running; {
		select {
		case <-early:
			first = usageOf(command.Process.Pid)
		case <-time.After(time.Second):
			if u := usageOf(command.Process.Pid); u.bytes > 0 {
				last = u
			}
		case err := <-ended:
			check(b, err)
			running = false
		}
	}
	b.ReportMetric(first.bytes, "early-bytes")
	b.ReportMetric(last.bytes, "bytes")
	b.ReportMetric(last.descriptors, "descriptors")
	b.ReportMetric(last.threads, "threads")
}

// startBroker starts Mosquitto and returns its address, or nothing if it is not installed.
func startBroker(b *testing.B) string {
	path, err := exec.LookPath("mosquitto")
	if err != nil {
		if path, err = exec.LookPath("/usr/sbin/mosquitto"); err != nil {
			b.Log("without MQTT: mosquitto is not installed")
			return ""
		}
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	check(b, err)
	address := free.Addr().String()
	check(b, free.Close())
	_, port, err := net.SplitHostPort(address)
	check(b, err)
	config := filepath.Join(b.TempDir(), "mosquitto.conf")
	check(b, os.WriteFile(config, fmt.Appendf(nil, "listener %s 127.0.0.1\nallow_anonymous true\n", port), 0o600))
	broker := exec.Command(path, "-c", config)
	check(b, broker.Start())
	b.Cleanup(func() {
		_ = broker.Process.Kill()
		_ = broker.Wait() // reports the signal
	})
	return address
}

// pageAddress returns the address of the page that edge prints.
func pageAddress(b *testing.B, lines *bufio.Scanner) string {
	address := regexp.MustCompile(`the page is at (http://\S+)`)
	for lines.Scan() {
		if m := address.FindStringSubmatch(lines.Text()); m != nil {
			return m[1]
		}
		b.Log(lines.Text())
	}
	b.Fatal("edge did not print the address of its page")
	return ""
}

// read reads a response until the context ends.
func read(ctx context.Context, url string) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return
	}
	if response, err := http.DefaultClient.Do(r); err == nil {
		_, _ = io.Copy(io.Discard, response.Body) // ends with edge
		_ = response.Body.Close()
	}
}

// usage is what a process uses.
type usage struct{ bytes, descriptors, threads float64 }

// usageOf returns the usage of a process, or zero if it has ended.
func usageOf(pid int) usage {
	dir := fmt.Sprintf("/proc/%d/", pid)
	status, err := os.ReadFile(dir + "status")
	if err != nil {
		return usage{}
	}
	field := func(name string) float64 {
		_, after, _ := bytes.Cut(status, []byte("\n"+name+":"))
		value, _, _ := bytes.Cut(bytes.TrimLeft(after, " \t"), []byte{'\n'})
		number, _ := strconv.ParseFloat(string(bytes.TrimSuffix(value, []byte(" kB"))), 64) // missing in a zombie's status
		return number
	}
	descriptors, _ := os.ReadDir(dir + "fd") // none if the process has just ended
	return usage{1024 * field("VmRSS"), float64(len(descriptors)), field("Threads")}
}

func check(b *testing.B, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}
