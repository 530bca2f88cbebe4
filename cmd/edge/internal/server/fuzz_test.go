package server

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"halfmeg/camera/pixel"
	"halfmeg/cmd/edge/internal/decision"
	"halfmeg/model/classify"
)

// fuzzServer returns a server with a history, whose handler the fuzz targets call
// directly.
func fuzzServer(f *testing.F) *Server {
	f.Helper()
	s, err := New(Config{Listen: "127.0.0.1:0", Classify: func(_ context.Context, img pixel.Image) ([]classify.Class, error) {
		return []classify.Class{{Label: "x", Index: img.Width}}, img.Validate()
	}})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = s.Close() })
	c := s.Sink("door")
	for i := range 20 {
		e := appearance(string(rune('a'+i)), "tench <b>")
		if i%2 == 1 {
			e.Type, e.End = decision.Gone, &e.Start
		}
		s.history.Add(e, []byte{1})
	}
	_ = c.Observe(observation(1))
	return s
}

// FuzzQuery sends arbitrary paths and queries.
func FuzzQuery(f *testing.F) {
	s := fuzzServer(f)
	f.Add("/api/history", "name=a&type=gone&since=2026-01-02T03:04:05Z&limit=3&camera=door")
	f.Add("/api/events", "last-event-id=x-1&state=false")
	f.Add("/api/events", "last-event-id="+s.boot+"-18446744073709551615")
	f.Add("/api/events/a.jpg", "")
	f.Add("/snapshot.jpg", "camera=%00")
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	f.Fuzz(func(t *testing.T, path, query string) {
		r := httptest.NewRequest(http.MethodGet, "/", nil).WithContext(ended)
		r.Host = "127.0.0.1"
		r.URL = &url.URL{Path: path, RawQuery: query}
		w := httptest.NewRecorder()
		s.http.Handler.ServeHTTP(w, r)
		body := w.Body.String()
		if w.Header().Get("Content-Type") == "application/json" && !json.Valid([]byte(body)) {
			t.Fatalf("%s?%s: %q", path, query, body)
		}
		if strings.HasPrefix(path, "/api/") && strings.Contains(body, "<b>") {
			t.Fatalf("markup: %q", body)
		}
	})
}

// FuzzClassify uploads arbitrary bodies.
func FuzzClassify(f *testing.F) {
	s := fuzzServer(f)
	jpeg, err := grey(7).JPEG(0, 50)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(jpeg)
	f.Add(jpeg[:len(jpeg)/2])
	f.Add([]byte("\x89PNG\r\n\x1a\n"))
	f.Add([]byte("GIF89a\x10\x00\x10\x00"))
	f.Add([]byte("BM"))
	// The header of a PNG that takes too much memory: 3000x3000, 16 bits of RGBA.
	f.Add([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x0b\xb8\x00\x00\x0b\xb8\x10\x06\x00\x00\x00\x00\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, body []byte) {
		r := httptest.NewRequest(http.MethodPost, "http://127.0.0.1/api/classify", bytes.NewReader(body))
		w := httptest.NewRecorder()
		s.http.Handler.ServeHTTP(w, r)
		if w.Code != 200 && w.Code != 413 && w.Code != 415 {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		if !json.Valid(w.Body.Bytes()) {
			t.Fatalf("%q", w.Body)
		}
	})
}
