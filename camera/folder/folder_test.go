package folder

import (
	"bytes"
	"context"
	"image"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// pictureFile returns a PNG of width x 2 pixels. Tests identify pictures by their
// width.
func pictureFile(t *testing.T, width int) []byte {
	t.Helper()
	var file bytes.Buffer
	require.NoError(t, png.Encode(&file, image.NewGray(image.Rect(0, 0, width, 2))))
	return file.Bytes()
}

// directory is a temporary directory, and the errors of the files that a Folder of
// it skipped.
type directory struct {
	t       *testing.T
	path    string
	skipped []string
}

// newDirectory writes a picture for each name: the first is 1 pixel wide, the
// second 2.
func newDirectory(t *testing.T, names ...string) *directory {
	t.Helper()
	d := &directory{t: t, path: t.TempDir()}
	for i, name := range names {
		d.write(name, pictureFile(t, i+1))
	}
	return d
}

func (d *directory) write(name string, data []byte) {
	require.NoError(d.t, os.WriteFile(filepath.Join(d.path, name), data, 0o600))
}

func (d *directory) open(watch bool) *Folder {
	d.t.Helper()
	f, err := Open(d.path, watch, func(err error) { d.skipped = append(d.skipped, err.Error()) })
	require.NoError(d.t, err)
	return f
}

func requireWidth(t *testing.T, f *Folder, want int) {
	t.Helper()
	img, err := f.Next(t.Context())
	require.NoError(t, err)
	require.Equal(t, want, img.Width)
}

func TestPicturesInOrderOfNames(t *testing.T) {
	d := newDirectory(t, "b.png", "c", "a.jpg", ".hidden.png")
	require.NoError(t, os.Mkdir(filepath.Join(d.path, "aa"), 0o700))
	f := d.open(false)
	for _, width := range []int{3, 1, 2} {
		requireWidth(t, f, width)
	}
	for range 2 {
		_, err := f.Next(t.Context())
		require.Equal(t, io.EOF, err)
	}
	require.Empty(t, d.skipped)
}

func TestBadPicturesAreSkipped(t *testing.T) {
	d := newDirectory(t, "a.png", "d.png")
	d.write("b.png", []byte("no picture"))
	d.write("c.png", pictureFile(t, 9)[:40])
	f := d.open(false)
	requireWidth(t, f, 1)
	requireWidth(t, f, 2)
	require.Len(t, d.skipped, 2)
	require.Contains(t, d.skipped[0], filepath.Join(d.path, "b.png")+": not a picture")
	require.Contains(t, d.skipped[1], filepath.Join(d.path, "c.png")+": the PNG is truncated")
}

func TestFolderWithoutPictures(t *testing.T) {
	d := newDirectory(t)
	_, err := Open(d.path, false, nil)
	require.EqualError(t, err, d.path+": the folder contains no files")
	require.ErrorIs(t, err, ErrEmpty)
	d.write("a.txt", []byte("no picture"))
	_, err = d.open(false).Next(t.Context())
	require.EqualError(t, err, d.path+": no file in this folder is a picture that can be read")
	_, err = Open(filepath.Join(d.path, "missing"), true, nil)
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestWatchedFolder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDirectory(t, "c.png")
		f := d.open(true)
		requireWidth(t, f, 1)
		time.AfterFunc(time.Minute+pollInterval/2, func() { // between two polls
			d.write("b.png", pictureFile(t, 5))
			d.write("a.png", pictureFile(t, 6))
		})
		start := time.Now()
		requireWidth(t, f, 6)
		requireWidth(t, f, 5)
		require.Less(t, time.Since(start), time.Minute+3*pollInterval)
		time.AfterFunc(time.Minute+pollInterval/2, func() { d.write("c.png", pictureFile(t, 77)) }) // a new file of the same name
		requireWidth(t, f, 77)
		require.Empty(t, d.skipped)
	})
}

// TestGrowingPicture writes a file byte by byte. It is returned once, when it is
// complete, and never reported as skipped.
func TestGrowingPicture(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDirectory(t)
		f := d.open(true)
		complete := pictureFile(t, 5)
		for n := range complete {
			time.AfterFunc(time.Duration(n+1)*time.Second+pollInterval/2, func() { d.write("a.png", complete[:n+1]) })
		}
		start := time.Now()
		requireWidth(t, f, 5)
		require.Equal(t, len(complete), int(time.Since(start).Seconds()))
		require.Empty(t, d.skipped)
		requireNoPicture(t, f)
	})
}

func TestBadPictureInAWatchedFolder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDirectory(t)
		d.write("a.png", []byte("no picture"))
		f := d.open(true)
		requireNoPicture(t, f)
		require.Len(t, d.skipped, 1)
		d.write("a.png", pictureFile(t, 5))
		requireWidth(t, f, 5)
		require.Len(t, d.skipped, 1)
	})
}

// requireNoPicture checks that Next returns no picture for a minute.
func requireNoPicture(t *testing.T, f *Folder) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	_, err := f.Next(ctx)
	require.ErrorIs(t, err, context.DeadlineExceeded)
}

func TestWatchedFolderIsRemoved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDirectory(t)
		f := d.open(true)
		time.AfterFunc(time.Second, func() { require.NoError(t, os.Remove(d.path)) })
		_, err := f.Next(t.Context())
		require.ErrorIs(t, err, os.ErrNotExist)
	})
}

// TestSubfolders watches a folder in which others are made, and does not watch one with
// others in it.
func TestSubfolders(t *testing.T) {
	d := newDirectory(t, "b")
	sub := func(path string, width int) {
		t.Helper()
		require.NoError(t, os.MkdirAll(filepath.Join(d.path, filepath.Dir(path)), 0o700))
		d.write(path, pictureFile(t, width))
	}
	sub("a/old", 7)
	sub(".hidden/x", 8)
	require.NoError(t, os.Symlink(d.path, filepath.Join(d.path, "circle")))
	f := d.open(false)
	requireWidth(t, f, 1)
	_, err := f.Next(t.Context())
	require.ErrorIs(t, err, io.EOF)

	f = d.open(true)
	requireWidth(t, f, 7)
	requireWidth(t, f, 1)
	sub("2026/01/02/new", 9)
	requireWidth(t, f, 9)
	sub("2026/01/02/next", 10)
	requireWidth(t, f, 10)
	require.NoError(t, os.RemoveAll(filepath.Join(d.path, "2026")))
	sub("c", 11)
	requireWidth(t, f, 11)
	require.Empty(t, d.skipped)
}
