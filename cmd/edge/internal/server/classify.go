package server

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime/debug"
	"time"

	"halfmeg/camera/picture"
	"halfmeg/model/classify"
)

const (
	maxUploads     = 4 // bodies in memory at the same time
	maxUploadBytes = 8 << 20
	classifyWait   = 10 * time.Second

	// maxDecodeBytes bounds the memory for one picture: a JPEG of 16 Mi pixels with
	// subsampled chroma, as from a phone, needs 76 MB.
	maxDecodeBytes = 80_000_000

	// smallPicture is the largest picture, in pixels, whose memory is left to the
	// garbage collector instead of being returned to the system immediately.
	smallPicture = 1 << 20
)

// classifying bounds the work of POST /api/classify: maxUploads bodies are in memory,
// and one picture at a time is decoded and classified.
type classifying struct {
	uploads slots
	running slots
}

func newClassifying() classifying {
	return classifying{uploads: newSlots(maxUploads), running: newSlots(1)}
}

// Classification is what POST /api/classify returns.
type Classification struct {
	Width   int              `json:"width"` // in pixels
	Height  int              `json:"height"`
	Results []classify.Class `json:"results"` // the most probable first
	Millis  float64          `json:"ms"`      // decoding and classification
}

// postClassify classifies the picture in the request's body.
func (s *Server) postClassify(w http.ResponseWriter, r *http.Request) {
	if s.config.Classify == nil {
		writeError(w, http.StatusNotImplemented, "this server does not classify uploaded pictures")
		return
	}
	if !s.classifying.uploads.take() {
		busy(w)
		return
	}
	defer s.classifying.uploads.release()
	if r.ContentLength > maxUploadBytes {
		tooLarge(w)
		return
	}
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxUploadBytes))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		tooLarge(w)
	case err != nil:
		writeError(w, http.StatusRequestTimeout, "the upload was cut off or took too long")
	default:
		s.classifyInTurn(r.Context(), w, data)
	}
}

func busy(w http.ResponseWriter) {
	w.Header().Set("Retry-After", "1")
	writeError(w, http.StatusServiceUnavailable, "busy with other pictures: send one at a time")
}

func tooLarge(w http.ResponseWriter) {
	writeError(w, http.StatusRequestEntityTooLarge, fmt.Sprintf("the picture is larger than %d MiB", maxUploadBytes>>20))
}

// classifyInTurn waits for other pictures, then decodes and classifies this one.
func (s *Server) classifyInTurn(ctx context.Context, w http.ResponseWriter, data []byte) {
	ctx, cancel := context.WithTimeout(ctx, classifyWait)
	defer cancel()
	select {
	case s.classifying.running <- struct{}{}:
		defer s.classifying.running.release()
	case <-ctx.Done():
		busy(w)
		return
	}
	if s.classify(ctx, w, data) {
		freeMemory()
	}
}

// freeMemory returns unused memory to the system. Without it the next collection would
// start only at twice the heap size that one large picture caused, and edge would keep
// that memory. Tests replace it.
var freeMemory = debug.FreeOSMemory

// classify decodes and classifies a picture. It reports whether that may have needed
// much memory.
func (s *Server) classify(ctx context.Context, w http.ResponseWriter, data []byte) (large bool) {
	start := time.Now()
	img, err := picture.DecodeWithin(bytes.NewReader(data), maxDecodeBytes)
	switch {
	case errors.Is(err, picture.ErrMemory):
		writeError(w, http.StatusRequestEntityTooLarge, err.Error())
		return false
	case err != nil:
		writeError(w, http.StatusUnsupportedMediaType, err.Error())
		return !errors.Is(err, picture.ErrUnknown) // most of it may have been decoded
	}
	large = img.Width*img.Height > smallPicture
	results, err := s.config.Classify(ctx, img.Pixels())
	if err != nil {
		writeError(w, http.StatusInternalServerError, err.Error())
		return large
	}
	millis := float64(time.Since(start).Microseconds()) / 1000
	writeJSON(w, http.StatusOK, Classification{img.Width, img.Height, results, millis})
	return large
}
