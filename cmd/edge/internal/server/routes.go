package server

import (
	_ "embed" // for openapi.json
	"encoding/json"
	"net/http"

	"halfmeg/cmd/edge/internal/server/page"
)

//go:embed openapi.json
var openAPI []byte

type route struct {
	pattern string
	handler http.HandlerFunc
}

func (s *Server) routes() []route {
	list := []route{
		{"GET /stream.mjpg", s.getStream},
		{"GET /snapshot.jpg", s.getSnapshot},
		{"GET /api/state", s.getState},
		{"GET /api/series", s.getSeries},
		{"GET /api/events", s.getEvents},
		{"GET /api/events/{file}", s.getEventPicture},
		{"GET /api/history", s.getHistory},
		{"POST /api/classify", s.postClassify},
		{"GET /api/openapi.json", getOpenAPI},
		{"GET /metrics", s.getMetrics},
		{"GET /healthz", s.getHealth},
	}
	for pattern, handler := range page.Routes() {
		list = append(list, route{pattern, handler})
	}
	return list
}

func getOpenAPI(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(openAPI)
}

// Health is what GET /healthz returns. The status is 200 while every camera is live and
// 503 otherwise, also while a camera is starting, or gone and edge waits for it.
type Health struct {
	OK bool `json:"ok"`
}

func (s *Server) getHealth(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	h := Health{OK: len(s.cameras) > 0}
	for _, c := range s.cameras {
		h.OK = h.OK && c.state.Status == StatusLive
	}
	s.mu.Unlock()
	status := http.StatusOK
	if !h.OK {
		status = http.StatusServiceUnavailable
	}
	writeJSON(w, status, h)
}

// Error is the body of an API response that reports an error.
type Error struct {
	Error string `json:"error"`
}

func writeError(w http.ResponseWriter, status int, message string) {
	writeJSON(w, status, Error{message})
}

// writeJSON writes a response. It panics if the value cannot be encoded, which no type
// of this package can cause.
func writeJSON(w http.ResponseWriter, status int, value any) {
	body, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n')) // an error means that the client has disconnected
}
