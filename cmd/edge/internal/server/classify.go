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
	maxUploads     = 4 // bodies in memory at once
	maxUploadBytes = 8 << 20
	classifyWait   = 10 * time.Second

	// maxDecodeBytes bounds the memory for one picture: a JPEG of 16 Mi pixels with
	// half the colours, as phones take them, needs 76 MB.
	maxDecodeBytes = 80_000_000

	// smallPicture is the number of pixels up to which the memory of a picture is left
	// to the garbage collector.
	smallPicture = 1 << 20
)

// classifying bounds the work for POST /api/classify: a few bodies in memory, and one
// picture that is decoded and classified.
type classifying struct {
	uploads slots
	turn    slots
}

func newClassifying() classifying {
	return classifying{uploads: newSlots(maxUploads), turn: newSlots(1)}
}

// Classification is what POST /api/classify returns.
type Classification struct {
	Width   int              `json:"width"` // of the picture, in pixels
	Height  int              `json:"height"`
	Results []classify.Class `json:"results"` // the most probable first
	Millis  float64          `json:"ms"`      // to decode and to classify
}

// postClassify answers for the picture in the body.
func (s *Server) postClassify(w http.ResponseWriter, r *http.Request) {
	if s.config.Classify == nil {
		writeError(w, http.StatusNotImplemented, "this edge does not classify pictures that are sent in")
		return
	}
	if !s.classifying.uploads.take() {
		busy(w)
		return
	}
	defer s.classifying.uploads.leave()
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
		writeError(w, http.StatusRequestTimeout, "the picture did not arrive")
	default:
		s.answer(r.Context(), w, data)
	}
}

func busy(w http.ResponseWriter) {
	w.Header().Set("Retry-After", "1")
	writeError(w, http.StatusServiceUnavailable, "busy with other pictures: send them one after the other")
}

func tooLarge(w http.ResponseWriter) {
	writeError(w, http.StatusRequestEntityTooLarge, fmt.Sprintf("the picture has more than %d MiB", maxUploadBytes>>20))
}

// answer waits for its turn, then decodes and classifies a picture.
func (s *Server) answer(ctx context.Context, w http.ResponseWriter, data []byte) {
	ctx, cancel := context.WithTimeout(ctx, classifyWait)
	defer cancel()
	select {
	case s.classifying.turn <- struct{}{}:
		defer s.classifying.turn.leave()
	case <-ctx.Done():
		busy(w)
		return
	}
	if s.classify(ctx, w, data) {
		freeMemory()
	}
}

// freeMemory returns garbage to the system; the tests replace it. Otherwise the next
// collection would come only when the heap has twice the size that one large picture
// gave it, and edge would keep that memory.
var freeMemory = debug.FreeOSMemory

// classify decodes and classifies a picture, and reports whether that may have taken
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
		return !errors.Is(err, picture.ErrUnknown) // it may be broken at its end
	}
	large = img.Width*img.Height > smallPicture
	results, err := s.config.Classify(ctx, img.Pixels())
	if err != nil {
		writeError(w, http.StatusInternalServerError, err.Error())
		return large
	}
	took := float64(time.Since(start).Microseconds()) / 1000
	writeJSON(w, http.StatusOK, Classification{img.Width, img.Height, results, took})
	return large
}
