package float

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

func randomFloats(r *rand.Rand, n int) []float32 {
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(r.NormFloat64() * math.Exp(r.NormFloat64()))
	}
	return v
}

// eachISA runs a test with every instruction set that the machine has.
func eachISA(t *testing.T, test func(t *testing.T)) {
	all := isas
	defer func() { isas = all }()
	for i, f := range all {
		isas = all[:i+1]
		t.Run(f.name, test)
	}
}

// TestMulMatchesDefinition compares the product with the plain sum, bit for
// bit: vector code, edges, the left matrix as it is and transposed.
func TestMulMatchesDefinition(t *testing.T) {
	eachISA(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(1, 1))
		for i := range 300 {
			rows, columns, depth := 1+r.IntN(30), 1+r.IntN(100), 1+r.IntN(40)*(1+19*(i/290))
			lda, ldc, ldt := depth+r.IntN(3), columns+r.IntN(3), rows+r.IntN(3)
			a, b := randomFloats(r, rows*lda), randomFloats(r, columns*depth)
			transposed := make([]float32, depth*ldt)
			got := randomFloats(r, rows*ldc)
			want := append([]float32(nil), got...)
			gotTransposed := append([]float32(nil), got...)
			for i := range rows {
				for k := range depth {
					transposed[k*ldt+i] = a[i*lda+k]
				}
				for j := range columns {
					want[i*ldc+j] = 0
					for k := range depth {
						want[i*ldc+j] = fma(a[i*lda+k], b[j*depth+k], want[i*ldc+j])
					}
				}
			}
			packed := PackTransposed(b, columns, depth)
			packed.Mul(got, ldc, Left{a, lda, 1}, rows)
			require.Equal(t, want, got, "%d rows, %d columns, depth %d", rows, columns, depth)
			packed.Mul(gotTransposed, ldc, Left{transposed, 1, ldt}, rows)
			require.Equal(t, want, gotTransposed, "transposed: %d rows, %d columns, depth %d", rows, columns, depth)
		}
	})
}

// TestNegativeStride: vector code would read before the slice.
func TestNegativeStride(t *testing.T) {
	eachISA(t, func(t *testing.T) {
		packed := Pack(make([]float32, 32*20), 20, 32)
		a, c := make([]float32, 4000), make([]float32, 4*32)
		require.Panics(t, func() { packed.Mul(c, 32, Left{a, -1, 100}, 4) })
		require.Panics(t, func() { packed.Mul(c, 32, Left{a, 100, -1}, 4) })
		require.Panics(t, func() { packed.Mul(c, -32, Left{a, 100, 1}, 4) })
	})
}

// TestMulUpper compares the upper triangle with the whole product.
func TestMulUpper(t *testing.T) {
	eachISA(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(7, 7))
		for range 100 {
			n, depth := 1+r.IntN(60), 1+r.IntN(40)
			a, b := randomFloats(r, n*depth), randomFloats(r, depth*n)
			packed := Pack(b, depth, n)
			want, got := randomFloats(r, n*n), randomFloats(r, n*n)
			left := Left{a, depth, 1}
			packed.Mul(want, n, left, n)
			packed.MulUpper(got, n, left)
			for i := range n {
				require.Equal(t, want[i*n+i:(i+1)*n], got[i*n+i:(i+1)*n])
			}
		}
	})
}

// TestPacksAgree packs a matrix and its transpose, in new memory and in memory with old
// values.
func TestPacksAgree(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	reused, reusedTransposed := &Packed{data: randomFloats(r, 20000)}, &Packed{data: randomFloats(r, 20000)}
	for range 100 {
		depth, columns := 1+r.IntN(40), 1+r.IntN(50)
		m, transposed := randomFloats(r, depth*columns), make([]float32, depth*columns)
		for k := range depth {
			for j := range columns {
				transposed[j*depth+k] = m[k*columns+j]
			}
		}
		want := PackTransposed(transposed, columns, depth)
		require.Equal(t, want, Pack(m, depth, columns))
		reused.Set(m, depth, columns)
		require.Equal(t, want, reused)
		reusedTransposed.SetTransposed(transposed, columns, depth)
		require.Equal(t, want, reusedTransposed)
	}
}

// tiles returns all tiles of an instruction set with their numbers of panels.
func (f isa) tiles() map[string]tileOf {
	all := map[string]tileOf{}
	for _, t := range f.pairs {
		all[fmt.Sprintf("%dx%d", t.rows, 2*tileColumns)] = tileOf{t, 2}
	}
	for _, t := range f.singles {
		all[fmt.Sprintf("%dx%d", t.rows, tileColumns)] = tileOf{t, 1}
	}
	return all
}

type tileOf struct {
	tile
	panels int
}

// TestTilesMatchPlainLoop compares every tile of the machine with the plain one.
func TestTilesMatchPlainLoop(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	for _, f := range isas {
		for name, tile := range f.tiles() {
			for depth := 1; depth < 70; depth++ {
				row, step, columns := 1+r.IntN(5), 1+r.IntN(5), tile.panels*tileColumns
				ldc, lds := columns+r.IntN(5), (columns+r.IntN(5))*r.IntN(2)
				a, b := randomFloats(r, tile.rows*row+depth*step), randomFloats(r, depth*columns)
				start := randomFloats(r, tile.rows*(columns+5))
				want := randomFloats(r, tile.rows*ldc)
				got := append([]float32(nil), want...)
				for i := range tile.rows {
					for p := range tile.panels {
						at := p * tileColumns
						tileGo(want[i*ldc+at:], ldc, start[i*lds+at:], lds, a[i*row:], row, step, b[at*depth:][:tileColumns*depth], 0)
					}
				}
				tile.mul(got, ldc, start, lds, a, row, step, b[:tileColumns*depth], tileColumns*depth)
				require.Equal(t, want, got, "%s, %s, depth %d", f.name, name, depth)
			}
		}
	}
}

// BenchmarkTile times the tiles, with the left matrix as it is and transposed.
func BenchmarkTile(b *testing.B) {
	const depth, stride = 256, 257
	r := rand.New(rand.NewPCG(3, 3))
	a, panels, c := randomFloats(r, depth*stride), randomFloats(r, 2*depth*tileColumns), make([]float32, 2*16*tileColumns)
	for _, f := range isas {
		for name, tile := range f.tiles() {
			for kind, steps := range map[string][2]int{"rows": {stride, 1}, "transposed": {1, stride}} {
				columns := tile.panels * tileColumns
				b.Run(fmt.Sprintf("%s/%s/%s", f.name, name, kind), func(b *testing.B) {
					for b.Loop() {
						tile.mul(c, columns, c, columns, a, steps[0], steps[1], panels[:tileColumns*depth], tileColumns*depth)
					}
					b.ReportMetric(float64(tile.rows*columns*depth)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GMAC/s")
				})
			}
		}
	}
}
