package server

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"halfmeg/camera/picture"
	"halfmeg/model/classify"
)

const (
	maxUploads     = 4 // bodies in memory at once
	maxUploadBytes = 8 << 20
	classifyWait   = 10 * time.Second
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
	start := time.Now()
	img, err := picture.DecodeStream(bytes.NewReader(data))
	if err != nil {
		writeError(w, http.StatusUnsupportedMediaType, err.Error())
		return
	}
	results, err := s.config.Classify(ctx, img.Pixels())
	if err != nil {
		writeError(w, http.StatusInternalServerError, err.Error())
		return
	}
	took := float64(time.Since(start).Microseconds()) / 1000
	writeJSON(w, http.StatusOK, Classification{img.Width, img.Height, results, took})
}
