package train

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestAdamFirstStep: the first step is the rate in the derivative's direction,
// whatever its size.
func TestAdamFirstStep(t *testing.T) {
	gradient := []float32{3, -0.002, 1e-12, 0}
	update := make([]float32, 4)
	NewAdam(4).Step(update, gradient, 0.1)
	require.InDeltaSlice(t, []float32{0.1, -0.1, 0.1, 0}, update, 1e-6)
	require.Equal(t, []float32{3, -0.002, 1e-12, 0}, gradient)
}

// TestAdamFollowsThePaper compares some steps with algorithm 1 in float64.
func TestAdamFollowsThePaper(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	adam := NewAdam(1)
	m, v := 0.0, 0.0
	for step := 1; step <= 50; step++ {
		g := r.NormFloat64()
		m = 0.9*m + 0.1*g
		v = 0.999*v + 0.001*g*g
		corrected, variance := m/(1-math.Pow(0.9, float64(step))), v/(1-math.Pow(0.999, float64(step)))
		update := []float32{float32(g)}
		adam.Step(update, update, 0.01)
		require.InDelta(t, 0.01*corrected/math.Sqrt(variance), update[0], 1e-6)
	}
}

// TestAdamFindsTheMinimum minimises a badly scaled quadratic.
func TestAdamFindsTheMinimum(t *testing.T) {
	scales, minimum := []float32{1e-4, 1, 1e4}, []float32{-1, 2, 0.5}
	x, update := make([]float32, 3), make([]float32, 3)
	adam := NewAdam(3)
	schedule := WarmupCosine(5)
	for round := range 500 {
		for i := range x {
			update[i] = scales[i] * (x[i] - minimum[i])
		}
		adam.Step(update, update, 0.1*schedule(round, 500))
		for i := range x {
			x[i] -= update[i]
		}
	}
	require.InDeltaSlice(t, minimum, x, 0.01)
}

// TestWarmupCosine: linear at first, half way down in the middle, nearly zero
// at the end.
func TestWarmupCosine(t *testing.T) {
	schedule := WarmupCosine(10)
	require.InDelta(t, 0.1, schedule(0, 1000), 1e-4)
	require.InDelta(t, 0.5, schedule(4, 1000), 1e-3)
	require.InDelta(t, 1, schedule(9, 1000), 1e-3)
	require.InDelta(t, 0.5, schedule(500, 1000), 1e-9)
	require.InDelta(t, 0, schedule(999, 1000), 1e-5)
	for round := 10; round < 1000; round++ {
		require.Less(t, schedule(round, 1000), schedule(round-1, 1000))
	}
}

// TestSamplerDrawsEachOnce: every epoch has each index once, in another order.
func TestSamplerDrawsEachOnce(t *testing.T) {
	s := NewSampler(20, 7)
	var epochs [3][]int
	for e := range epochs {
		for range 20 {
			epochs[e] = append(epochs[e], s.Next())
		}
		for i := range 20 {
			require.Contains(t, epochs[e], i)
		}
	}
	require.NotEqual(t, epochs[0], epochs[1])
	require.NotEqual(t, epochs[1], epochs[2])
	again := NewSampler(20, 7)
	for _, want := range epochs[0] {
		require.Equal(t, want, again.Next())
	}
	require.NotEqual(t, epochs[0][:10], func() (first []int) {
		other := NewSampler(20, 8)
		for range 10 {
			first = append(first, other.Next())
		}
		return first
	}())
}

// uniform returns a picture of one colour.
func uniform(size int, c0, c1, c2 int8) []int8 {
	p := make([]int8, 3*size*size)
	for i := 0; i < len(p); i += 3 {
		p[i], p[i+1], p[i+2] = c0, c1, c2
	}
	return p
}

// TestAugmentKeepsUniformPictures: they stay uniform, and the brightness of
// every channel stays within its bounds.
func TestAugmentKeepsUniformPictures(t *testing.T) {
	const size = 19
	a, r := NewAugmenter(size), rand.New(rand.NewPCG(2, 2))
	picture := uniform(size, -28, -78, -128) // bytes 100, 50 and 0
	darkest, brightest := 255, 0
	for range 300 {
		v := a.Augment(picture, r)
		require.Equal(t, uniform(size, v[0], v[1], v[2]), v)
		b := int(v[0]) + 128
		darkest, brightest = min(darkest, b), max(brightest, b)
		require.InDelta(t, b, 2*(int(v[1])+128), 0.25*float64(b)+2, "channels differ by a third of the gain each")
		require.Equal(t, int8(-128), v[2])
	}
	require.Equal(t, uniform(size, -28, -78, -128), picture, "the picture itself stays as it is")
	require.GreaterOrEqual(t, darkest, 62)
	require.LessOrEqual(t, brightest, 144)
	require.Less(t, darkest, 75)
	require.Greater(t, brightest, 125)
}

// TestAugmentMirrorsHalf: a picture that is dark on the left is dark on the
// right in about every other variant.
func TestAugmentMirrorsHalf(t *testing.T) {
	const size = 16
	a, r := NewAugmenter(size), rand.New(rand.NewPCG(3, 3))
	picture := make([]int8, 3*size*size)
	for i := range picture {
		picture[i] = int8(8*(i/3%size) - 128)
	}
	mirrored := 0
	for range 200 {
		v := a.Augment(picture, r)
		if v[0] > v[3*(size-1)] {
			mirrored++
		}
	}
	require.InDelta(t, 100, mirrored, 30)
}

// TestAugmentKeepsTheLastResult: two results are valid at a time, and the
// same random numbers lead to the same variant.
func TestAugmentKeepsTheLastResult(t *testing.T) {
	const size = 16
	a, r := NewAugmenter(size), rand.New(rand.NewPCG(4, 4))
	picture := make([]int8, 3*size*size)
	for i := range picture {
		picture[i] = int8(r.IntN(256) - 128)
	}
	first := a.Augment(picture, rand.New(rand.NewPCG(5, 5)))
	kept := append([]int8(nil), first...)
	a.Augment(picture, r)
	require.Equal(t, kept, first)
	require.Equal(t, kept, a.Augment(picture, rand.New(rand.NewPCG(5, 5))))
}

// TestMixupLiesBetween: a blend lies between the variants.
func TestMixupLiesBetween(t *testing.T) {
	const size = 8
	a, r := NewAugmenter(size), rand.New(rand.NewPCG(6, 6))
	black, grey := uniform(size, -128, -128, -128), uniform(size, -28, -28, -28)
	least, most := 255, 0
	for range 200 {
		b := int(a.Mixup(black, grey, r)[0]) + 128
		least, most = min(least, b), max(most, b)
	}
	require.GreaterOrEqual(t, least, 0)
	require.Less(t, least, 15)
	require.Greater(t, most, 85)
	require.LessOrEqual(t, most, 144)
}

// TestNewAugmenterRejectsSizes: sizes that no network has cause a panic.
func TestNewAugmenterRejectsSizes(t *testing.T) {
	require.Panics(t, func() { NewAugmenter(0) })
}
