package float

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// awkward returns random values, half of them special ones: zeros of both
// signs, infinities, NaN, and values that occur twice.
func awkward(r *rand.Rand, n int) []float32 {
	special := []float32{0, float32(math.Copysign(0, -1)), 1, -1, float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.NaN())}
	v := randomFloats(r, n)
	for i := range v {
		if r.IntN(2) == 0 {
			v[i] = special[r.IntN(len(special))]
		}
	}
	return v
}

// bits makes values comparable including the signs of zeros; all NaN are one
// value.
func bits(x []float32) []uint32 {
	b := make([]uint32, len(x))
	for i, v := range x {
		b[i] = math.Float32bits(v)
		if v != v {
			b[i] = math.MaxUint32
		}
	}
	return b
}

// TestElementsMatchPlainLoops compares each loop over a slice with the same
// loop over one element at a time, which is too short for the vector version.
func TestElementsMatchPlainLoops(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 3))
	loops := map[string]func(a, b, c, d []float32){
		"reluRuns":   func(a, _, _, _ []float32) { reluRuns(a, 0, len(a), 1) },
		"maxOf":      maxOf,
		"closeGates": func(a, b, c, _ []float32) { closeGates(a, 0, b, 0, c, 0, len(a), 1) },
	}
	for name, loop := range loops {
		for n := range 70 {
			var got, want [4][]float32
			for i := range got {
				got[i] = awkward(r, n)
				want[i] = append([]float32(nil), got[i]...)
			}
			loop(got[0], got[1], got[2], got[3])
			for i := range n {
				loop(want[0][i:i+1], want[1][i:i+1], want[2][i:i+1], want[3][i:i+1])
			}
			for i := range got {
				require.Equal(t, bits(want[i]), bits(got[i]), "%s of %d, argument %d", name, n, i)
			}
		}
	}
}

// TestConversions compares AddWide and FromBytes with their definition.
func TestConversions(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for n := range 70 {
		values, bytes := randomFloats(r, n), make([]uint8, n)
		scale := float32(r.NormFloat64())
		sums, want := make([]float64, n+1), make([]float64, n+1)
		floats, wantFloats := make([]float32, n+1), make([]float32, n+1)
		for i, v := range values {
			sums[i] = r.NormFloat64()
			bytes[i] = uint8(r.IntN(256))
			want[i], wantFloats[i] = sums[i]+float64(v), float32(bytes[i])*scale
		}
		AddWide(sums, values)
		FromBytes(floats, bytes, scale)
		require.Equal(t, want, sums)
		require.Equal(t, wantFloats, floats)
	}
}

// TestRunsMatchDefinition compares loops over runs of every length, contiguous or not,
// with one over their elements.
func TestRunsMatchDefinition(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 4))
	for length := range 70 {
		n, lds, ldb := r.IntN(6), length+r.IntN(10), (length+r.IntN(10))*r.IntN(2)
		src, base := awkward(r, n*lds+length), awkward(r, n*ldb+length)
		for _, ldd := range []int{0, length, length + r.IntN(10)} {
			dst := awkward(r, n*ldd+length)
			var got, want [4][]float32 // copied, added, without negative elements, gated
			for k := range got {
				got[k], want[k] = append([]float32(nil), dst...), append([]float32(nil), dst...)
			}
			for i := range n {
				for j, v := range src[i*lds : i*lds+length] {
					want[0][i*ldd+j] = v
					want[1][i*ldd+j] += v
					want[2][i*ldd+j] = max(want[2][i*ldd+j], 0)
					if v <= base[i*ldb+j] {
						want[3][i*ldd+j] = 0
					}
				}
			}
			copyRuns(got[0], ldd, src, lds, length, n)
			addRuns(got[1], ldd, src, lds, length, n)
			reluRuns(got[2], ldd, length, n)
			closeGates(got[3], ldd, src, lds, base, ldb, length, n)
			for k := range got {
				require.Equal(t, bits(want[k]), bits(got[k]), "loop %d: %d runs of %d", k, n, length)
			}
		}
	}
}

// TestRouteGradientMatchesPlainLoop compares windows with those of one channel, which
// are too narrow for the vector version. Rows and columns may repeat, at an edge.
func TestRouteGradientMatchesPlainLoop(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 5))
	for channels := 1; channels < 70; channels++ {
		size := 3 + r.IntN(2)
		rows := clamped(r.IntN(size-1), size, size*channels)
		columns := clamped(r.IntN(size-1), size, channels)
		in, dst := awkward(r, size*size*channels), awkward(r, size*size*channels)
		d, largest := awkward(r, channels), awkward(r, channels)
		want := append([]float32(nil), dst...)
		for c := range channels {
			routeGradient(want[c:], in[c:], []float32{d[c]}, largest[c:], rows, columns)
		}
		routeGradient(dst, in, d, largest, rows, columns)
		require.Equal(t, bits(want), bits(dst), "%d channels", channels)
	}
}
