package web

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/jpeg"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// patient limits never end a test that goes well, however slow the machine.
var patient = limits{patience: time.Hour, maxFrame: 1 << 16, redirects: 3}

// hasty ones are for servers that hang for ever.
var hasty = limits{patience: 50 * time.Millisecond, maxFrame: 1 << 16}

const mixed = "multipart/x-mixed-replace; boundary=--b"

// frame is a JPEG that is n pixels wide.
func frame(t *testing.T, n int) string {
	t.Helper()
	var file bytes.Buffer
	require.NoError(t, jpeg.Encode(&file, image.NewGray(image.Rect(0, 0, n, 8)), nil))
	return file.String()
}

func part(content string) string {
	return fmt.Sprintf("--b\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%s\r\n", len(content), content)
}

// serve answers every request with that type and content.
func serve(t *testing.T, contentType string, content ...string) string {
	t.Helper()
	return handle(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		_, _ = io.WriteString(w, strings.Join(content, ""))
	})
}

func handle(t *testing.T, handler http.HandlerFunc) (address string) {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}

// hang sends this much, and no more until the client has gone.
func hang(content string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", mixed)
		_, _ = io.WriteString(w, content)
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}
}

func openStream(t *testing.T, address string, l limits) *Stream {
	t.Helper()
	s, err := open(t.Context(), address, l)
	require.NoError(t, err)
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func requireFrames(t *testing.T, s *Stream, frames ...string) {
	t.Helper()
	var buf []byte
	for _, want := range frames {
		var err error
		buf, err = s.Read(buf)
		require.NoError(t, err)
		require.Equal(t, want, string(buf))
	}
}

func TestFramesUntilTheStreamEnds(t *testing.T) {
	a, b := frame(t, 24), frame(t, 32)
	address := serve(t, mixed, part(a), part("alive"), "--b\r\n\r\n", b, "\r\n", part(a), "--b--\r\n")
	s := openStream(t, address, patient)
	require.Equal(t, 24, s.Width)
	require.Equal(t, 8, s.Height)
	requireFrames(t, s, a, b, a)
	_, err := s.Read(nil)
	require.EqualError(t, err, address+": the stream ended")
	require.NotErrorIs(t, err, io.EOF) // else it would not be opened again
}

func TestStreamsThatFail(t *testing.T) {
	a := frame(t, 24)
	for name, c := range map[string]struct {
		address string
		words   string
	}{
		"a page":           {serve(t, "text/html", "<html>"), `the type "text/html", not multipart/x-mixed-replace`},
		"a picture":        {serve(t, "image/jpeg", a), `"image/jpeg", not multipart`},
		"no boundary":      {serve(t, "multipart/x-mixed-replace", part(a)), "names no boundary"},
		"another boundary": {serve(t, "multipart/x-mixed-replace; boundary=c", part(a)), "the stream ended"},
		"nothing":          {serve(t, mixed), "the stream ended"},
		"cut short":        {serve(t, mixed, part(a)[:90]), "cut short"},
		"a huge length":    {serve(t, mixed, "--b\r\nContent-Length: 999999999999\r\n\r\n"+a), "more than 65536 bytes"},
		"a huge frame":     {serve(t, mixed, "--b\r\n\r\n"+a+strings.Repeat("x\n", 1<<16)), "more than 65536 bytes"},
		"no whole picture": {serve(t, mixed, part("\xff\xd8\xff")), "the JPEG is cut short"},
		"not found":        {handle(t, http.NotFound), "404 Not Found"},
		"no password": {handle(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusUnauthorized)
		}), "401 Unauthorized: give name and password"},
		"away for good": {handle(t, func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/more?password=secret", http.StatusFound)
		}), "redirects more than 3 times"},
		"to a file": {handle(t, func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "file:///etc/passwd", http.StatusFound)
		}), "redirects to an address of file"},
		"nobody there": {"http://127.0.0.1:1/", "connection refused"},
		"hangs at once": {handle(t, func(_ http.ResponseWriter, r *http.Request) {
			<-r.Context().Done()
		}), "the stream hangs"},
		"hangs before a frame": {handle(t, hang("--b\r\n\r\n")), "the stream hangs"},
		"only keeps alive": {handle(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", mixed)
			for r.Context().Err() == nil {
				_, _ = io.WriteString(w, part("alive"))
			}
		}), "the stream hangs"},
	} {
		t.Run(name, func(t *testing.T) {
			l := patient
			if strings.HasSuffix(c.words, "hangs") {
				l = hasty
			}
			address := strings.Replace(c.address, "http://", "http://user:s%2Fecret@", 1) + "?key=secret"
			_, err := open(t.Context(), address, l)
			require.ErrorContains(t, err, c.words)
			require.ErrorContains(t, err, Name(c.address)+": ")
			require.NotContains(t, err.Error(), "ecret")
			require.NotErrorIs(t, err, ErrAddress)
			require.NotErrorIs(t, err, io.EOF)
		})
	}
}

func TestHangAfterFrames(t *testing.T) {
	a := frame(t, 24)
	gone := make(chan struct{})
	address := handle(t, func(w http.ResponseWriter, r *http.Request) {
		hang(part(a)+"--b\r\n\r\n")(w, r)
		close(gone)
	})
	// The first frame comes in time, whatever the machine; then time is short.
	s := openStream(t, address, patient)
	requireFrames(t, s, a)
	s.alarm.Reset(hasty.patience)
	_, err := s.Read(nil)
	require.EqualError(t, err, address+": no frame came in time: the stream hangs")
	<-gone
}

func TestCloseEndsARead(t *testing.T) {
	a := frame(t, 24)
	s := openStream(t, handle(t, hang(part(a))), patient)
	requireFrames(t, s, a)
	ended := make(chan error)
	go func() {
		_, err := s.Read(nil)
		ended <- err
	}()
	require.NoError(t, s.Close())
	require.ErrorContains(t, <-ended, "file already closed")
}

func TestContextEndsTheOpening(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	_, err := open(ctx, handle(t, func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	}), patient)
	require.ErrorIs(t, err, context.Canceled)
}

// The context of the opening may end without ending the stream.
func TestStreamOutlivesTheContextOfItsOpening(t *testing.T) {
	a := frame(t, 24)
	ctx, cancel := context.WithCancel(t.Context())
	s, err := open(ctx, serve(t, mixed, part(a), part(a), part(a), "--b--"), patient)
	require.NoError(t, err)
	defer s.Close()
	cancel()
	requireFrames(t, s, a, a, a)
}

func TestPasswordAndRedirect(t *testing.T) {
	a := frame(t, 24)
	address := handle(t, func(w http.ResponseWriter, r *http.Request) {
		if name, password, _ := r.BasicAuth(); name != "me" || password != "p@ss" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		if r.URL.Path != "/stream" {
			http.Redirect(w, r, "/stream", http.StatusFound)
			return
		}
		w.Header().Set("Content-Type", mixed)
		_, _ = io.WriteString(w, part(a))
	})
	s := openStream(t, strings.Replace(address, "http://", "http://me:p%40ss@", 1), patient)
	requireFrames(t, s, a)
}

func TestAddresses(t *testing.T) {
	for _, address := range []string{"http://", "http:///stream", "http://me:se/cret@host/", "http://me:secret@host:port/", "http://a b/"} {
		require.True(t, IsAddress(address))
		_, err := Open(t.Context(), address)
		require.ErrorIs(t, err, ErrAddress)
		require.NotContains(t, err.Error(), "cret")
	}
	require.True(t, IsAddress("HTTPS://host"))
	for _, name := range []string{"http", "http:/host", "rtsp://host/stream", "file:///etc", "video0", "-", ""} {
		require.False(t, IsAddress(name), name)
	}
	require.Equal(t, "http://host:81/a/stream", Name("http://me:secret@host:81/a/stream?pwd=secret#x"))
	require.Equal(t, "http://…", Name("http://me:se/cret@host/"))
}
