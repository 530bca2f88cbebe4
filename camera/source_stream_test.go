package camera

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"halfmeg/camera/pixel"
)

// input returns a pipe for standard input and its other end.
func input(t *testing.T) (stdin, w *os.File) {
	t.Helper()
	stdin, w, err := os.Pipe()
	require.NoError(t, err)
	t.Cleanup(func() {
		_ = stdin.Close()
		_ = w.Close()
	})
	return stdin, w
}

func TestStandardInputFromPipe(t *testing.T) {
	stdin, w := input(t)
	_, err := w.WriteString("YUV4MPEG2 W2 H1 Cmono\n")
	require.NoError(t, err)
	s, err := openStandardInput(t.Context(), stdin, Options{})
	require.NoError(t, err)
	require.Equal(t, pixel.GREY, s.Format().FourCC)
	_, err = w.WriteString("FRAME\nab")
	require.NoError(t, err)
	requireNext(t, s, 0, "ab")

	// Only the newest of unread frames is returned.
	_, err = w.WriteString("FRAME\ncdFRAME\nefFRAME\ngh")
	require.NoError(t, err)
	require.NoError(t, w.Close())
	<-s.(*streamSource).frames.Done()
	requireNext(t, s, 3, "gh")
	requireEnd(t, s)
	require.NoError(t, s.Close())
	_, err = s.Next(t.Context())
	require.ErrorIs(t, err, fs.ErrClosed)
}

func TestStandardInputFromFile(t *testing.T) {
	stdin, err := os.Open(write(t, "movie", twoFrames))
	require.NoError(t, err)
	s, err := openStandardInput(t.Context(), stdin, Options{})
	require.NoError(t, err)
	requireNext(t, s, 0, "abcd")
	requireNext(t, s, 1, "efgh")
	requireEnd(t, s)
	require.NoError(t, s.Close())
}

func TestRawFramesAndPicturesFromAPipe(t *testing.T) {
	for _, c := range []struct {
		sent    string
		options Options
		want    string
	}{
		{"abcdef", Options{Width: 3, Height: 2, FourCC: pixel.GREY}, "abcdef"},
		{pictureFile(t, 1), Options{}, "\x07\x07\x07\x07\x07\x07"},
	} {
		stdin, w := input(t)
		_, err := w.WriteString(c.sent)
		require.NoError(t, err)
		require.NoError(t, w.Close())
		s, err := openStandardInput(t.Context(), stdin, c.options)
		require.NoError(t, err)
		requireNext(t, s, 0, c.want)
		requireEnd(t, s)
		require.NoError(t, s.Close())
	}
}

func TestTruncatedPipe(t *testing.T) {
	stdin, w := input(t)
	_, err := w.WriteString(twoFrames[:len(twoFrames)-1])
	require.NoError(t, err)
	require.NoError(t, w.Close())
	s, err := openStandardInput(t.Context(), stdin, Options{})
	require.NoError(t, err)
	requireNext(t, s, 0, "abcd")
	_, err = s.Next(t.Context())
	require.ErrorContains(t, err, "standard input: frame 2 of Y4M: truncated")
	require.ErrorIs(t, err, ErrPermanent) // the data is gone
}

func TestContextEndsWaitForPipe(t *testing.T) {
	stdin, _ := input(t)
	ctx, cancel := context.WithCancel(t.Context())
	opened := make(chan error)
	go func() {
		_, err := openStandardInput(ctx, stdin, Options{})
		opened <- err
	}()
	cancel()
	require.ErrorIs(t, <-opened, context.Canceled)
}

// latePipe is a pipe that signals when it is closed.
type latePipe struct {
	io.Reader
	closed chan struct{}
	once   sync.Once
}

func (w *latePipe) Close() error {
	w.once.Do(func() { close(w.closed) })
	return nil
}

func TestPipeOpenedTooLateIsClosed(t *testing.T) {
	pipe := &latePipe{Reader: strings.NewReader(twoFrames), closed: make(chan struct{})}
	writer := make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := openPipe(ctx, "pipe", func() (io.ReadCloser, error) {
		<-writer
		return pipe, nil
	}, Options{})
	require.ErrorIs(t, err, context.Canceled)
	close(writer)
	select {
	case <-pipe.closed:
	case <-time.After(10 * time.Second):
		require.Fail(t, "the pipe is still open")
	}
}

// The end of the context closes a pipe that is open but silent.
func TestSilentPipeIsClosed(t *testing.T) {
	r, w := io.Pipe()
	ctx, cancel := context.WithCancel(t.Context())
	_, err := openPipe(ctx, "pipe", func() (io.ReadCloser, error) {
		cancel()
		return r, nil
	}, Options{})
	require.ErrorIs(t, err, context.Canceled)
	for err = nil; err == nil; {
		_, err = w.Write([]byte("Y"))
	}
	require.ErrorIs(t, err, io.ErrClosedPipe)
}

// wrongSize returns a small JPEG whose header claims the given side.
func wrongSize(t *testing.T, side uint16) []byte {
	t.Helper()
	file := []byte(jpegFile(t, 8))
	at := bytes.Index(file, []byte{0xff, 0xc0}) // start of frame; precision, height and width follow its length
	binary.BigEndian.PutUint16(file[at+5:], side)
	binary.BigEndian.PutUint16(file[at+7:], side)
	return file
}

func TestPipesHaveStreamLimits(t *testing.T) {
	file := wrongSize(t, 5000)
	_, err := openPipe(t.Context(), "pipe", func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(file)), nil
	}, Options{})
	require.ErrorContains(t, err, "pipe: a JPEG of 5000x5000 pixels exceeds the limit of 16 megapixels")
	_, err = Open(t.Context(), write(t, "file", string(file)), Options{})
	require.ErrorContains(t, err, "cannot hold 5000x5000 pixels")
}

// 378 bytes from the network once took 580 MB.
func TestStreamWithWrongSize(t *testing.T) {
	file := wrongSize(t, 4000)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", `multipart/x-mixed-replace; boundary="b"`)
		_, _ = fmt.Fprintf(w, "--b\r\nContent-Length: %d\r\n\r\n%s\r\n", len(file), file)
	}))
	defer server.Close()
	_, err := Open(t.Context(), server.URL, Options{})
	require.ErrorContains(t, err, "cannot hold 4000x4000 pixels")
}

func TestStreamOverHTTP(t *testing.T) {
	send := make(chan string)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", `multipart/x-mixed-replace; boundary="b"`)
		for part := range send {
			_, _ = fmt.Fprintf(w, "--b\r\nContent-Length: %d\r\n\r\n%s\r\n", len(part), part)
			w.(http.Flusher).Flush()
		}
	}))
	defer server.Close()
	jpeg := jpegFile(t, 24)
	go func() { send <- jpeg }()
	s, err := Open(t.Context(), server.URL, Options{FourCC: pixel.MJPEG})
	require.NoError(t, err)
	require.Equal(t, Format{FourCC: pixel.MJPEG, Width: 24, Height: 8}, s.Format())
	row := strings.Repeat("\x00", 24) + strings.Repeat("\x80", 8) // a fourth block is padding
	f := requireNext(t, s, 0, strings.Repeat(row, 8)[:7*32+24])
	require.Equal(t, Format{FourCC: pixel.GREY, Width: 24, Height: 8, Stride: 32}, f.Format)
	send <- jpeg
	close(send)
	requireNext(t, s, 1, "")
	_, err = s.Next(t.Context())
	require.EqualError(t, err, server.URL+": the stream ended")
	require.NotErrorIs(t, err, ErrPermanent)
	require.NotErrorIs(t, err, io.EOF)
	require.NoError(t, s.Close())
	require.NoError(t, s.Close())
}
