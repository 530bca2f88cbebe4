package main

import (
	"bufio"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"halfmeg/cmd/edge/internal/decision"
)

// startWithStderr runs the program until the test ends or it is interrupted, and returns a
// reader of its stderr.
func startWithStderr(t *testing.T, args ...string) (*exec.Cmd, *bufio.Reader) {
	t.Helper()
	command := exec.Command(program, args...)
	stderr, err := command.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, command.Start())
	t.Cleanup(func() { _ = command.Process.Kill() })
	return command, bufio.NewReader(stderr)
}

// receiver is the server of a webhook. It keeps the requests.
type receiver struct {
	mu  sync.Mutex
	got []decision.Event
}

func (r *receiver) ServeHTTP(_ http.ResponseWriter, request *http.Request) {
	var e decision.Event
	_ = json.NewDecoder(request.Body).Decode(&e) // tests check the received events
	r.mu.Lock()
	defer r.mu.Unlock()
	r.got = append(r.got, e)
}

func (r *receiver) events() []decision.Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]decision.Event(nil), r.got...)
}

// All outputs report the same events: standard output, webhook, recorder and page.
func TestRunWithAllOutputs(t *testing.T) {
	hook := &receiver{}
	server := httptest.NewServer(hook)
	defer server.Close()
	dir := t.TempDir()
	got := edge(t, "run", "--camera", "testcard", "--rate", "20", "--frames", "70", "--events", "--json", "--min-on", "0", "--half-life", "0",
		"--group", "clocks=analog clock,digital clock,wall clock", "--webhook", server.URL, "--record", dir, "--listen", "127.0.0.1:0")
	require.Equal(t, statusOK, got.status, got.stderr)
	events := decodeLines[decision.Event](t, got.stdout)
	require.NotEmpty(t, events)
	open := map[string]bool{}
	for _, e := range events {
		require.Equal(t, e.Type == decision.Appeared, !open[e.ID], "%+v", e)
		open[e.ID] = e.Type == decision.Appeared
	}
	for id, still := range open {
		require.False(t, still, "%s is open at the end of the run", id)
	}
	require.ElementsMatch(t, ids(events), ids(hook.events()))
	pictures, err := filepath.Glob(filepath.Join(dir, "*", "*.jpg"))
	require.NoError(t, err)
	require.Len(t, pictures, len(events)/2)
	require.Contains(t, got.stderr, "the page is at http://127.0.0.1:")
}

// ids returns the id and type of each event.
func ids(events []decision.Event) []string {
	var list []string
	for _, e := range events {
		list = append(list, e.ID+" "+e.Type)
	}
	return list
}

// The page shows the run, and classifies an upload while the camera runs.
func TestRunWithPage(t *testing.T) {
	command, stderr := startWithStderr(t, "run", "--camera", "testcard", "--rate", "20", "--listen", "127.0.0.1:0")
	line, err := stderr.ReadString('\n')
	require.NoError(t, err)
	_, address, ok := strings.Cut(strings.TrimSpace(line), "the page is at ")
	require.True(t, ok, line)
	address = strings.TrimSuffix(address, "/")

	require.Eventually(t, func() bool {
		response, err := http.Get(address + "/api/state")
		if err != nil {
			return false
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		return err == nil && strings.Contains(string(body), `"status":"live"`)
	}, 20*time.Second, 50*time.Millisecond)
	picture := strings.NewReader(string(encodeJPEG(t, 320, 240)))
	response, err := http.Post(address+"/api/classify", "image/jpeg", picture)
	require.NoError(t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, response.StatusCode, string(body))
	require.Contains(t, string(body), `"results":[{"class":`)

	if runtime.GOOS == "windows" {
		return // which has no interrupt for other programs
	}
	require.NoError(t, command.Process.Signal(os.Interrupt))
	require.NoError(t, command.Wait())
}

// An invalid output ends the program before it opens the camera.
func TestOutputErrors(t *testing.T) {
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer busy.Close()
	for words, args := range map[string][]string{
		"has this port":       {"--listen", busy.Addr().String()},
		"--listen":            {"--token-file", "x"},
		"--webhook":           {"--webhook-title", "x"},
		"need --mqtt":         {"--mqtt-snapshot"},
		"as --camera ADDRESS": {"rtsp://me:secret@127.0.0.1/x"},
		`"dgo"`:               {"--events", "--group", "dgo"},
		"mqtt://":             {"--mqtt", "ftp://broker"},
		"off level":           {"--events", "--on", "20%"},
		"expected":            {"--on", "high"},
		"unknown class":       {"--record", t.TempDir(), "--record-events", "unicorn"},
		"http://… or https":   {"--webhook", "mailto:me"},
		"needs --record":      {"--button", "27=snapshot"},
		"never be active":     {"--pin-output", "17=dog", "--allow", "cat"},
		`17=dgo: unknown cla`: {"--pin-output", "17=dgo"},
	} {
		got := edge(t, append([]string{"run", "--camera", "testcard", "--frames", "1"}, args...)...)
		require.NotEqual(t, statusOK, got.status, args)
		require.Contains(t, got.stderr, words, args)
		require.Equal(t, 1, strings.Count(got.stderr, "\n"), got.stderr)
	}
}

// A blocked standard output delays neither the page nor the end of the run.
func TestStuckStandardOutput(t *testing.T) {
	command := exec.Command(program, "run", "--camera", "testcard", "--rate", "100", "--json", "--listen", "127.0.0.1:0")
	stdout, err := command.StdoutPipe() // never read
	require.NoError(t, err)
	defer stdout.Close()
	stderr, err := command.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, command.Start())
	t.Cleanup(func() { _ = command.Process.Kill() })
	reader := bufio.NewReader(stderr)
	_, address, ok := strings.Cut(strings.TrimSpace(readLines(t, reader, 1)), "the page is at ")
	require.True(t, ok)
	frame := func() (number int) {
		response, err := http.Get(address + "api/state")
		if err != nil {
			return 0
		}
		defer response.Body.Close()
		var state struct{ Cameras []struct{ Frame int } }
		if json.NewDecoder(response.Body).Decode(&state) != nil || len(state.Cameras) == 0 {
			return 0
		}
		return state.Cameras[0].Frame
	}
	// A pipe holds 64 KiB, and the queue 16 lines: together less than 150 lines.
	require.Eventually(t, func() bool { return frame() > 150 }, 3*time.Minute, 50*time.Millisecond)
	if runtime.GOOS == "windows" {
		return // which has no interrupt for other programs
	}
	require.NoError(t, command.Process.Signal(os.Interrupt))
	rest, err := io.ReadAll(reader)
	require.NoError(t, err)
	require.Error(t, command.Wait())
	require.Contains(t, string(rest), "standard output did not finish within 3s")
}
