package main

import (
	"bytes"
	"image"
	"image/jpeg"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

// networkCamera starts a server and returns its address with a name and a password.
func networkCamera(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return strings.Replace(server.URL, "http://", "http://me:secret@", 1)
}

// A wrong password ends the program, also without --exit-on-error, and is sent once.
func TestRunWithWrongPassword(t *testing.T) {
	var logins atomic.Int32
	got := edge(t, "run", "--camera", networkCamera(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" {
			logins.Add(1)
		}
		w.Header().Set("WWW-Authenticate", `Basic realm="cam"`)
		w.WriteHeader(http.StatusUnauthorized)
	}))
	requireFailure(t, statusFailure, got, "401 Unauthorized: it rejects the name or the password")
	require.NotContains(t, got.stderr, "secret")
	require.EqualValues(t, 1, logins.Load())
}

func TestRunWithAddressesOfOtherContent(t *testing.T) {
	page := func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) }
	requireFailure(t, statusFailure, edge(t, "run", "--camera", networkCamera(t, page)), "a page", "look for the address of the stream")
	requireFailure(t, statusFailure, edge(t, "run", "--camera", networkCamera(t, http.NotFound)), "404 Not Found")
}

// A server that closes the connection without a response is an error.
func TestRunWithoutResponse(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			_ = conn.Close()
		}
	}()
	got := edge(t, "run", "--camera", "http://"+listener.Addr().String(), "--exit-on-error", "--json", "--stats")
	require.Equal(t, statusFailure, got.status)
	require.Regexp(t, "without a response|connection reset", got.stderr)
}

// The address of a picture is polled.
func TestRunWithPictureAddress(t *testing.T) {
	var file bytes.Buffer
	require.NoError(t, jpeg.Encode(&file, image.NewGray(image.Rect(0, 0, 32, 32)), nil))
	var requests atomic.Int32
	got := edge(t, "run", "--rate", "50", "--frames", "3", "--exit-on-error", "--camera", networkCamera(t, func(w http.ResponseWriter, _ *http.Request) {
		requests.Add(1)
		_, _ = w.Write(file.Bytes())
	}))
	require.Equal(t, statusOK, got.status, got.stderr)
	require.GreaterOrEqual(t, requests.Load(), int32(3))
}
