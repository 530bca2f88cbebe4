package web

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"halfmeg/camera/internal/deviceerr"
)

// replay starts a server that answers each request with the same bytes and closes
// the connection. It returns its address.
func replay(t *testing.T, response string) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = http.ReadRequest(bufio.NewReader(conn))
			_, _ = io.WriteString(conn, response)
			_ = conn.Close()
		}
	}()
	return "http://" + listener.Addr().String()
}

// TestMalformedResponses reads streams after headers that net/http rejects or that
// are wrong.
func TestMalformedResponses(t *testing.T) {
	a, b := frame(t, 24), frame(t, 32)
	stream := part(a) + part(b)
	const typed = "Content-Type: multipart/x-mixed-replace;boundary=b\r\n"
	for name, response := range map[string]string{
		"date without a name":    "HTTP/1.1 200 OK\r\nServer: GoAhead\r\nTue, 12 Jun 2012 01:56:34 GMT\r\n" + typed + "\r\n" + stream,
		"line without a colon":   "HTTP/1.1 200 OK\r\nServer GoAhead\r\n" + typed + "\r\n" + stream,
		"colon without a name":   "HTTP/1.1 200 OK\r\n: x\r\n" + typed + "\r\n" + stream,
		"space in a name":        "HTTP/1.1 200 OK\r\nMy Server: x\r\n" + typed + "\r\n" + stream,
		"control characters":     "HTTP/1.1 200 OK\r\nServer: a\x00b\x01\r\n" + typed + "\r\n" + stream,
		"continuation line":      "HTTP/1.1 200 OK\r\n starts with it\r\n" + typed + "\r\n" + stream,
		"negative length":        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n" + typed + "\r\n" + stream,
		"length zero":            "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n" + typed + "\r\n" + stream,
		"length of a part":       "HTTP/1.1 200 OK\r\nContent-Length: 300\r\n" + typed + "\r\n" + stream,
		"lengths that differ":    "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n" + typed + "\r\n" + stream,
		"length of words":        "HTTP/1.1 200 OK\r\nContent-Length: some\r\n" + typed + "\r\n" + stream,
		"unknown encoding":       "HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n" + typed + "\r\n" + stream,
		"chunked without chunks": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n" + typed + "\r\n" + stream,
		"no reason":              "HTTP/1.1 200\r\n" + typed + "\r\n" + stream,
		"two spaces":             "HTTP/1.0  200  OK\r\n" + typed + "\r\n" + stream,
		"no version":             "HTTP 200 OK\r\n" + typed + "\r\n" + stream,
		"version 3":              "HTTP/3.7 200 OK\r\n" + typed + "\r\n" + stream,
		"icecast":                "ICY 200 OK\r\n" + typed + "\r\n" + stream,
		"LF":                     "HTTP/1.1 200 OK\n" + strings.ReplaceAll(typed, "\r", "") + "\n" + stream,
		"informational first":    "HTTP/1.1 100 Continue\r\nbroken\r\n\r\nHTTP/1.1 200 OK\r\n" + typed + "\r\n" + stream,
		"no type":                "HTTP/1.1 200 OK\r\n\r\n" + stream,
		"wrong type":             "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + stream,
		"no header":              stream,
		"no header, bare JPEGs":  a + b,
		"bare JPEGs":             "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\n\r\n" + a + b,
		"video type, bare JPEGs": "HTTP/1.1 200 OK\r\nContent-Type: video/x-motion-jpeg\r\n\r\n" + a + b,
	} {
		t.Run(name, func(t *testing.T) {
			address := replay(t, response)
			s := openStream(t, address, longTimeout)
			requireFrames(t, s, a, b)
			_, err := s.Read(nil)
			require.ErrorContains(t, err, address+": ")
			require.NotErrorIs(t, err, deviceerr.ErrPermanent)
			require.NotErrorIs(t, err, io.EOF)
		})
	}
}

// TestResponsesThatAreNoStream distinguishes permanent errors from temporary ones.
func TestResponsesThatAreNoStream(t *testing.T) {
	const ok = "HTTP/1.1 200 OK\r\nContent-Type: "
	status := func(text string) string { return "HTTP/1.1 " + text + "\r\n\r\n" }
	for name, c := range map[string]struct {
		response, want string
		permanent      bool
	}{
		"nothing":         {"", "the server closed the connection without a response", false},
		"SSH":             {"SSH-2.0-OpenSSH_9.2\r\n", `the server does not speak HTTP: its response starts with "SSH-2.0`, true},
		"endless header":  {"HTTP/1.1 200 OK\r\n" + strings.Repeat("a: b\r\n", maxHeader), "header has more than 65536 bytes", false},
		"endless line":    {"HTTP/1.1 200 OK\r\n" + strings.Repeat("a", 2*maxHeader), "header has more than 65536 bytes", false},
		"page":            {ok + "text/html; charset=utf-8\r\n\r\n\r\n<!DOCTYPE html>", `a page ("text/html")`, true},
		"page as stream":  {ok + "image/jpeg\r\n\r\n<html>", "a page", true},
		"text":            {ok + "text/plain\r\n\r\nhello", `the type "text/plain", neither a stream nor a picture: it starts with "hello"`, true},
		"JSON":            {ok + "application/json\r\n\r\n{}", `"application/json"`, true},
		"PNG":             {ok + "image/png\r\n\r\n\x89PNG", `type "image/png": only JPEG`, true},
		"MP4":             {ok + "video/mp4\r\n\r\n\x00\x00\x00\x20ftyp", ErrVideo.Error(), true},
		"HLS":             {ok + "application/vnd.apple.mpegurl\r\n\r\n#EXTM3U\n", ErrVideo.Error(), true},
		"other data":      {ok + "application/octet-stream\r\n\r\n" + strings.Repeat("text\r\n", 1<<18), "neither a multipart delimiter nor a JPEG", true},
		"no content":      {status("204 No Content"), "it has no picture", false},
		"bad request":     {status("400 Bad Request"), "400 Bad Request", true},
		"forbidden":       {status("403 Forbidden"), "403 Forbidden: it does not let", true},
		"not found":       {status("404 Not Found"), "404 Not Found: look up the path", true},
		"redirect to it":  {status("302 Found"), "302 Found", true},
		"too many":        {status("429 Too Many Requests"), "429 Too Many Requests", false},
		"internal error":  {status("500 Internal Server Error"), "500", false},
		"not implemented": {status("501 Not Implemented"), "501", true},
		"busy":            {status("503 Service Unavailable"), "503 Service Unavailable", false},
	} {
		t.Run(name, func(t *testing.T) {
			address := replay(t, c.response)
			_, err := open(t.Context(), address, Config{}, longTimeout)
			require.ErrorContains(t, err, c.want)
			require.ErrorContains(t, err, address+": ")
			require.Equal(t, c.permanent, isPermanent(err), err)
			require.NotErrorIs(t, err, io.EOF)
		})
	}
}

func TestNobodyListens(t *testing.T) {
	_, err := open(t.Context(), "http://127.0.0.1:1/", Config{}, longTimeout)
	require.ErrorContains(t, err, "connection refused")
	require.False(t, isPermanent(err))
}

// FuzzRepairHeader checks that net/http accepts each header that is repaired, and
// that the body follows as it is.
func FuzzRepairHeader(f *testing.F) {
	f.Add([]byte("HTTP/1.1 200 OK\r\nTue, 12 Jun\r\nContent-Length: -1\r\nContent-Type: multipart/x-mixed-replace\r\n\r\n--b\r\n"))
	f.Add([]byte("ICY 200 OK\nTransfer-Encoding: chunked\nA b: c\n\n3\r\none\r\n0\r\n\r\n"))
	f.Add([]byte("\xff\xd8\xff"))
	f.Add([]byte("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 304 -\r\nContent-Length: 7\r\n\r\n"))
	f.Fuzz(func(t *testing.T, stream []byte) {
		var header bytes.Buffer
		r := bufio.NewReaderSize(bytes.NewReader(stream), maxHeader)
		for {
			header.Reset()
			informational, err := repairHeader(r, &header)
			if err != nil {
				require.NotContains(t, err.Error(), "\n")
				return
			}
			response, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(header.Bytes())), nil)
			require.NoError(t, err, header.String())
			_ = response.Body.Close()
			if !informational {
				return
			}
		}
	})
}
