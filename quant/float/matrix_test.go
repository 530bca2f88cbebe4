package float

import (
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

// TestMulAddMatchesDefinition holds the product, vector code and edges
// included, to the plain sum's bits.
func TestMulAddMatchesDefinition(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 300 {
		rows, columns, depth := 1+r.IntN(11), 1+r.IntN(50), 1+r.IntN(40)
		lda, ldc := depth+r.IntN(3), columns+r.IntN(3)
		a, b := randomFloats(r, rows*lda), randomFloats(r, columns*depth)
		got := randomFloats(r, rows*ldc)
		want := append([]float32(nil), got...)
		for i := range rows {
			for j := range columns {
				for k := range depth {
					want[i*ldc+j] += float32(a[i*lda+k] * b[j*depth+k])
				}
			}
		}
		PackTransposed(b, columns, depth).MulAdd(got, ldc, a, lda, rows)
		require.Equal(t, want, got, "%d rows, %d columns, depth %d", rows, columns, depth)
	}
}

// TestTileMatchesPlainLoop proves the registered tile against the plain one.
func TestTileMatchesPlainLoop(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	for rows := 1; rows <= tileRows; rows++ {
		for depth := 1; depth < 70; depth++ {
			a, b := randomFloats(r, rows*depth), randomFloats(r, depth*tileColumns)
			want := randomFloats(r, rows*tileColumns)
			got := append([]float32(nil), want...)
			tileGo(want, tileColumns, a, depth, b, depth, rows)
			tile(got, tileColumns, a, depth, b, depth, rows)
			require.Equal(t, want, got)
		}
	}
}

// BenchmarkTile compares the plain loop with the registered tile.
func BenchmarkTile(b *testing.B) {
	const depth = 256
	r := rand.New(rand.NewPCG(3, 3))
	a, panel, c := randomFloats(r, tileRows*depth), randomFloats(r, depth*tileColumns), make([]float32, tileRows*tileColumns)
	for name, f := range map[string]func([]float32, int, []float32, int, []float32, int, int){"plain": tileGo, "registered": tile} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				f(c, tileColumns, a, depth, panel, depth, tileRows)
			}
			b.ReportMetric(tileRows*tileColumns*depth*float64(b.N)/b.Elapsed().Seconds()/1e9, "GMAC/s")
		})
	}
}
