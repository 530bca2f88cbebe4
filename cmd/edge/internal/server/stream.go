package server

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// boundary separates the pictures of a stream.
const boundary = "edge-frame"

// getStream sends the newest picture again and again. What a reader is too slow for is
// left out; one who does not take a picture in time is dropped.
func (s *Server) getStream(w http.ResponseWriter, r *http.Request) {
	camera, size := s.look(w, r, small)
	if camera == nil {
		return
	}
	defer s.streams.leave()
	viewer := camera.feed.Join()
	defer viewer.Close()
	out := newPieces(w)
	w.Header().Set("Content-Type", "multipart/x-mixed-replace; boundary="+boundary)
	err := out.write("--" + boundary + "\r\n")
	for err == nil {
		var data []byte
		if data, err = nextPicture(r.Context(), viewer, size); err == nil {
			// A browser shows a picture when it has read the boundary after it, so that
			// follows at once.
			err = out.write(fmt.Sprintf("Content-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n", len(data)), data, "\r\n--"+boundary+"\r\n")
		}
	}
	if errors.Is(err, errSlow) {
		s.metrics.slowReaders.Inc()
	}
}

// look returns the camera and the size that a request for pictures asks for, after it
// has taken a slot of streams. Otherwise it answers, and the camera is nil.
func (s *Server) look(w http.ResponseWriter, r *http.Request, size pictureSize) (*Sink, pictureSize) {
	switch r.URL.Query().Get("size") {
	case "":
	case "small":
		size = small
	case "large":
		size = large
	default:
		writeError(w, http.StatusBadRequest, "size: give small or large")
		return nil, size
	}
	camera := s.camera(r)
	if camera == nil {
		writeError(w, http.StatusNotFound, "no such camera")
		return nil, size
	}
	if !s.streams.take() {
		s.metrics.refusedStreams.Inc()
		w.Header().Set("Retry-After", "5")
		writeError(w, http.StatusServiceUnavailable, fmt.Sprintf("%d others are looking already", maxStreams))
		return nil, size
	}
	return camera, size
}

// snapshotTimeout is how long a request for one picture waits for a frame.
const snapshotTimeout = 10 * time.Second

// getSnapshot sends one picture of a frame that is still to come.
func (s *Server) getSnapshot(w http.ResponseWriter, r *http.Request) {
	camera, size := s.look(w, r, large)
	if camera == nil {
		return
	}
	defer s.streams.leave()
	viewer := camera.feed.Join()
	defer viewer.Close()
	ctx, cancel := context.WithTimeout(r.Context(), snapshotTimeout)
	defer cancel()
	data, err := nextPicture(ctx, viewer, size)
	if err != nil {
		s.mu.Lock()
		message := camera.state.Error
		s.mu.Unlock()
		if message == "" {
			message = "the camera sends no frame"
		}
		w.Header().Set("Retry-After", "5")
		writeError(w, http.StatusServiceUnavailable, message)
		return
	}
	w.Header().Set("Content-Type", "image/jpeg")
	_, _ = w.Write(data)
}

// errSlow is the error of a reader who does not take in time what is sent.
var errSlow = errors.New("too slow")

// pieces writes a stream piece by piece, each with a deadline.
type pieces struct {
	w http.ResponseWriter
	c *http.ResponseController
}

func newPieces(w http.ResponseWriter) pieces {
	c := http.NewResponseController(w)
	_ = c.SetReadDeadline(time.Time{}) // a test's recorder has none
	return pieces{w, c}
}

func (p pieces) write(parts ...any) error {
	_ = p.c.SetWriteDeadline(time.Now().Add(slowTimeout))
	for _, part := range parts {
		var err error
		switch part := part.(type) {
		case string:
			_, err = p.w.Write([]byte(part))
		case []byte:
			_, err = p.w.Write(part)
		}
		if err != nil {
			return slow(err)
		}
	}
	return slow(p.c.Flush())
}

// slow returns errSlow for an error that a deadline caused.
func slow(err error) error {
	var timeout interface{ Timeout() bool }
	if errors.As(err, &timeout) && timeout.Timeout() {
		return errSlow
	}
	return err
}
