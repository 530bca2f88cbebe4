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

// getStream sends each new picture. A slow client skips pictures; a client that does not
// read one within slowTimeout is disconnected.
func (s *Server) getStream(w http.ResponseWriter, r *http.Request) {
	camera, size := s.admitViewer(w, r, small)
	if camera == nil {
		return
	}
	defer s.streams.release()
	viewer := camera.feed.Join()
	defer viewer.Close()
	out := newStreamWriter(w)
	w.Header().Set("Content-Type", "multipart/x-mixed-replace; boundary="+boundary)
	err := out.write("--" + boundary + "\r\n")
	for err == nil {
		var data []byte
		if data, err = nextPicture(r.Context(), viewer, size); err == nil {
			// A browser shows a picture when it has read the boundary that follows, so
			// the boundary is sent with the picture.
			err = out.write(fmt.Sprintf("Content-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n", len(data)), data, "\r\n--"+boundary+"\r\n")
		}
	}
	if errors.Is(err, errSlow) {
		s.metrics.slowReaders.Inc()
	}
}

// admitViewer returns the camera and the picture size of a request, and takes a slot of
// s.streams, which the caller releases. If the request is refused, it writes the
// response and returns a nil camera.
func (s *Server) admitViewer(w http.ResponseWriter, r *http.Request, size pictureSize) (*Sink, pictureSize) {
	switch r.URL.Query().Get("size") {
	case "":
	case "small":
		size = small
	case "large":
		size = large
	default:
		writeError(w, http.StatusBadRequest, "size: must be small or large")
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
		writeError(w, http.StatusServiceUnavailable, fmt.Sprintf("%d clients are viewing already", maxStreams))
		return nil, size
	}
	return camera, size
}

// snapshotTimeout is how long a request for one picture waits for a frame.
const snapshotTimeout = 10 * time.Second

// getSnapshot sends the picture of the next frame.
func (s *Server) getSnapshot(w http.ResponseWriter, r *http.Request) {
	camera, size := s.admitViewer(w, r, large)
	if camera == nil {
		return
	}
	defer s.streams.release()
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
			message = "the camera sends no frames"
		}
		w.Header().Set("Retry-After", "5")
		writeError(w, http.StatusServiceUnavailable, message)
		return
	}
	w.Header().Set("Content-Type", "image/jpeg")
	_, _ = w.Write(data)
}

// errSlow is the error of a client that does not read within slowTimeout.
var errSlow = errors.New("too slow")

// streamWriter writes a response without end. Each write has a deadline of slowTimeout.
type streamWriter struct {
	w http.ResponseWriter
	c *http.ResponseController
}

func newStreamWriter(w http.ResponseWriter) streamWriter {
	c := http.NewResponseController(w)
	_ = c.SetReadDeadline(time.Time{}) // httptest.ResponseRecorder has no deadlines
	return streamWriter{w, c}
}

// write writes strings and byte slices, and flushes them.
func (s streamWriter) write(parts ...any) error {
	_ = s.c.SetWriteDeadline(time.Now().Add(slowTimeout))
	for _, part := range parts {
		var err error
		switch part := part.(type) {
		case string:
			_, err = s.w.Write([]byte(part))
		case []byte:
			_, err = s.w.Write(part)
		}
		if err != nil {
			return asSlow(err)
		}
	}
	return asSlow(s.c.Flush())
}

// asSlow returns errSlow if a deadline caused the error, and the error otherwise.
func asSlow(err error) error {
	var timeout interface{ Timeout() bool }
	if errors.As(err, &timeout) && timeout.Timeout() {
		return errSlow
	}
	return err
}
