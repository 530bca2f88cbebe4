package store

import (
	"image"
	"image/png"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"halfmeg/camera/picture"
	"halfmeg/model"
	"halfmeg/quant/train"
	"halfmeg/tools/train/dataset"
)

// grey is a picture of a single grey.
func grey(width, height int, v byte) *picture.Image {
	img := &picture.Image{Width: width, Height: height, Pix: make([]byte, 3*width*height)}
	for i := range img.Pix {
		img.Pix[i] = v
	}
	return img
}

// TestLimit: pictures are shrunk to what the limit allows for each of them, and what
// still does not fit is decoded again.
func TestLimit(t *testing.T) {
	path := filepath.Join(t.TempDir(), "b.png")
	f, err := os.Create(path)
	require.NoError(t, err)
	require.NoError(t, png.Encode(f, image.NewGray(image.Rect(0, 0, 400, 300))))
	require.NoError(t, f.Close())

	s := New(250_000, 2, 100)
	require.Equal(t, 140, s.Side())
	require.Equal(t, 100, New(1000, 50, 100).Side())
	s.Keep("a", grey(800, 600, 7))
	kept, bytes := s.Used()
	require.Equal(t, 1, kept)
	require.EqualValues(t, 3*186*140, bytes)
	s.Keep("wide", grey(1400, 140, 7))
	kept, _ = s.Used()
	require.Equal(t, 1, kept, "no room")
	img, err := s.Picture("a")
	require.NoError(t, err)
	require.Equal(t, 186, img.Width)
	require.EqualValues(t, 7, img.Pix[300])
	img, err = s.Picture(path)
	require.NoError(t, err)
	require.Equal(t, 140, img.Height)
	_, err = s.Picture("missing")
	require.ErrorContains(t, err, "a picture can no longer be read")
	s.Retain([]dataset.Item{{Path: "a"}})
	kept, _ = s.Used()
	require.Equal(t, 1, kept)
	s.Retain(nil)
	kept, bytes = s.Used()
	require.Zero(t, kept)
	require.Zero(t, bytes)
}

// TestDraw: targets are the class, or the parts of a blend.
func TestDraw(t *testing.T) {
	s := New(1<<20, 2, 20)
	s.Keep("black", grey(30, 30, 0))
	s.Keep("white", grey(30, 30, 255))
	items := []dataset.Item{{Path: "black", Class: 1}, {Path: "white", Class: 0}}
	in := model.Input{Size: 20, Std: [3]float32{1, 1, 1}, Fit: model.Direct}
	plain, err := NewSource(s, items, in, train.Jitter{}, 0, 1)
	require.NoError(t, err)
	mixed, err := NewSource(s, items, in, train.Jitter{}, 1, 1)
	require.NoError(t, err)
	require.Equal(t, 2, plain.Len())
	random := rand.New(rand.NewPCG(1, 1))
	dst, blends := make([]int8, 3*20*20), 0
	for i := range 40 {
		target := make([]float32, 3)
		require.NoError(t, plain.Draw(0, i%2, random, dst, target))
		require.Equal(t, []float32{float32(i % 2), float32(1 - i%2), 0}, target)
		require.EqualValues(t, map[int]int{0: -128, 1: 127}[i%2], dst[5])

		clear(target)
		require.NoError(t, mixed.Draw(0, 0, random, dst, target))
		require.InDelta(t, 1, target[0]+target[1], 1e-6)
		require.InDelta(t, 255*target[0], int(dst[5])+128, 1.5) // white
		if target[0] > 0 {
			blends++
		}
	}
	require.Greater(t, blends, 5)
	require.Less(t, blends, 35)
	items[0].Path = "gone"
	require.Error(t, plain.Draw(0, 0, random, dst, make([]float32, 3)))
}
