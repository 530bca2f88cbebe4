package server

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"sync"
	"testing"
	"time"

	"halfmeg/camera"
	"halfmeg/camera/pixel"
	"halfmeg/camera/testcard"
	"halfmeg/cmd/edge/internal/decision"
	"halfmeg/cmd/edge/internal/pipeline"
	"halfmeg/cmd/edge/internal/snapshot"
	"halfmeg/model/classify"
)

// BenchmarkViewers classifies the test card at 5 frames a second with one thread, with no
// viewer or with 16, a third of which read slowly. An operation is a frame, so this runs
// for ten minutes:
//
//	go test -run ^$ -bench Viewers -benchtime 3000x -timeout 1h ./cmd/edge/internal/server
//
// It reports frames a second, frames that were not classified, and the number of
// goroutines and the bytes of the heap at the end, while the viewers are connected.
func BenchmarkViewers(b *testing.B) {
	for _, viewers := range []int{0, 16} {
		b.Run(fmt.Sprint(viewers), func(b *testing.B) { benchmarkViewers(b, viewers) })
	}
}

func benchmarkViewers(b *testing.B, viewers int) {
	n, err := builtIn()
	fatal(b, err)
	c, err := classify.New(n, 1)
	fatal(b, err)
	defer c.Close()
	s, err := New(Config{Listen: "127.0.0.1:0"})
	fatal(b, err)
	ctx, cancel := context.WithCancel(b.Context())
	source, err := camera.Open(ctx, camera.TestCard, camera.Options{Rate: 5})
	fatal(b, err)
	decider, err := decision.New(n.Labels, decision.Config{HalfLife: time.Second, On: 0.4, Off: 0.2, TopK: 5})
	fatal(b, err)
	queue := pipeline.NewQueue(s.Sink(""), 2, pipeline.DropOldest, nil)
	runner := pipeline.Runner{Source: source, Classifier: c, Decider: decider, Top: 5, Frames: b.N, Queues: []*pipeline.Queue{queue}}
	var all sync.WaitGroup
	for i := range viewers {
		for _, path := range []string{"/stream.mjpg", "/api/events"} {
			all.Go(func() { view(ctx, s, path, i%3 == 0) })
		}
	}
	b.ResetTimer()
	start := time.Now()
	fatal(b, runner.Run(ctx))
	b.StopTimer()
	runtime.GC()
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	b.ReportMetric(float64(b.N)/time.Since(start).Seconds(), "frames/s")
	b.ReportMetric(float64(runner.Stats.Summary().Dropped), "missed")
	b.ReportMetric(float64(runtime.NumGoroutine()), "goroutines")
	b.ReportMetric(float64(memory.HeapAlloc), "heap-bytes")
	cancel()
	fatal(b, queue.Close())
	fatal(b, s.Close())
	fatal(b, source.Close())
	all.Wait()
}

// view reads a stream and reopens it when it ends, as the page does. A slow viewer reads
// 2 kB a second.
func view(ctx context.Context, s *Server, path string, slow bool) {
	client := &http.Client{Transport: &http.Transport{}} // a separate connection for each viewer
	defer client.CloseIdleConnections()
	for ctx.Err() == nil {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, address(s, path), nil)
		if err != nil {
			return
		}
		response, err := client.Do(r)
		if err != nil {
			return
		}
		for err == nil {
			if _, err = io.CopyN(io.Discard, response.Body, 2048); slow && err == nil {
				select {
				case <-ctx.Done():
				case <-time.After(time.Second):
				}
			}
		}
		_ = response.Body.Close() // nothing to report: the stream has failed or ended
	}
}

// BenchmarkClassify uploads pictures of 640x480 pixels sequentially and reports the bytes
// of the heap at the end:
//
//	go test -run ^$ -bench Classify -benchtime 1000x ./cmd/edge/internal/server
func BenchmarkClassify(b *testing.B) {
	n, err := builtIn()
	fatal(b, err)
	c, err := classify.New(n, 1)
	fatal(b, err)
	defer c.Close()
	s, err := New(Config{Listen: "127.0.0.1:0", Classify: func(_ context.Context, img pixel.Image) ([]classify.Class, error) {
		r, err := c.Classify(img)
		if err != nil {
			return nil, err
		}
		return r.Top(5), nil
	}})
	fatal(b, err)
	defer s.Close()
	img := yuyv(b)
	pixels := img.Pixels()
	body, err := snapshot.New(img, &pixels).JPEG(0, 90)
	fatal(b, err)
	b.ResetTimer()
	for range b.N {
		r, err := http.NewRequestWithContext(b.Context(), http.MethodPost, address(s, "/api/classify"), bytes.NewReader(body))
		fatal(b, err)
		response, err := http.DefaultClient.Do(r)
		fatal(b, err)
		_, err = io.Copy(io.Discard, response.Body)
		fatal(b, err)
		fatal(b, response.Body.Close())
		if response.StatusCode != http.StatusOK {
			b.Fatal(response.Status)
		}
	}
	b.StopTimer()
	runtime.GC()
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	b.ReportMetric(float64(memory.HeapAlloc), "heap-bytes")
	b.ReportMetric(float64(runtime.NumGoroutine()), "goroutines")
}

// yuyv returns a scene of the test card in YUYV, the usual format of webcams.
func yuyv(tb testing.TB) *camera.Frame {
	tb.Helper()
	var card testcard.Card
	rgb := make([]byte, 3*testcard.Width*testcard.Height)
	if err := card.Draw(rgb, testcard.SceneTime/2); err != nil {
		tb.Fatal(err)
	}
	f := pixel.Format{FourCC: pixel.YUYV, Width: testcard.Width, Height: testcard.Height, Stride: 2 * testcard.Width}
	frame := &camera.Frame{Format: f, Data: make([]byte, f.Size()), Time: time.Now()}
	for i := 0; i < testcard.Width*testcard.Height; i += 2 {
		r, g, b := int(rgb[3*i]), int(rgb[3*i+1]), int(rgb[3*i+2])
		r2, g2, b2 := int(rgb[3*i+3]), int(rgb[3*i+4]), int(rgb[3*i+5])
		frame.Data[2*i] = byte((299*r + 587*g + 114*b) / 1000)
		frame.Data[2*i+2] = byte((299*r2 + 587*g2 + 114*b2) / 1000)
		frame.Data[2*i+1] = byte(128 + (-169*r-331*g+500*b)/1000)
		frame.Data[2*i+3] = byte(128 + (500*r-419*g-81*b)/1000)
	}
	return frame
}

func fatal(b *testing.B, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}
