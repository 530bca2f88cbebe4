package server

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"image/jpeg"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"halfmeg/camera"
	"halfmeg/camera/pixel"
	"halfmeg/cmd/edge/internal/decision"
	"halfmeg/cmd/edge/internal/pihealth"
	"halfmeg/cmd/edge/internal/pipeline"
	"halfmeg/cmd/edge/internal/snapshot"
	"halfmeg/model/classify"
)

// journal collects a server's output to stderr.
type journal struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.b.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.b.String()
}

// start starts a server for a test.
func start(t *testing.T, config Config) *Server {
	t.Helper()
	if config.Listen == "" {
		config.Listen = "127.0.0.1:0"
	}
	if config.Health == nil {
		config.Health = func() pihealth.State { return pihealth.State{Model: "Raspberry Pi 4"} }
	}
	s, err := New(config)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

func address(s *Server, path string) string { return "http://" + s.Addr().String() + path }

// get requests a path and returns status and body.
func get(t *testing.T, s *Server, path string) (int, string) {
	t.Helper()
	return do(t, request(t, s, http.MethodGet, path))
}

func request(t *testing.T, s *Server, method, path string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, address(s, path), nil)
	require.NoError(t, err)
	return r
}

func do(t *testing.T, r *http.Request) (int, string) {
	t.Helper()
	response, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response.StatusCode, string(body)
}

// getJSON requests a path and decodes the answer.
func getJSON[T any](t *testing.T, s *Server, path string) T {
	t.Helper()
	status, body := get(t, s, path)
	require.Equal(t, http.StatusOK, status, body)
	var v T
	require.NoError(t, json.Unmarshal([]byte(body), &v))
	return v
}

// grey returns a snapshot of a frame of one shade.
func grey(shade byte) *snapshot.Snapshot {
	f := pixel.Format{FourCC: pixel.GREY, Width: 64, Height: 48, Stride: 64}
	frame := &camera.Frame{Format: f, Data: bytes.Repeat([]byte{shade}, f.Size()), Time: time.Now()}
	img := frame.Pixels()
	return snapshot.New(frame, &img)
}

// observation returns an observation with a frame and events.
func observation(frame int, events ...decision.Event) *pipeline.Observation {
	return &pipeline.Observation{
		Frame:   frame,
		Results: []classify.Class{{Index: 1, Label: "tench, Tinca tinca", Probability: 0.5, Logit: 3}},
		Times:   pipeline.Times{Read: 1, Prepare: 2, Infer: 30},
		Time:    time.Now().Truncate(time.Microsecond),
		Age:     40,
		Elapsed: float64(frame) / 10,
		Events:  events,
	}
}

func appearance(id, name string) decision.Event {
	return decision.Event{Version: decision.EventVersion, ID: id, Type: decision.Appeared, Name: name, Start: time.Now().UTC(), Probability: 0.7, Peak: 0.7}
}

// feed sends frames to a sink, as a pipeline.Runner would, until the test ends.
func feed(t *testing.T, c *Sink) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for frame := 1; ctx.Err() == nil; frame++ {
			o := observation(frame)
			if c.WantsPicture(o) {
				o.Snapshot = grey(byte(frame))
			}
			if err := c.Observe(o); err != nil {
				t.Error(err)
			}
			time.Sleep(5 * time.Millisecond)
		}
	}()
	t.Cleanup(func() { cancel(); <-done })
}

func TestState(t *testing.T) {
	s := start(t, Config{Network: "squeezenet1.1", Version: "v1"})
	c := s.Sink("door")
	st := getJSON[State](t, s, "/api/state")
	require.Equal(t, StatusStarting, st.Cameras[0].Status)
	require.Equal(t, "Raspberry Pi 4", st.Board.Model)
	require.Equal(t, "squeezenet1.1", st.Network)

	for frame := 1; frame <= 3; frame++ {
		require.NoError(t, c.Observe(observation(frame)))
	}
	door := getJSON[State](t, s, "/api/state").Cameras[0]
	require.Equal(t, "door", door.Name)
	require.Equal(t, StatusLive, door.Status)
	require.Equal(t, 3, door.Frame)
	require.InDelta(t, 10, door.Rate, 0.001)
	require.Equal(t, []Answer{{Name: "tench", Label: "tench, Tinca tinca", Probability: 0.5}}, door.Answers)
	require.False(t, door.Smoothed)

	o := observation(4)
	o.Answers = []decision.Answer{{Index: -1, Name: "fish", Group: true, Probability: 0.9, On: true}}
	require.NoError(t, c.Observe(o))
	door = getJSON[State](t, s, "/api/state").Cameras[0]
	require.True(t, door.Smoothed)
	require.Equal(t, []Answer{{Name: "fish", Group: true, Probability: 0.9, On: true}}, door.Answers)
}

// The state of a camera that is gone has its error, without control characters.
func TestCameraGone(t *testing.T) {
	s := start(t, Config{})
	c := s.Sink("")
	require.NoError(t, c.Observe(observation(1)))
	status, _ := get(t, s, "/healthz")
	require.Equal(t, http.StatusOK, status)
	require.NoError(t, c.CameraChanged(pipeline.CameraState{Since: time.Now(), Err: errors.New("unplugged\x1b[2J: plug it in")}))
	gone := getJSON[State](t, s, "/api/state").Cameras[0]
	require.Equal(t, StatusGone, gone.Status)
	require.Equal(t, "unplugged [2J: plug it in", gone.Error)
	status, _ = get(t, s, "/healthz")
	require.Equal(t, http.StatusServiceUnavailable, status)
	require.NoError(t, c.CameraChanged(pipeline.CameraState{Since: time.Now()}))
	require.Equal(t, StatusLive, getJSON[State](t, s, "/api/state").Cameras[0].Status)
	require.NoError(t, c.Close())
	require.Equal(t, StatusEnded, getJSON[State](t, s, "/api/state").Cameras[0].Status)
}

func TestStream(t *testing.T) {
	s := start(t, Config{})
	feed(t, s.Sink(""))
	r := request(t, s, http.MethodGet, "/stream.mjpg")
	response, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer response.Body.Close()
	_, params, err := mime.ParseMediaType(response.Header.Get("Content-Type"))
	require.NoError(t, err)
	parts := multipart.NewReader(response.Body, params["boundary"])
	for range 3 {
		part, err := parts.NextRawPart()
		require.NoError(t, err)
		img, err := jpeg.Decode(part)
		require.NoError(t, err)
		require.Equal(t, 64, img.Bounds().Dx())
	}
	require.Equal(t, 1, getJSON[State](t, s, "/api/state").Viewers)
}

func TestSnapshot(t *testing.T) {
	s := start(t, Config{})
	c := s.Sink("")
	require.False(t, c.WantsPicture(observation(1)), "no viewer yet")
	feed(t, c)
	status, body := get(t, s, "/snapshot.jpg")
	require.Equal(t, http.StatusOK, status)
	_, err := jpeg.Decode(strings.NewReader(body))
	require.NoError(t, err)
	status, _ = get(t, s, "/snapshot.jpg?camera=none")
	require.Equal(t, http.StatusNotFound, status)
	require.False(t, c.WantsPicture(observation(1)), "no viewer any more")
}

// message is one of a stream of events.
type message struct{ id, event, data string }

// events connects to /api/events and returns a function that waits for a message.
func events(t *testing.T, s *Server, path, lastID string) func() message {
	t.Helper()
	r := request(t, s, http.MethodGet, path)
	if lastID != "" {
		r.Header.Set("Last-Event-ID", lastID)
	}
	response, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	t.Cleanup(func() { _ = response.Body.Close() })
	require.Equal(t, "text/event-stream", response.Header.Get("Content-Type"))
	lines := bufio.NewScanner(response.Body)
	return func() (m message) {
		t.Helper()
		for lines.Scan() {
			name, value, _ := strings.Cut(lines.Text(), ": ")
			switch name {
			case "id":
				m.id = value
			case "event":
				m.event = value
			case "data":
				m.data = value
			case "":
				if m.data != "" {
					return m
				}
			}
		}
		t.Fatal("the stream has ended: ", lines.Err())
		return m
	}
}

func TestEvents(t *testing.T) {
	s := start(t, Config{})
	c := s.Sink("")
	require.NoError(t, c.Observe(observation(1, appearance("a", "before"))))
	next := events(t, s, "/api/events?state=false", "")
	o := observation(2, appearance("b", "tench"))
	require.True(t, c.WantsPicture(o))
	o.Snapshot = grey(9)
	require.NoError(t, c.Observe(o))
	m := next()
	require.Equal(t, "event", m.event)
	var e decision.Event
	require.NoError(t, json.Unmarshal([]byte(m.data), &e))
	require.Equal(t, "tench", e.Name)
	require.Equal(t, "api/events/b.jpg", e.Snapshot)
	status, body := get(t, s, "/"+e.Snapshot)
	require.Equal(t, http.StatusOK, status)
	_, err := jpeg.Decode(strings.NewReader(body))
	require.NoError(t, err)
	status, _ = get(t, s, "/api/events/a.jpg")
	require.Equal(t, http.StatusNotFound, status, "it had no picture")

	// A client that reconnects receives the events it missed.
	require.NoError(t, c.Observe(observation(3, appearance("c", "one"), appearance("d", "two"))))
	again := events(t, s, "/api/events?state=false", m.id)
	require.Contains(t, again().data, `"name":"one"`)
	require.Contains(t, again().data, `"name":"two"`)
	// An id of an earlier process selects all events.
	other := events(t, s, "/api/events?state=false&last-event-id=x-7", "")
	require.Contains(t, other().data, `"name":"before"`)
}

func TestStateEvents(t *testing.T) {
	s := start(t, Config{})
	next := events(t, s, "/api/events", "")
	require.Equal(t, "state", next().event)
	c := s.Sink("")
	require.NoError(t, c.Observe(observation(5)))
	require.Eventually(t, func() bool {
		m := next()
		return m.event == "state" && strings.Contains(m.data, `"frame":5`)
	}, 10*time.Second, time.Millisecond)
}

func TestHistory(t *testing.T) {
	s := start(t, Config{})
	c := s.Sink("")
	e := appearance("a", "tench")
	gone := e
	gone.Type, gone.End = decision.Gone, &e.Start
	require.NoError(t, c.Observe(observation(1, e, gone, appearance("b", "<b>dog</b>"))))
	names := func(query string) []string {
		list := []string{}
		for _, e := range getJSON[History](t, s, "/api/history"+query).Events {
			list = append(list, e.Name+" "+e.Type)
		}
		return list
	}
	require.Equal(t, []string{"<b>dog</b> appeared", "tench gone", "tench appeared"}, names(""))
	require.Equal(t, []string{"tench gone", "tench appeared"}, names("?name=TEN"))
	require.Equal(t, []string{"tench gone"}, names("?type=gone"))
	require.Equal(t, []string{"<b>dog</b> appeared"}, names("?limit=1"))
	require.Empty(t, names("?since=2100-01-01T00:00:00Z"))
	for _, query := range []string{"?type=x", "?limit=0", "?limit=x", "?since=now", "?name=" + strings.Repeat("x", 300)} {
		status, body := get(t, s, "/api/history"+query)
		require.Equal(t, http.StatusBadRequest, status, query)
		require.Contains(t, body, `"error"`)
	}
	_, body := get(t, s, "/api/history")
	require.NotContains(t, body, "<b>", "JSON must not contain markup, in case a browser guesses the content type")
}

func TestPage(t *testing.T) {
	s := start(t, Config{})
	for path, want := range map[string]string{"/": "text/html; charset=utf-8", "/page.css": "text/css; charset=utf-8", "/page.js": "text/javascript; charset=utf-8", "/icon.svg": "image/svg+xml"} {
		response, err := http.DefaultClient.Do(request(t, s, http.MethodGet, path))
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		require.Equal(t, http.StatusOK, response.StatusCode)
		require.Equal(t, want, response.Header.Get("Content-Type"))
		require.Contains(t, response.Header.Get("Content-Security-Policy"), "default-src 'none'")
		require.NotContains(t, response.Header.Get("Content-Security-Policy"), "unsafe")
		require.Equal(t, "same-origin", response.Header.Get("Cross-Origin-Resource-Policy"))
	}
	for _, path := range []string{"/index.html", "/page.go", "/../page.go", "/%2e%2e/page.go", "/api/none", "/api/events/..%2fx.jpg"} {
		status, _ := get(t, s, path)
		require.Equal(t, http.StatusNotFound, status, path)
	}
	status, _ := do(t, request(t, s, http.MethodPost, "/api/state"))
	require.Equal(t, http.StatusMethodNotAllowed, status)
}

func TestMetrics(t *testing.T) {
	s := start(t, Config{Missed: func() map[string]int { return map[string]int{"recorder": 3} }})
	c := s.Sink("a \"door\"\n\\")
	o := observation(1, appearance("a", "x"))
	o.Camera = "a \"door\"\n\\"
	require.NoError(t, c.Observe(o))
	_, body := get(t, s, "/metrics")
	require.Contains(t, body, `edge_camera_up{camera="a \"door\"\n\\"} 1`)
	require.Contains(t, body, `edge_events_total{camera="a \"door\"\n\\",type="appeared"} 1`)
	require.Contains(t, body, `edge_inference_seconds_bucket{le="0.03"} 1`)
	require.Contains(t, body, `edge_output_missed_frames_total{output="recorder"} 3`)
	require.Contains(t, body, "process_resident_memory_bytes")
	require.Contains(t, body, "edge_board_problems 0\n")
	require.NotContains(t, body, "edge_memory", "unknown values are omitted")
}

// The state and the metrics contain what is known about the board.
func TestBoard(t *testing.T) {
	celsius, pressure, throttled, undervoltage := 61.5, 12.5, uint32(0x50005), true
	s := start(t, Config{Health: func() pihealth.State {
		return pihealth.State{
			ClockHz: 6e8, Celsius: &celsius, Throttled: &throttled, Undervoltage: &undervoltage,
			Memory:  &pihealth.Memory{Total: 4e9, Available: 3e9, Pressure: &pressure},
			Volumes: []pihealth.Volume{{Folder: "/", Free: 5e9, Total: 3e10}, {Folder: "/mnt", Free: 1e9, Total: 2e9, ReadOnly: true}},
		}
	}})
	_, body := get(t, s, "/metrics")
	for _, line := range []string{
		"edge_board_problems 3", "edge_board_clock_hertz 6e+08", "edge_board_celsius 61.5", "edge_board_throttled_bits 327685", "edge_board_undervoltage 1",
		"edge_memory_total_bytes 4000000000", "edge_memory_available_bytes 3000000000", "edge_memory_pressure_ratio 0.125",
		`edge_filesystem_size_bytes{folder="/"} 30000000000`, `edge_filesystem_free_bytes{folder="/mnt"} 1000000000`,
		`edge_filesystem_read_only{folder="/"} 0`, `edge_filesystem_read_only{folder="/mnt"} 1`,
	} {
		require.Contains(t, body, line+"\n")
	}
	_, body = get(t, s, "/api/state")
	require.Contains(t, body, `"problems":["the supply voltage is too low","the processor is throttled","the file system of /mnt is read-only"],"advice":["use the official power supply and a short cable",`)
	require.Contains(t, body, `"memory":{"total_bytes":4000000000,"available_bytes":3000000000,"pressure_percent":12.5}`)
}
