package idct

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"halfmeg/kernels/internal/isa"
)

var sizes = []int{8, 4, 2, 1}

// block is a block's lowest coefficients, [v][u].
type block [8][8]float64

// definition computes the transform by its formula, without rounding.
func definition(size int, b *block) (samples [8][8]float64) {
	a := func(k int) float64 {
		if k == 0 {
			return 1
		}
		return math.Sqrt2
	}
	cosine := func(x, u int) float64 {
		return a(u) * math.Cos(float64((2*x+1)*u)*math.Pi/float64(2*size))
	}
	for y := range size {
		for x := range size {
			sum := 0.0
			for v := range size {
				for u := range size {
					sum += b[v][u] * cosine(x, u) * cosine(y, v)
				}
			}
			samples[y][x] = min(max(sum/8+128, 0), 255)
		}
	}
	return samples
}

// pack writes a block to the coefficients of a row.
func pack(row []int16, size, i int, b *block) {
	for v := range size {
		for u := range size {
			c := b[v][u] * (1 << FractionBits)
			row[Offset(size, i)+Index(size, u, v)] = int16(math.Round(c))
		}
	}
}

// randomBlock returns a block within the contract. Kinds: smooth, textured, a few
// large coefficients, noise.
func randomBlock(r *rand.Rand, size int) *block {
	var b block
	switch kind := r.IntN(4); kind {
	case 0, 1:
		for v := range size {
			for u := range size {
				b[v][u] = math.Round(r.NormFloat64() * 300 / float64(1+(u+v)*(u+v)*(2-kind)))
			}
		}
	case 2:
		for range 3 {
			b[r.IntN(size)][r.IntN(size)] = float64(r.IntN(2048) - 1024)
		}
	default:
		for v := range size {
			for u := range size {
				b[v][u] = float64(r.IntN(2*8192/size/size+1)) - float64(8192/size/size)
			}
		}
	}
	sum := 0.0
	for v := range size {
		for u := range size {
			sum += math.Abs(b[v][u]) * (1 << FractionBits)
		}
	}
	if sum > MaxSum {
		for v := range size {
			for u := range size {
				b[v][u] = math.Trunc(b[v][u] * MaxSum / sum)
			}
		}
	}
	return &b
}

// randomRow returns the coefficients of a row of blocks.
func randomRow(r *rand.Rand, size, blocks int) ([]int16, []*block) {
	row := make([]int16, blocks*size*size)
	list := make([]*block, blocks)
	for i := range list {
		list[i] = randomBlock(r, size)
		pack(row, size, i, list[i])
	}
	return row, list
}

// TestDefinition compares with the formula: a sample differs by less than one, half
// of which is the last rounding.
func TestDefinition(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, size := range sizes {
		worst, squares := 0.0, 0.0
		const rounds, blocks = 250, 8
		for range rounds {
			row, list := randomRow(r, size, blocks)
			stride := blocks*size + 3
			dst := make([]byte, size*stride)
			Row(dst, stride, size, row)
			require.Equal(t, make([]int16, len(row)), row, "cleared")
			for i, b := range list {
				want := definition(size, b)
				for y := range size {
					for x := range size {
						d := math.Abs(float64(dst[y*stride+i*size+x]) - want[y][x])
						worst, squares = max(worst, d), squares+d*d
					}
				}
			}
		}
		n := float64(rounds * blocks * size * size)
		t.Logf("size %d: largest error %.3f, root mean square %.3f", size, worst, math.Sqrt(squares/n))
		require.Less(t, worst, 1.0, "size %d", size)
	}
}

// TestParity compares every instruction set with the plain loops, also at the limit
// of the contract, with rows of any length. Bytes beyond the blocks stay.
func TestParity(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, set := range isa.Available() {
		b := backendFor(set)
		t.Run(string(set), func(t *testing.T) {
			for blocks := 1; blocks <= 21; blocks++ {
				for _, padding := range []int{0, 5} {
					row, _ := randomRow(r, 8, blocks)
					compare(t, 8, blocks, padding, row, generic.row8, b.row8)
					row, _ = randomRow(r, 4, 2*blocks)
					compare(t, 4, 2*blocks, padding, row, generic.row4, b.row4)
				}
			}
			for u := range 8 {
				for v := range 8 {
					for _, sum := range []int16{MaxSum, -MaxSum} {
						row := make([]int16, 64)
						row[Index(8, u, v)] = sum
						compare(t, 8, 1, 0, row, generic.row8, b.row8)
						row = make([]int16, 32)
						row[Offset(4, u/4)+Index(4, u%4, v%4)] = sum
						compare(t, 4, 2, 0, row, generic.row4, b.row4)
					}
				}
			}
		})
	}
}

func compare(t *testing.T, size, blocks, padding int, row []int16, reference, kernel func([]byte, int, []int16)) {
	t.Helper()
	stride := blocks*size + padding
	want := make([]byte, stride*size)
	for i := range want {
		want[i] = 7
	}
	got := slices.Clone(want)
	again := slices.Clone(row)
	reference(want, stride, row)
	kernel(got, stride, again)
	require.Equal(t, want, got)
	require.Equal(t, row, again)
}

func BenchmarkRow(b *testing.B) {
	for _, size := range sizes {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			const blocks = 80
			row, _ := randomRow(rand.New(rand.NewPCG(5, 6)), size, blocks)
			coefficients := slices.Clone(row)
			dst := make([]byte, blocks*size*size)
			for b.Loop() {
				copy(coefficients, row) // Row clears it
				Row(dst, blocks*size, size, coefficients)
			}
		})
	}
}
