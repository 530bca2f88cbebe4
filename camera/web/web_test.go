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

// longTimeout never expires in a test that passes, however slow the machine.
var longTimeout = limits{frameTimeout: time.Hour, maxFrame: 1 << 16, redirects: 3}

// shortTimeout is for servers that hang.
var shortTimeout = limits{frameTimeout: 50 * time.Millisecond, maxFrame: 1 << 16}

const mixedReplace = "multipart/x-mixed-replace; boundary=--b"

// frame returns a JPEG of width x 8 pixels. Tests identify frames by their width.
func frame(t *testing.T, width int) string {
	t.Helper()
	var file bytes.Buffer
	require.NoError(t, jpeg.Encode(&file, image.NewGray(image.Rect(0, 0, width, 8)), nil))
	return file.String()
}

// part returns a part of the stream with its header and boundary.
func part(content string) string {
	return fmt.Sprintf("--b\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%s\r\n", len(content), content)
}

// serve starts a server that responds to every request with the given type and
// content, and returns its address.
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

// hang returns a handler that sends content, then nothing until the client
// disconnects.
func hang(content string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", mixedReplace)
		_, _ = io.WriteString(w, content)
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}
}

func openStream(t *testing.T, address string, l limits) *Stream {
	t.Helper()
	s, err := open(t.Context(), address, Config{}, l)
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

func TestRead(t *testing.T) {
	a, b := frame(t, 24), frame(t, 32)
	address := serve(t, mixedReplace, part(a), part("keep-alive"), "--b\r\n\r\n", b, "\r\n", part(a), "--b--\r\n")
	s := openStream(t, address, longTimeout)
	require.Equal(t, 24, s.Width)
	require.Equal(t, 8, s.Height)
	requireFrames(t, s, a, b, a)
	_, err := s.Read(nil)
	require.EqualError(t, err, address+": the stream ended")
	require.NotErrorIs(t, err, io.EOF) // io.EOF would be a regular end, after which there is no reconnection
}

func TestOpenErrors(t *testing.T) {
	a := frame(t, 24)
	for name, c := range map[string]struct {
		address string
		want    string
	}{
		"HTML page":        {serve(t, "text/html", "<html>"), `the server sends a page ("text/html"), not a stream`},
		"empty body":       {serve(t, mixedReplace), "the stream ended"},
		"truncated part":   {serve(t, mixedReplace, part(a)[:90]), "truncated"},
		"frame over limit": {serve(t, mixedReplace, "--b\r\n\r\n"+a[:len(a)-2]+strings.Repeat("x\n", 1<<16)), "more than 65536 bytes"},
		"truncated JPEG":   {serve(t, mixedReplace, part("\xff\xd8\xff")), "the JPEG is truncated"},
		"not found":        {handle(t, http.NotFound), "404 Not Found"},
		"wrong password": {handle(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusUnauthorized)
		}), "401 Unauthorized: it rejects the name or the password of the address"},
		"endless redirects": {handle(t, func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/more?password=secret", http.StatusFound)
		}), "redirects more than 3 times"},
		"redirect to a file": {handle(t, func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "file:///etc/passwd", http.StatusFound)
		}), "redirects to an address of scheme file"},
		"no server": {"http://127.0.0.1:1/", "connection refused"},
		"hangs before the response": {handle(t, func(_ http.ResponseWriter, r *http.Request) {
			<-r.Context().Done()
		}), "no frame arrived within 50ms: the camera or the network hangs"},
		"hangs before the first frame": {handle(t, hang("--b\r\n\r\n")), "no frame arrived within 50ms: the camera or the network hangs"},
		"sends no frames, only text": {handle(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", mixedReplace)
			for r.Context().Err() == nil {
				_, _ = io.WriteString(w, part("keep-alive"))
			}
		}), "no frame arrived within 50ms: the camera or the network hangs"},
	} {
		t.Run(name, func(t *testing.T) {
			l := longTimeout
			if strings.HasSuffix(c.want, "hangs") {
				l = shortTimeout
			}
			address := strings.Replace(c.address, "http://", "http://user:s%2Fecret@", 1) + "?key=secret"
			_, err := open(t.Context(), address, Config{}, l)
			require.ErrorContains(t, err, c.want)
			require.ErrorContains(t, err, Name(c.address)+": ")
			require.NotContains(t, err.Error(), "ecret")
			require.NotErrorIs(t, err, ErrAddress)
			require.NotErrorIs(t, err, io.EOF)
		})
	}
}

func TestHangAfterFirstFrame(t *testing.T) {
	a := frame(t, 24)
	disconnected := make(chan struct{})
	address := handle(t, func(w http.ResponseWriter, r *http.Request) {
		hang(part(a)+"--b\r\n\r\n")(w, r)
		close(disconnected)
	})
	// The timeout is shortened only after the first frame, so that a slow machine
	// does not fail the opening. The error quotes the configured one.
	s := openStream(t, address, longTimeout)
	requireFrames(t, s, a)
	s.watchdog.Reset(shortTimeout.frameTimeout)
	_, err := s.Read(nil)
	require.EqualError(t, err, address+": no frame arrived within 1h0m0s: the camera or the network hangs")
	<-disconnected
}

func TestCloseUnblocksRead(t *testing.T) {
	a := frame(t, 24)
	s := openStream(t, handle(t, hang(part(a))), longTimeout)
	requireFrames(t, s, a)
	readErr := make(chan error)
	go func() {
		_, err := s.Read(nil)
		readErr <- err
	}()
	require.NoError(t, s.Close())
	require.ErrorContains(t, <-readErr, "file already closed")
}

func TestContextCancelsOpen(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	_, err := open(ctx, handle(t, func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	}), Config{}, longTimeout)
	require.ErrorIs(t, err, context.Canceled)
}

func TestStreamOutlivesOpenContext(t *testing.T) {
	a := frame(t, 24)
	ctx, cancel := context.WithCancel(t.Context())
	s, err := open(ctx, serve(t, mixedReplace, part(a), part(a), part(a), "--b--"), Config{}, longTimeout)
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
		w.Header().Set("Content-Type", mixedReplace)
		_, _ = io.WriteString(w, part(a))
	})
	s := openStream(t, strings.Replace(address, "http://", "http://me:p%40ss@", 1), longTimeout)
	requireFrames(t, s, a)
}

func TestAddresses(t *testing.T) {
	for _, address := range []string{"http://", "http:///stream", "http://me:se/cret@host/", "http://me:secret@host:port/", "http://a b/"} {
		require.True(t, IsAddress(address))
		_, err := Open(t.Context(), address, Config{})
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
