package web

import (
	"bufio"
	"crypto/sha256"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"halfmeg/internal/localname"
)

// pictureServer sends a picture for each request.
func pictureServer(t *testing.T, requests *atomic.Int32, pictures ...string) string {
	t.Helper()
	return handle(t, func(w http.ResponseWriter, _ *http.Request) {
		n := int(requests.Add(1)) - 1
		w.Header().Set("Content-Type", "image/jpeg")
		_, _ = io.WriteString(w, pictures[n%len(pictures)])
	})
}

func TestPicturesArePolled(t *testing.T) {
	a, b := frame(t, 24), frame(t, 32)
	var requests atomic.Int32
	s, err := open(t.Context(), pictureServer(t, &requests, a, b), Config{Rate: 50}, longTimeout)
	require.NoError(t, err)
	defer s.Close()
	start := time.Now()
	requireFrames(t, s, a, b, a, b, a)
	require.EqualValues(t, 5, requests.Load())
	require.GreaterOrEqual(t, time.Since(start), 3*20*time.Millisecond)
}

func TestPicturesAreRequestedOnceASecond(t *testing.T) {
	a := frame(t, 24)
	var requests atomic.Int32
	s := openStream(t, pictureServer(t, &requests, a), longTimeout)
	start := time.Now()
	requireFrames(t, s, a, a)
	require.GreaterOrEqual(t, time.Since(start), 800*time.Millisecond)
	require.EqualValues(t, 2, requests.Load())
}

// Lengths of pictures may be wrong, too.
func TestPicturesWithWrongLength(t *testing.T) {
	a := frame(t, 24)
	for _, length := range []string{"0", "-1", strconv.Itoa(len(a) + 100)} {
		address := replay(t, "HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: "+length+"\r\n\r\n"+a)
		s, err := open(t.Context(), address, Config{Rate: 100}, longTimeout)
		require.NoError(t, err, length)
		requireFrames(t, s, a, a, a)
		require.NoError(t, s.Close())
	}
}

// A picture that has not changed is not a frame.
func TestUnchangedPicture(t *testing.T) {
	a, b := frame(t, 24), frame(t, 32)
	for answer, question := range map[string]string{"ETag": "If-None-Match", "Last-Modified": "If-Modified-Since"} {
		var requests atomic.Int32
		address := handle(t, func(w http.ResponseWriter, r *http.Request) {
			n := requests.Add(1)
			picture, value := a, `"a"`
			if n > 4 {
				picture, value = b, `"b"`
			}
			if r.Header.Get(question) == value {
				w.WriteHeader(http.StatusNotModified)
				return
			}
			w.Header().Set(answer, value)
			w.Header().Set("Content-Type", "image/jpeg")
			_, _ = io.WriteString(w, picture)
		})
		s, err := open(t.Context(), address, Config{Rate: 100}, longTimeout)
		require.NoError(t, err)
		requireFrames(t, s, a, b)
		require.EqualValues(t, 5, requests.Load())
		require.NoError(t, s.Close())
	}
}

// A poll may take no longer than a frame; the time between polls does not count.
func TestPollTimesOut(t *testing.T) {
	a := frame(t, 24)
	var requests atomic.Int32
	address := handle(t, func(w http.ResponseWriter, r *http.Request) {
		if requests.Add(1) > 2 {
			<-r.Context().Done()
			return
		}
		w.Header().Set("Content-Type", "image/jpeg")
		_, _ = io.WriteString(w, a)
	})
	s, err := open(t.Context(), address, Config{Rate: 1.6, Timeout: 500 * time.Millisecond}, longTimeout)
	require.NoError(t, err)
	defer s.Close()
	requireFrames(t, s, a, a)
	_, err = s.Read(nil)
	require.EqualError(t, err, address+": no frame arrived within 500ms: the camera or the network hangs")
}

func TestCloseEndsAPoll(t *testing.T) {
	a := frame(t, 24)
	var requests atomic.Int32
	s, err := open(t.Context(), pictureServer(t, &requests, a), Config{Rate: 0.01}, longTimeout)
	require.NoError(t, err)
	requireFrames(t, s, a)
	time.AfterFunc(20*time.Millisecond, func() { _ = s.Close() })
	_, err = s.Read(nil)
	require.ErrorContains(t, err, "file already closed")
}

// Frames of a stream that come faster than the rate are dropped.
func TestRateOfAStream(t *testing.T) {
	a := frame(t, 24)
	const sent = 40
	s, err := open(t.Context(), handle(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", mixedReplace)
		for range sent {
			_, _ = io.WriteString(w, part(a))
			w.(http.Flusher).Flush()
			time.Sleep(10 * time.Millisecond)
		}
	}), Config{Rate: 10}, longTimeout)
	require.NoError(t, err)
	defer s.Close()
	start, frames := time.Now(), 0
	for {
		if _, err := s.Read(nil); err != nil {
			break
		}
		frames++
	}
	require.LessOrEqual(t, frames, 3+int(time.Since(start).Seconds()*10))
	require.Less(t, frames, sent)
	require.Positive(t, frames)
}

func TestFirstFrameMayBeBroken(t *testing.T) {
	a := frame(t, 24)
	s := openStream(t, serve(t, mixedReplace, part("\xff\xd8\xff"), part(a), part(a)), longTimeout)
	requireFrames(t, s, a, a)
}

func TestCertificates(t *testing.T) {
	a := frame(t, 24)
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", mixedReplace)
		_, _ = io.WriteString(w, part(a))
	}))
	defer server.Close()
	seen := sha256.Sum256(server.Certificate().Raw)

	_, err := open(t.Context(), server.URL, Config{}, longTimeout)
	var certificate *CertificateError
	require.ErrorAs(t, err, &certificate)
	require.Equal(t, seen[:], certificate.Fingerprint)
	require.False(t, certificate.Pinned)
	require.True(t, isPermanent(err))
	require.ErrorContains(t, err, server.URL+": the server's certificate is not valid (it is self-signed: x509: ")
	require.ErrorContains(t, err, FormatFingerprint(seen[:]))
	require.True(t, certificate.OnlyUnknown())

	_, err = open(t.Context(), strings.Replace(server.URL, "127.0.0.1", "localhost", 1), Config{}, longTimeout)
	require.ErrorAs(t, err, &certificate)
	require.False(t, certificate.OnlyUnknown()) // it is for another name

	other := seen
	other[0]++
	_, err = open(t.Context(), server.URL, Config{TLSFingerprint: other[:], Insecure: true}, longTimeout)
	require.ErrorAs(t, err, &certificate)
	require.Equal(t, seen[:], certificate.Fingerprint)
	require.True(t, certificate.Pinned)

	for _, c := range []Config{{Insecure: true}, {TLSFingerprint: seen[:]}} {
		s, err := open(t.Context(), server.URL, c, longTimeout)
		require.NoError(t, err)
		requireFrames(t, s, a)
		require.NoError(t, s.Close())
	}
}

// A fingerprint is of no use where no certificate is sent.
func TestFingerprintNeedsTLS(t *testing.T) {
	_, err := open(t.Context(), serve(t, mixedReplace), Config{TLSFingerprint: make([]byte, sha256.Size)}, longTimeout)
	require.ErrorContains(t, err, "it needs https")
	require.True(t, isPermanent(err))
}

// Names below .local are asked of mDNS before DNS.
func TestLocalName(t *testing.T) {
	a := frame(t, 24)
	socket := filepath.Join(t.TempDir(), "socket")
	listener, err := net.Listen("unix", socket)
	require.NoError(t, err)
	defer listener.Close()
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = bufio.NewReader(conn).ReadString('\n')
			_, _ = io.WriteString(conn, "+ 2 0 camera.local 127.0.0.1\n")
			_ = conn.Close()
		}
	}()
	address := strings.Replace(serve(t, mixedReplace, part(a)), "127.0.0.1", "camera.local", 1)
	s, err := openResolving(t.Context(), address, Config{}, longTimeout, localname.Resolver{Avahi: socket})
	require.NoError(t, err)
	defer s.Close()
	requireFrames(t, s, a)
}

func TestHTTPSToAnHTTPServer(t *testing.T) {
	address := serve(t, mixedReplace)
	_, err := open(t.Context(), "https"+address[len("http"):], Config{}, longTimeout)
	require.ErrorContains(t, err, "does not speak TLS on this port: use http instead of https")
	require.True(t, isPermanent(err))
}
