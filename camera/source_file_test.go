package camera

import (
	"bytes"
	"context"
	"image"
	"image/jpeg"
	"image/png"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"halfmeg/camera/pixel"
)

// write creates a file with this content.
func write(t *testing.T, name, content string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

// pictureFile returns a PNG of the given width, grey.
func pictureFile(t *testing.T, width int) string {
	t.Helper()
	var file bytes.Buffer
	grey := image.NewGray(image.Rect(0, 0, width, 2))
	for i := range grey.Pix {
		grey.Pix[i] = 7
	}
	require.NoError(t, png.Encode(&file, grey))
	return file.String()
}

func openPath(t *testing.T, path string, o Options) Source {
	t.Helper()
	s, err := Open(t.Context(), path, o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

// requireNext checks that the next frame is complete and has the given number
// and, unless empty, the given bytes.
func requireNext(t *testing.T, s Source, number int, data string) *Frame {
	t.Helper()
	f, err := s.Next(t.Context())
	require.NoError(t, err)
	require.Equal(t, uint64(number), f.Sequence)
	require.Len(t, f.Data, f.Size())
	require.False(t, f.Time.IsZero())
	if data != "" {
		require.Equal(t, data, string(f.Data))
	}
	return f
}

func requireEnd(t *testing.T, s Source) {
	t.Helper()
	_, err := s.Next(t.Context())
	require.Equal(t, io.EOF, err)
}

const twoFrames = "YUV4MPEG2 W2 H1 C420jpeg\nFRAME\nabcdFRAME\nefgh"

func TestY4MFile(t *testing.T) {
	s := openPath(t, write(t, "movie.jpg", twoFrames), Options{}) // the file name does not matter
	want := Format{FourCC: pixel.YU12, Width: 2, Height: 1, Stride: 2, Range: pixel.Limited}
	require.Equal(t, want, s.Format())
	require.Equal(t, want, requireNext(t, s, 0, "abcd").Format)
	requireNext(t, s, 1, "efgh")
	requireEnd(t, s)
	requireEnd(t, s)
}

func TestPictureFile(t *testing.T) {
	s := openPath(t, write(t, "picture", pictureFile(t, 3)), Options{})
	f := requireNext(t, s, 0, strings.Repeat("\x07", 3*3*2))
	require.Equal(t, Format{FourCC: RGB24, Width: 3, Height: 2, Stride: 9}, f.Format)
	require.Equal(t, s.Format(), f.Format)
	requireEnd(t, s)
}

func TestRawFile(t *testing.T) {
	// Raw frames may start like a JPEG.
	path := write(t, "raw", "\xff\xd8cdefghijklmnopqrstuvwxyzabcdefghijkl")
	for code, want := range map[pixel.FourCC]int{pixel.YUYV: 16, pixel.NV12: 12, pixel.YU12: 12, pixel.GREY: 8, pixel.RGB24: 24} {
		s := openPath(t, path, Options{Width: 4, Height: 2, FourCC: code})
		require.Equal(t, code, s.Format().FourCC)
		f, err := s.Next(t.Context())
		require.NoError(t, err)
		require.Len(t, f.Data, want, code)
		require.Equal(t, "\xff\xd8cd", string(f.Data[:4]))
	}
}

// TestUnpackedRawFile reads raw frames that are converted first, from a file and from a
// pipe.
func TestUnpackedRawFile(t *testing.T) {
	const red, white = "\x00\xf8", "\xff\xff"
	for code, want := range map[pixel.FourCC]string{pixel.RGB565: "\xff\x00\x00\xff\xff\xff", pixel.Y16: "\xf8\xff"} {
		o := Options{Width: 2, Height: 1, FourCC: code}
		for _, s := range []Source{openPath(t, write(t, "raw", red+white), o), fromPipe(t, red+white, o)} {
			require.Equal(t, code.Unpacked(), s.Format().FourCC)
			f := requireNext(t, s, 0, want)
			require.Equal(t, s.Format(), f.Format)
			requireEnd(t, s)
		}
	}
}

func TestFolderOfPictures(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{"b": pictureFile(t, 2), "a": pictureFile(t, 1), "c": "no picture", "d": pictureFile(t, 3)} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600))
	}
	var skipped []string
	s := openPath(t, dir, Options{Skipped: func(err error) { skipped = append(skipped, err.Error()) }})
	for n := range 3 {
		require.Equal(t, n+1, requireNext(t, s, n, "").Width)
	}
	requireEnd(t, s)
	require.Len(t, skipped, 1)
	require.Contains(t, skipped[0], filepath.Join(dir, "c")+": not a picture")

	s = openPath(t, dir, Options{Loop: true})
	for n := range 9 {
		require.Equal(t, n%3+1, requireNext(t, s, n, "").Width)
	}
}

func TestLoopedFiles(t *testing.T) {
	s := openPath(t, write(t, "movie", twoFrames), Options{Loop: true})
	for n := range 7 {
		requireNext(t, s, n, []string{"abcd", "efgh"}[n%2])
	}
	s = openPath(t, write(t, "picture", pictureFile(t, 3)), Options{Loop: true})
	for n := range 3 {
		requireNext(t, s, n, "")
	}
}

// TestNoFrame checks that an input without a frame is an error, however it is read.
func TestNoFrame(t *testing.T) {
	raw := Options{Width: 4, Height: 2, FourCC: pixel.YUYV}
	looped := raw
	looped.Loop = true
	for _, c := range []struct {
		content string
		options Options
	}{
		{"YUV4MPEG2 W2 H1\n", Options{}}, {"YUV4MPEG2 W2 H1\n", Options{Loop: true}}, {"", raw}, {"", looped},
	} {
		path := write(t, "input", c.content)
		_, err := openPath(t, path, c.options).Next(t.Context())
		require.EqualError(t, err, path+": no frames: the input ended before the first one")
		require.ErrorIs(t, err, ErrPermanent)
		if c.options.Loop {
			continue
		}
		_, err = fromPipe(t, c.content, c.options).Next(t.Context())
		require.EqualError(t, err, "standard input: no frames: the input ended before the first one")
		require.ErrorIs(t, err, ErrPermanent)
	}
}

func TestWatchedFolder(t *testing.T) {
	dir := t.TempDir()
	s := openPath(t, dir, Options{Watch: true})
	require.NoError(t, os.WriteFile(filepath.Join(dir, "a.png"), []byte(pictureFile(t, 5)), 0o600))
	require.Equal(t, 5, requireNext(t, s, 0, "").Width)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := s.Next(ctx)
	require.ErrorIs(t, err, context.Canceled)
	require.NotErrorIs(t, err, ErrPermanent)
}

func TestUnreadableFiles(t *testing.T) {
	picture, dir := write(t, "picture", pictureFile(t, 3)), t.TempDir()
	for name, c := range map[string]struct {
		path    string
		options Options
		words   string
	}{
		"text":               {write(t, "a", "some text"), Options{}, "not a picture: starts with"},
		"text, and help":     {write(t, "a", "some text"), Options{}, "supported are pictures, Y4M, and raw frames if their size and format are set"},
		"empty":              {write(t, "a", ""), Options{}, "empty, not a picture"},
		"bad Y4M":            {write(t, "a", "YUV4MPEG2 W2\n"), Options{}, "no size"},
		"half a picture":     {write(t, "a", pictureFile(t, 3)[:40]), Options{}, "truncated"},
		"raw of no length":   {picture, Options{Width: 2, Height: 2, FourCC: pixel.MJPEG}, "length is unknown"},
		"raw of odd NV12":    {picture, Options{Width: 3, Height: 2, FourCC: pixel.NV12}, "even width"},
		"another format":     {picture, Options{FourCC: pixel.YUYV}, "its frames are RGB3, not YUYV"},
		"a folder's format":  {dir, Options{FourCC: pixel.YUYV}, "its frames are RGB3, not YUYV"},
		"an empty folder":    {dir, Options{}, "no files"},
		"a folder, twice":    {dir, Options{Loop: true, Watch: true}, "not both"},
		"a watched file":     {picture, Options{Watch: true}, "picture: a file takes Width and Height, FourCC, Loop, not Watch"},
		"repeated input":     {"-", Options{Loop: true}, "standard input: a pipe takes Width and Height, FourCC, not Loop"},
		"another's address":  {"file://me:secret@host/", Options{}, `camera: addresses of "file" are not supported: use http, https, rtsp,`},
		"an RTSP address":    {"rtsp://me:se/cret@host/", Options{}, "rtsp://…: not the address of a stream"},
		"no address":         {"http://me:se/cret@host/", Options{}, "http://…: not the address of a stream"},
		"a repeated stream":  {"http://me:secret@host/", Options{Loop: true}, "http://host/: a stream takes Rate, FourCC, Patience, TLSFingerprint, Insecure, not Loop"},
		"another size":       {picture, Options{Width: 640, Height: 480}, "its frames have 3x2 pixels, not 640x480"},
		"a stream of YUYV":   {"http://me:secret@host/", Options{FourCC: pixel.YUYV}, "http://host/: its frames are MJPG, not YUYV"},
		"a stream's options": {"http://me:secret@host/", Options{Rate: -1}, "camera: a rate of"},
	} {
		_, err := Open(t.Context(), c.path, c.options)
		require.ErrorContains(t, err, c.words, name)
		require.ErrorIs(t, err, ErrPermanent, name)
		require.NotContains(t, err.Error(), "cret", name)
	}
}

// The complete frames of a truncated file are returned, then a permanent error.
func TestTruncatedFiles(t *testing.T) {
	movie := write(t, "movie", twoFrames[:len(twoFrames)-1])
	raw := write(t, "raw", "abcdef")
	for _, c := range []struct {
		path    string
		options Options
		words   string
	}{
		{movie, Options{}, movie + ": frame 2 of Y4M: truncated"},
		{movie, Options{Loop: true}, movie + ": frame 2 of Y4M: truncated"},
		{raw, Options{Width: 2, Height: 2, FourCC: pixel.GREY}, raw + ": frame 2 is truncated: GREY 2x2 has 4 bytes, the file only 2 more"},
	} {
		s := openPath(t, c.path, c.options)
		requireNext(t, s, 0, "abcd")
		_, err := s.Next(t.Context())
		require.ErrorContains(t, err, c.words)
		require.ErrorIs(t, err, ErrPermanent)
	}
}

func TestClosedFile(t *testing.T) {
	for _, path := range []string{write(t, "movie", twoFrames), filepath.Dir(write(t, "a.png", pictureFile(t, 1)))} {
		s := openPath(t, path, Options{})
		require.NoError(t, s.Close())
		_, err := s.Next(t.Context())
		require.ErrorIs(t, err, fs.ErrClosed)
	}
}

func TestFilesDoNotAllocate(t *testing.T) {
	movie := "YUV4MPEG2 W64 H48 Cmono\n" + strings.Repeat("FRAME\n"+strings.Repeat("x", 64*48), 30)
	s := openPath(t, write(t, "movie", movie), Options{})
	next := func() {
		_, err := s.Next(t.Context())
		require.NoError(t, err)
	}
	next()
	require.Zero(t, testing.AllocsPerRun(20, next))
}

// jpegFile returns a grey JPEG of the given width.
func jpegFile(t *testing.T, width int) string {
	t.Helper()
	var file bytes.Buffer
	require.NoError(t, jpeg.Encode(&file, image.NewGray(image.Rect(0, 0, width, 8)), nil))
	return file.String()
}
