package train

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"halfmeg/camera/pixel"
	"halfmeg/model"
	"halfmeg/model/prep"
)

// speckled returns a picture of random bytes.
func speckled(width, height int, random *rand.Rand) []byte {
	pix := make([]byte, 3*width*height)
	for i := range pix {
		pix[i] = byte(random.Uint32())
	}
	return pix
}

// TestVaryWithoutJitter: the crop of the network's rule, as a Preprocessor makes it,
// apart from the position of the edges of the crop, which is rounded to whole pixels.
func TestVaryWithoutJitter(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, in := range []model.Input{
		{Size: 24, Fit: model.Direct, Order: model.BGR},
		{Size: 24, Fit: model.Squash, Resize: 32},
		{Size: 24, Fit: model.Crop, Resize: 32},
	} {
		in.Std = [3]float32{1, 1, 1}
		const width, height = 64, 48
		pix := make([]byte, 3*width*height)
		for i := range pix {
			x, y := i/3%width, i/3/width
			pix[i] = byte([3]int{2 * x, 3 * y, x + y}[i%3])
		}
		a, err := NewPictureAugmenter(in, Jitter{})
		require.NoError(t, err)
		got, err := a.Vary(pix, width, height, random)
		require.NoError(t, err)
		want := make([]int8, len(got))
		resize, err := prep.NewPreprocessor(in)
		require.NoError(t, err)
		format := pixel.Format{FourCC: pixel.RGB24, Width: width, Height: height, Stride: 3 * width}
		require.NoError(t, resize.Run(want, format.Image(pix)))
		for i := range want {
			require.InDelta(t, want[i], got[i], 2, "%v, byte %d", in.Fit, i)
		}
	}
}

// TestVaryMirrors: about half of the variants are mirrored if that is set, otherwise
// none.
func TestVaryMirrors(t *testing.T) {
	pix := make([]byte, 3*40*40)
	for i := range pix {
		if i/3%40 >= 20 {
			pix[i] = 200
		}
	}
	in := model.Input{Size: 16, Std: [3]float32{1, 1, 1}, Fit: model.Direct}
	for _, mirror := range []bool{false, true} {
		a, err := NewPictureAugmenter(in, Jitter{Mirror: mirror, Brightness: 0.2})
		require.NoError(t, err)
		random, mirrored := rand.New(rand.NewPCG(1, 2)), 0
		for range 100 {
			v, err := a.Vary(pix, 40, 40, random)
			require.NoError(t, err)
			if v[0] > v[3*15] {
				mirrored++
			}
		}
		if mirror {
			require.InDelta(t, 50, mirrored, 20)
		} else {
			require.Zero(t, mirrored)
		}
	}
}

// TestVaryTurns: a turned line has the slope of the angle, in both directions, and
// the middle of the picture stays.
func TestVaryTurns(t *testing.T) {
	const size = 101
	pix := make([]byte, 3*size*size)
	for x := range size {
		for c := range 3 {
			pix[3*(size/2*size+x)+c] = 255
		}
	}
	for _, mirror := range []bool{false, true} {
		for _, degrees := range []float64{-20, 0.5, 20} {
			v := &variation{width: size, height: size, mirror: mirror, turn: degrees * math.Pi / 180}
			dst := make([]byte, len(pix))
			cutTurned(dst, pix, size, size, v)
			brightest := func(x int) float64 {
				sum, weighted := 0.0, 0.0
				for y := range size {
					b := float64(dst[3*(y*size+x)])
					sum, weighted = sum+b, weighted+b*float64(y)
				}
				return weighted / sum
			}
			require.InDelta(t, size/2, brightest(size/2), 0.1)
			slope := (brightest(80) - brightest(20)) / 60
			want := -math.Tan(v.turn)
			if mirror {
				want = -want
			}
			require.InDelta(t, want, slope, 0.02, "%v %v", mirror, degrees)
		}
	}
}

// TestVaryIsReproducible: the same random numbers make the same variant, another
// one otherwise, and every amount changes something.
func TestVaryIsReproducible(t *testing.T) {
	in := model.Input{Size: 24, Std: [3]float32{1, 1, 1}, Fit: model.Squash, Resize: 28}
	pix := speckled(50, 40, rand.New(rand.NewPCG(1, 2)))
	vary := func(j Jitter, seed uint64) []int8 {
		a, err := NewPictureAugmenter(in, j)
		require.NoError(t, err)
		v, err := a.Vary(pix, 50, 40, rand.New(rand.NewPCG(seed, 0)))
		require.NoError(t, err)
		return v
	}
	first, again := vary(FieldJitter(), 1), vary(FieldJitter(), 1)
	require.Equal(t, first, again)
	require.NotEqual(t, first, vary(FieldJitter(), 2))
	plain := vary(Jitter{}, 1)
	for i, j := range []Jitter{{MinArea: 0.5}, {Brightness: 0.3}, {Contrast: 0.3}, {Saturation: 0.3}, {Tint: 0.1}, {Turn: 10}} {
		// A single draw may be near zero.
		changed := slices.ContainsFunc([]uint64{1, 2, 3}, func(seed uint64) bool { return !slices.Equal(plain, vary(j, seed)) })
		require.True(t, changed, "%d", i)
	}
}

// TestVaryRejects: sizes that do not fit.
func TestVaryRejects(t *testing.T) {
	a, err := NewPictureAugmenter(model.Input{Size: 8, Std: [3]float32{1, 1, 1}, Fit: model.Direct}, Jitter{})
	require.NoError(t, err)
	random := rand.New(rand.NewPCG(1, 2))
	_, err = a.Vary(make([]byte, 10), 2, 2, random)
	require.Error(t, err)
	_, err = a.Vary(nil, 0, 0, random)
	require.Error(t, err)
	v, err := a.Vary([]byte{1, 2, 3}, 1, 1, random)
	require.NoError(t, err)
	require.Len(t, v, 3*8*8)
	_, err = NewPictureAugmenter(model.Input{Size: 8, Fit: model.Crop, Resize: 4}, Jitter{})
	require.Error(t, err)
}
