package camera

import (
	"bytes"
	"context"
	"image"
	"image/jpeg"
	"io"
	"io/fs"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"halfmeg/camera/pixel"
)

// fromPipe opens standard input with this content.
func fromPipe(t *testing.T, content string, o Options) Source {
	t.Helper()
	s, err := openContentOfPipe(t, content, o)
	require.NoError(t, err)
	return s
}

func openContentOfPipe(t *testing.T, content string, o Options) (Source, error) {
	t.Helper()
	s, err := openPipe(t.Context(), "standard input", func() (io.ReadCloser, error) {
		return io.NopCloser(strings.NewReader(content)), nil
	}, o)
	if err == nil {
		t.Cleanup(func() { require.NoError(t, s.Close()) })
	}
	return s, err
}

// withoutEnd removes a JPEG's end marker.
func withoutEnd(jpeg string) string { return strings.TrimSuffix(jpeg, "\xff\xd9") }

// TestRecordedJPEGs reads every frame of a file, whatever is between them.
func TestRecordedJPEGs(t *testing.T) {
	a, b, c := jpegFile(t, 8), jpegFile(t, 24), jpegFile(t, 16)
	boundary := "\r\n--frame\r\nContent-Type: image/jpeg\r\nContent-Length: 600\r\n\r\n"
	for name, content := range map[string]string{
		"adjacent":          a + b + c,
		"padded":            a + strings.Repeat("\x00", 5000) + b + "\x00" + c + "\x00",
		"without ends":      withoutEnd(a) + withoutEnd(b) + withoutEnd(c),
		"a saved multipart": boundary[2:] + a + boundary + b + boundary + c + "\r\n--frame--\r\n",
		"noise in the end":  a + b + strings.Repeat("noise", 1000) + c,
	} {
		for _, o := range []Options{{}, {FourCC: pixel.MJPEG}, {FourCC: pixel.JPEG}, {FourCC: RGB24}, {FourCC: pixel.MJPEG, Width: 8, Height: 8}} {
			s := openPath(t, write(t, "film", content), o)
			for n, width := range []int{8, 24, 16} {
				require.Equal(t, width, requireNext(t, s, n, "").Width, name)
			}
			requireEnd(t, s)
			require.NoError(t, s.Close())
			_, err := s.Next(t.Context())
			require.ErrorIs(t, err, fs.ErrClosed)
		}
	}
	s := openPath(t, write(t, "film", a+b), Options{Loop: true})
	for n := range 6 {
		require.Equal(t, []int{8, 24}[n%2], requireNext(t, s, n, "").Width)
	}
}

// TestPictureWithMoreInItsFile reads one frame of pictures as phones write them.
func TestPictureWithMoreInItsFile(t *testing.T) {
	a, b := jpegFile(t, 8), jpegFile(t, 24)
	mpf := a[:2] + "\xff\xe2\x00\x06MPF\x00" + a[2:]
	for name, content := range map[string]string{
		"a picture":       a,
		"a gain map":      mpf + b,
		"a preview later": a + strings.Repeat("x", 2*maxGap) + b,
		"a video":         a + "\x00\x00\x00\x18ftypmp42" + strings.Repeat("x", 2*maxGap),
	} {
		s := openPath(t, write(t, "picture", content), Options{})
		require.Equal(t, 8, requireNext(t, s, 0, "").Width, name)
		requireEnd(t, s)
	}
}

// TestBrokenRecordedJPEGs names broken frames and goes on.
func TestBrokenRecordedJPEGs(t *testing.T) {
	a := jpegFile(t, 8)
	broken := a[:len(a)-4]
	var skipped []string
	path := write(t, "film", a+broken+a+broken)
	s := openPath(t, path, Options{Skipped: func(err error) { skipped = append(skipped, err.Error()) }})
	requireNext(t, s, 0, "")
	requireNext(t, s, 2, "")
	requireEnd(t, s)
	require.Equal(t, []string{
		path + ": frame 2: the JPEG is truncated: unexpected EOF",
		path + ": frame 4: the JPEG is truncated: unexpected EOF",
	}, skipped)

	_, err := Open(t.Context(), write(t, "picture", broken), Options{})
	require.ErrorContains(t, err, "picture: the JPEG is truncated")
	require.ErrorIs(t, err, ErrPermanent)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = openPath(t, path, Options{}).Next(ctx)
	require.ErrorIs(t, err, context.Canceled)
}

func TestOptionsOfRecordedJPEGs(t *testing.T) {
	path := write(t, "film", jpegFile(t, 8)+jpegFile(t, 8))
	for words, o := range map[string]Options{
		"its frames have 8x8 pixels, not 640x480": {Width: 640, Height: 480, FourCC: pixel.MJPEG},
		"its frames are RGB3, not YUYV":           {FourCC: pixel.YUYV},
	} {
		_, err := Open(t.Context(), path, o)
		require.ErrorContains(t, err, words)
		require.ErrorIs(t, err, ErrPermanent)
	}
}

// TestPipeOfJPEGs returns the newest of consecutive JPEGs.
func TestPipeOfJPEGs(t *testing.T) {
	stdin, w := input(t)
	send := func(text string) {
		_, err := w.WriteString(text)
		require.NoError(t, err)
	}
	send("noise" + jpegFile(t, 8))
	s, err := openStandardInput(t.Context(), stdin, Options{})
	require.NoError(t, err)
	require.Equal(t, 8, requireNext(t, s, 0, "").Width)
	broken := jpegFile(t, 32)
	send(jpegFile(t, 16) + jpegFile(t, 24) + broken[:len(broken)-4] + jpegFile(t, 40))
	require.NoError(t, w.Close())
	<-s.(*jpegDecoder).Source.(*streamSource).frames.Done()
	require.Equal(t, 40, requireNext(t, s, 4, "").Width)
	requireEnd(t, s)
	require.NoError(t, s.Close())
}

func TestPipeOfBrokenJPEGs(t *testing.T) {
	whole := jpegFile(t, 8)
	_, err := fromPipe(t, whole[:len(whole)-4], Options{}).Next(t.Context())
	require.EqualError(t, err, "standard input: no frame could be decoded: the JPEG is truncated or damaged")
	require.ErrorIs(t, err, ErrPermanent)
	_, err = openContentOfPipe(t, whole[:20], Options{})
	require.ErrorContains(t, err, "standard input: the JPEG is truncated")
	_, err = openContentOfPipe(t, whole, Options{Width: 1, Height: 1})
	require.ErrorContains(t, err, "standard input: its frames have 8x8 pixels, not 1x1")
}

// endless repeats a JPEG until it is closed.
type endless struct {
	jpeg   string
	at     int
	closed atomic.Bool
}

func (e *endless) Read(p []byte) (int, error) {
	if e.closed.Load() {
		return 0, io.ErrClosedPipe
	}
	n := copy(p, e.jpeg[e.at:])
	e.at = (e.at + n) % len(e.jpeg)
	return n, nil
}

func (e *endless) Close() error {
	e.closed.Store(true)
	return nil
}

// TestEndlessPipe checks that a fast stream of JPEGs takes the memory of some frames,
// not of what was read.
func TestEndlessPipe(t *testing.T) {
	var file bytes.Buffer
	require.NoError(t, jpeg.Encode(&file, image.NewGray(image.Rect(0, 0, 640, 480)), nil))
	s, err := openPipe(t.Context(), "pipe", func() (io.ReadCloser, error) { return &endless{jpeg: file.String()}, nil }, Options{})
	require.NoError(t, err)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for last := uint64(0); last < 2000; { // more than 12 MB
		f, err := s.Next(t.Context())
		require.NoError(t, err)
		last = f.Sequence
	}
	runtime.ReadMemStats(&after)
	require.Less(t, after.HeapSys, before.HeapSys+(64<<20))
	require.NoError(t, s.Close())
}
