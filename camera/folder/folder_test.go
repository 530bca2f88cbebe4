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

// pictureFile is a file of a picture that is n pixels wide.
func pictureFile(t *testing.T, n int) []byte {
	t.Helper()
	var file bytes.Buffer
	require.NoError(t, png.Encode(&file, image.NewGray(image.Rect(0, 0, n, 2))))
	return file.Bytes()
}

// directory has the tests' files, which are told apart by their width.
type directory struct {
	t    *testing.T
	path string
	told []string
}

func newDirectory(t *testing.T, names ...string) *directory {
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
	f, err := Open(d.path, watch, func(err error) { d.told = append(d.told, err.Error()) })
	require.NoError(d.t, err)
	return f
}

func requireWidth(t *testing.T, f *Folder, want int) {
	t.Helper()
	img, err := f.Next(t.Context())
	require.NoError(t, err)
	require.Equal(t, want, img.Width)
}

func TestPicturesInOrderOfTheirNames(t *testing.T) {
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
	require.Empty(t, d.told)
}

func TestBadPicturesAreNamedAndSkipped(t *testing.T) {
	d := newDirectory(t, "a.png", "d.png")
	d.write("b.png", []byte("no picture"))
	d.write("c.png", pictureFile(t, 9)[:40])
	f := d.open(false)
	requireWidth(t, f, 1)
	requireWidth(t, f, 2)
	require.Len(t, d.told, 2)
	require.Contains(t, d.told[0], filepath.Join(d.path, "b.png")+": not a picture")
	require.Contains(t, d.told[1], filepath.Join(d.path, "c.png")+": the PNG is cut short")
}

func TestFolderWithoutPictures(t *testing.T) {
	d := newDirectory(t)
	_, err := Open(d.path, false, nil)
	require.EqualError(t, err, d.path+": there are no files in this folder")
	d.write("a.txt", []byte("no picture"))
	_, err = d.open(false).Next(t.Context())
	require.EqualError(t, err, d.path+": no file in this folder is a picture that can be read")
	_, err = Open(filepath.Join(d.path, "absent"), true, nil)
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestWatchedFolder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDirectory(t, "c.png")
		f := d.open(true)
		requireWidth(t, f, 1)
		time.AfterFunc(time.Minute+interval/2, func() { // between two looks
			d.write("b.png", pictureFile(t, 5))
			d.write("a.png", pictureFile(t, 6))
		})
		began := time.Now()
		requireWidth(t, f, 6)
		requireWidth(t, f, 5)
		require.Less(t, time.Since(began), time.Minute+3*interval)
		time.AfterFunc(time.Minute+interval/2, func() { d.write("c.png", pictureFile(t, 77)) }) // another of the same name
		requireWidth(t, f, 77)
		require.Empty(t, d.told)
	})
}

// A picture that arrives in pieces is shown when it is complete, once, and
// without a word on its pieces.
func TestPictureThatArrivesInPieces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDirectory(t)
		f := d.open(true)
		whole := pictureFile(t, 5)
		for n := range whole {
			time.AfterFunc(time.Duration(n+1)*time.Second+interval/2, func() { d.write("a.png", whole[:n+1]) })
		}
		began := time.Now()
		requireWidth(t, f, 5)
		require.Equal(t, len(whole), int(time.Since(began).Seconds()))
		require.Empty(t, d.told)
		requireQuiet(t, f)
	})
}

func TestBadPictureInAWatchedFolder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDirectory(t)
		d.write("a.png", []byte("no picture"))
		f := d.open(true)
		requireQuiet(t, f)
		require.Len(t, d.told, 1)
		d.write("a.png", pictureFile(t, 5))
		requireWidth(t, f, 5)
		require.Len(t, d.told, 1)
	})
}

// requireQuiet proves that for a minute no picture comes.
func requireQuiet(t *testing.T, f *Folder) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	_, err := f.Next(ctx)
	require.ErrorIs(t, err, context.DeadlineExceeded)
}

func TestWatchedFolderThatGoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDirectory(t)
		f := d.open(true)
		time.AfterFunc(time.Second, func() { require.NoError(t, os.Remove(d.path)) })
		_, err := f.Next(t.Context())
		require.ErrorIs(t, err, os.ErrNotExist)
	})
}
