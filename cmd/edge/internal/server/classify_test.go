package server

import (
	"bytes"
	"context"
	"image"
	"image/png"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"halfmeg/camera/pixel"
	"halfmeg/model/classify"
)

// A picture that needs too much memory is refused, however small the file. After a large
// picture its memory is returned to the system.
func TestClassifyMemory(t *testing.T) {
	freed, original := 0, freeMemory
	freeMemory = func() { freed++ }
	t.Cleanup(func() { freeMemory = original })
	s := start(t, Config{Classify: func(context.Context, pixel.Image) ([]classify.Class, error) {
		return []classify.Class{{Label: "x"}}, nil
	}})
	var deep bytes.Buffer
	require.NoError(t, png.Encode(&deep, image.NewNRGBA64(image.Rect(0, 0, 4000, 2000))))
	large := pngOf(t, 2000, 1000)
	for _, c := range []struct {
		name   string
		body   []byte
		status int
		freed  int
		answer string
	}{
		{"deep", deep.Bytes(), 413, 0, "needs 88 MB of memory to be decoded, and the limit is 80 MB: scale it down first"},
		{"large", large, 200, 1, `"width":2000`},
		{"cut", large[:len(large)/2], 415, 1, "cannot be decoded"},
		{"small", pngOf(t, 20, 10), 200, 0, `"width":20`},
		{"unknown", []byte("no picture"), 415, 0, "not a picture"},
	} {
		freed = 0
		r := httptest.NewRequest(http.MethodPost, address(s, "/api/classify"), bytes.NewReader(c.body))
		w := httptest.NewRecorder()
		s.http.Handler.ServeHTTP(w, r)
		require.Equal(t, c.status, w.Code, "%s: %s", c.name, w.Body)
		require.Contains(t, w.Body.String(), c.answer, c.name)
		require.Equal(t, c.freed, freed, c.name)
	}
}
