package server

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image/jpeg"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"halfmeg/camera/pixel"
	"halfmeg/cmd/edge/internal/pihealth"
	"halfmeg/cmd/edge/internal/pipeline"
	"halfmeg/model/classify"
)

// pipes is a listener of in-memory connections. They have no buffer, so that a test
// controls how much is read, and make no system calls, so that they work in a synctest
// bubble.
type pipes struct {
	conns chan net.Conn
	done  chan struct{}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8080} }
func (p *pipes) Close() error   { close(p.done); return nil }

// dial sends a request and returns the connection.
func (p *pipes) dial(request string) (net.Conn, error) {
	client, server := net.Pipe()
	p.conns <- server
	_, err := io.WriteString(client, request)
	return client, err
}

// connect is dial that fails the test on an error. Only the test's goroutine may call it.
func (p *pipes) connect(t *testing.T, request string) net.Conn {
	t.Helper()
	conn, err := p.dial(request)
	require.NoError(t, err)
	return conn
}

// get connects and requests a path.
func (p *pipes) get(t *testing.T, path string) net.Conn {
	t.Helper()
	return p.connect(t, "GET "+path+" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
}

// status reads the header of a response and returns its status.
func status(t *testing.T, r *bufio.Reader) int {
	t.Helper()
	code, err := readStatus(r)
	require.NoError(t, err)
	return code
}

// readStatus is status for other goroutines than the test's.
func readStatus(r *bufio.Reader) (int, error) {
	response, err := http.ReadResponse(r, nil) //nolint:bodyclose // that would read to the end, and a stream has none
	if err != nil {
		return 0, err
	}
	return response.StatusCode, nil
}

// inBubble runs a test with a server on pipes in a synctest bubble. It closes the server,
// and synctest fails the test if a goroutine is left.
func inBubble(t *testing.T, config Config, test func(t *testing.T, s *Server, p *pipes)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		p := &pipes{conns: make(chan net.Conn), done: make(chan struct{})}
		config.Health = func() pihealth.State { return pihealth.State{} }
		s, err := serve(config, p)
		require.NoError(t, err)
		test(t, s, p)
		require.NoError(t, s.Close())
	})
}

// frames sends ten frames a second for a span of time. The shade of each is its number.
func frames(t *testing.T, c *Sink, from int, span time.Duration) (next, pictures int) {
	t.Helper()
	for end := time.Now().Add(span); time.Now().Before(end); from++ {
		o := observation(from)
		if c.WantsPicture(o) {
			o.Snapshot = grey(byte(from))
			pictures++
		}
		if err := c.Observe(o); err != nil {
			t.Error(err)
		}
		time.Sleep(100 * time.Millisecond)
	}
	return from, pictures
}

// nextShade reads a picture of a stream: its shade is the number of the frame.
func nextShade(t *testing.T, r *bufio.Reader) int {
	t.Helper()
	length := 0
	for {
		line, err := r.ReadString('\n')
		require.NoError(t, err)
		if n, ok := strings.CutPrefix(line, "Content-Length: "); ok {
			_, err := fmt.Sscan(n, &length)
			require.NoError(t, err)
		}
		if line == "\r\n" && length > 0 {
			break
		}
	}
	data := make([]byte, length)
	_, err := io.ReadFull(r, data)
	require.NoError(t, err)
	img, err := jpeg.Decode(bytes.NewReader(data))
	require.NoError(t, err)
	shade, _, _, _ := img.At(5, 5).RGBA()
	return int(shade >> 8)
}

// chunks returns the body of a stream, read with a small buffer.
func chunks(t *testing.T, c net.Conn) *bufio.Reader {
	t.Helper()
	response, err := http.ReadResponse(bufio.NewReaderSize(c, 16), nil) //nolint:bodyclose // that would read to the end, and a stream has none
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, response.StatusCode)
	return bufio.NewReaderSize(response.Body, 16)
}

// A client receives five pictures a second of ten frames. Without clients the server
// needs no pictures.
func TestPace(t *testing.T) {
	inBubble(t, Config{}, func(t *testing.T, s *Server, p *pipes) {
		c := s.Sink("")
		next, pictures := frames(t, c, 1, 2*time.Second)
		require.Zero(t, pictures)
		conn := p.get(t, "/stream.mjpg")
		go func() { _, _ = io.Copy(io.Discard, conn) }()
		synctest.Wait()
		_, pictures = frames(t, c, next, 10*time.Second)
		require.InDelta(t, 50, pictures, 1)
		require.NoError(t, conn.Close())
		synctest.Wait()
		_, pictures = frames(t, c, next, time.Second)
		require.Zero(t, pictures)
	})
}

// A slow client skips pictures, and receives the latest one after it has read the one
// before. A client that does not read is disconnected. Neither delays the frames.
func TestSlowViewers(t *testing.T) {
	inBubble(t, Config{}, func(t *testing.T, s *Server, p *pipes) {
		c := s.Sink("")
		slow, stuck := p.get(t, "/stream.mjpg"), p.get(t, "/stream.mjpg")
		body := chunks(t, slow)
		synctest.Wait()
		require.Len(t, s.streams, 2)
		ended := make(chan struct{})
		begin := time.Now()
		go func() {
			defer close(ended)
			next, pictures := frames(t, c, 1, 15*time.Second)
			if next != 151 || time.Since(begin) != 15*time.Second {
				t.Errorf("%d frames in %v", next-1, time.Since(begin))
			}
			if pictures > 10 {
				t.Errorf("%d pictures, more than the clients can read", pictures)
			}
		}()
		for range 4 {
			time.Sleep(3 * time.Second)
			shade := nextShade(t, body)
			require.InDelta(t, int(time.Since(begin)/(100*time.Millisecond)), shade, 2)
		}
		<-ended
		synctest.Wait()
		require.Len(t, s.streams, 1)
		require.EqualValues(t, 1, s.metrics.slowReaders.Get())
		require.NoError(t, slow.Close())
		require.NoError(t, stuck.Close())
	})
}

// A client of events that does not read is disconnected, too.
func TestSlowEventClient(t *testing.T) {
	inBubble(t, Config{}, func(t *testing.T, s *Server, p *pipes) {
		conn := p.get(t, "/api/events")
		synctest.Wait()
		require.Len(t, s.eventStreams, 1)
		time.Sleep(slowTimeout + time.Second)
		synctest.Wait()
		require.Empty(t, s.eventStreams)
		require.NoError(t, conn.Close())
	})
}

// An idle stream of events sends a comment at every heartbeat.
func TestHeartbeat(t *testing.T) {
	inBubble(t, Config{}, func(t *testing.T, _ *Server, p *pipes) {
		conn := p.get(t, "/api/events?state=false")
		body := chunks(t, conn)
		begin := time.Now()
		for _, want := range []string{"retry: 2000\n", "\n", ":\n", "\n", ":\n"} {
			line, err := body.ReadString('\n')
			require.NoError(t, err)
			require.Equal(t, want, line)
		}
		require.Equal(t, 2*heartbeat, time.Since(begin))
		require.NoError(t, conn.Close())
	})
}

// Clients beyond the limit of streams are refused, until a slot is free.
func TestStreamCap(t *testing.T) {
	inBubble(t, Config{}, func(t *testing.T, s *Server, p *pipes) {
		s.Sink("")
		var conns []net.Conn
		for range maxStreams {
			conn := p.get(t, "/stream.mjpg")
			go func() { _, _ = io.Copy(io.Discard, conn) }()
			conns = append(conns, conn)
		}
		synctest.Wait()
		for _, path := range []string{"/stream.mjpg", "/snapshot.jpg"} {
			conn := p.get(t, path)
			require.Equal(t, http.StatusServiceUnavailable, status(t, bufio.NewReader(conn)))
			require.NoError(t, conn.Close())
		}
		require.NoError(t, conns[0].Close())
		synctest.Wait()
		conn := p.get(t, "/stream.mjpg")
		require.Equal(t, http.StatusOK, status(t, bufio.NewReader(conn)))
		for _, c := range append(conns, conn) {
			_ = c.Close() // the first one is closed already
		}
	})
}

// A request for a picture of a camera that is gone fails with the camera's error.
func TestSnapshotWithoutCamera(t *testing.T) {
	inBubble(t, Config{}, func(t *testing.T, s *Server, p *pipes) {
		c := s.Sink("")
		require.NoError(t, c.CameraChanged(pipeline.CameraState{Since: time.Now(), Err: fmt.Errorf("plug it in")}))
		conn := p.get(t, "/snapshot.jpg")
		response, err := http.ReadResponse(bufio.NewReader(conn), nil)
		require.NoError(t, err)
		require.Equal(t, http.StatusServiceUnavailable, response.StatusCode)
		require.NotEmpty(t, response.Header.Get("Retry-After"))
		body, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		require.Contains(t, string(body), "plug it in")
		require.NoError(t, conn.Close())
	})
}

// fetch requests a path and returns the status and the body.
func (p *pipes) fetch(t *testing.T, path string) (int, string) {
	t.Helper()
	conn := p.get(t, path)
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err)
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.NoError(t, conn.Close())
	return response.StatusCode, string(body)
}

// A camera that stops without an error is stalled, and clients are notified. With the
// next frame it is live again.
func TestStalled(t *testing.T) {
	inBubble(t, Config{}, func(t *testing.T, s *Server, p *pipes) {
		c := s.Sink("")
		check := func(want string, health int) CameraState {
			t.Helper()
			synctest.Wait()
			code, _ := p.fetch(t, "/healthz")
			require.Equal(t, health, code)
			_, body := p.fetch(t, "/api/state")
			var st State
			require.NoError(t, json.Unmarshal([]byte(body), &st))
			require.Equal(t, want, st.Cameras[0].Status)
			return st.Cameras[0]
		}
		check(StatusStarting, 503)
		next, _ := frames(t, c, 1, time.Second)
		last := time.Now().Add(-100 * time.Millisecond)
		time.Sleep(minStall - 200*time.Millisecond)
		check(StatusLive, 200)
		_, changed := s.state()
		time.Sleep(200 * time.Millisecond)
		synctest.Wait()
		select {
		case <-changed:
		default:
			t.Error("clients were not notified")
		}
		stalled := check(StatusStalled, 503)
		require.True(t, stalled.Since.Equal(last), "%v %v", stalled.Since, last)
		require.Contains(t, stalled.Error, "restart edge")
		require.Zero(t, stalled.Rate)
		_, body := p.fetch(t, "/metrics")
		require.Contains(t, body, `edge_camera_up{camera=""} 0`)

		frames(t, c, next, time.Second)
		require.Empty(t, check(StatusLive, 200).Error)
		// The statuses gone and ended win over stalled.
		require.NoError(t, c.CameraChanged(pipeline.CameraState{Since: time.Now(), Err: fmt.Errorf("plug it in")}))
		time.Sleep(time.Hour)
		check(StatusGone, 503)
		require.NoError(t, c.CameraChanged(pipeline.CameraState{Since: time.Now()}))
		check(StatusLive, 200)
		time.Sleep(firstStall)
		check(StatusStalled, 503)
		require.NoError(t, c.Close())
		time.Sleep(time.Hour)
		check(StatusEnded, 503)
	})
}

// A camera with a low frame rate stays live between its frames.
func TestSlowCameraIsLive(t *testing.T) {
	inBubble(t, Config{}, func(t *testing.T, s *Server, _ *pipes) {
		c := s.Sink("")
		for i := range 5 {
			o := observation(i + 1)
			o.Elapsed = 100 * float64(i) // the lowest rate
			require.NoError(t, c.Observe(o))
			time.Sleep(100 * time.Second)
			st, _ := s.state()
			require.Equal(t, StatusLive, st.Cameras[0].Status)
		}
		time.Sleep(400*time.Second + time.Millisecond)
		st, _ := s.state()
		require.Equal(t, StatusStalled, st.Cameras[0].Status)
	})
}

// A request whose header arrives too slowly is disconnected.
func TestSlowRequest(t *testing.T) {
	inBubble(t, Config{}, func(t *testing.T, _ *Server, p *pipes) {
		begin := time.Now()
		conn := p.connect(t, "GET /api/state HTTP/1.1\r\nHost: 127")
		_, err := conn.Read(make([]byte, 1))
		require.ErrorIs(t, err, io.EOF)
		require.Equal(t, headerTimeout, time.Since(begin))
	})
}

// A body that arrives too slowly does not block other requests, and times out.
func TestSlowUpload(t *testing.T) {
	config := Config{Classify: func(context.Context, pixel.Image) ([]classify.Class, error) {
		return []classify.Class{{Label: "x"}}, nil
	}}
	picture := pngOf(t, 8, 8)
	inBubble(t, config, func(t *testing.T, s *Server, p *pipes) {
		post := func(length int, body string) net.Conn {
			return p.connect(t, fmt.Sprintf("POST /api/classify HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %d\r\n\r\n%s", length, body))
		}
		slow := post(1000, "x")
		good := post(len(picture), string(picture))
		require.Equal(t, http.StatusOK, status(t, bufio.NewReader(good)))
		begin := time.Now()
		require.Equal(t, http.StatusRequestTimeout, status(t, bufio.NewReader(slow)))
		require.LessOrEqual(t, time.Since(begin), bodyTimeout)
		require.NoError(t, slow.Close())
		require.NoError(t, good.Close())
		synctest.Wait()
		require.Empty(t, s.classifying.uploads)
	})
}

// Only one picture is classified at a time. Uploads beyond maxUploads are refused.
func TestClassifyLimits(t *testing.T) {
	running, most := 0, 0
	config := Config{Classify: func(context.Context, pixel.Image) ([]classify.Class, error) {
		running++ // needs no lock: the server makes no concurrent calls
		most = max(most, running)
		time.Sleep(time.Second)
		running--
		return []classify.Class{{Label: "x"}}, nil
	}}
	picture := pngOf(t, 8, 8)
	inBubble(t, config, func(t *testing.T, _ *Server, p *pipes) {
		statuses := make(chan int, 2*maxUploads)
		for range 2 * maxUploads {
			go func() {
				conn, err := p.dial(fmt.Sprintf("POST /api/classify HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %d\r\n\r\n%s", len(picture), picture))
				code := 0
				if err == nil {
					code, err = readStatus(bufio.NewReader(conn))
				}
				if err != nil {
					t.Error(err)
				}
				_ = conn.Close()
				statuses <- code
			}()
		}
		count := map[int]int{}
		for range 2 * maxUploads {
			count[<-statuses]++
		}
		require.Equal(t, map[int]int{http.StatusOK: maxUploads, http.StatusServiceUnavailable: maxUploads}, count)
		require.Equal(t, 1, most)
	})
}

// Close ends open streams; inBubble checks that no goroutine is left.
func TestCloseEndsStreams(t *testing.T) {
	inBubble(t, Config{}, func(t *testing.T, s *Server, p *pipes) {
		c := s.Sink("")
		ended := make(chan struct{}, 3)
		for _, path := range []string{"/stream.mjpg", "/api/events", "/snapshot.jpg"} {
			conn := p.get(t, path)
			go func() {
				_, _ = io.Copy(io.Discard, conn)
				ended <- struct{}{}
			}()
		}
		stuck := p.get(t, "/stream.mjpg")
		frames(t, c, 1, time.Second)
		begin := time.Now()
		require.NoError(t, s.Close())
		for range 3 {
			<-ended
		}
		require.LessOrEqual(t, time.Since(begin), closeTimeout)
		require.NoError(t, stuck.Close())
	})
}

// The series has one point a second of the last two minutes.
func TestSeries(t *testing.T) {
	inBubble(t, Config{}, func(t *testing.T, s *Server, p *pipes) {
		c := s.Sink("")
		series := func() (v Series) {
			conn := p.get(t, "/api/series")
			response, err := http.ReadResponse(bufio.NewReader(conn), nil)
			require.NoError(t, err)
			require.NoError(t, json.NewDecoder(response.Body).Decode(&v))
			require.NoError(t, response.Body.Close())
			require.NoError(t, conn.Close())
			return v
		}
		require.NotNil(t, series().Points)
		next, _ := frames(t, c, 1, 10*time.Second)
		points := series().Points
		require.Len(t, points, 10)
		require.Equal(t, Point{Age: 0.9, Rate: 10, Answer: 32}, points[9])
		frames(t, c, next, 5*time.Minute)
		require.Len(t, series().Points, seriesLength)
		time.Sleep(time.Minute)
		require.Len(t, series().Points, seriesLength/2)
	})
}
