package quant

import (
	"math"
	"math/rand/v2"
	"testing"

	"halfmeg/internal/testnet"

	"github.com/stretchr/testify/require"
)

// TestFisherFollowsEqualization: the cost of a weight's error does not depend on
// the channel scales of inputs and outputs.
func TestFisherFollowsEqualization(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 11))
	n := randomFloat(r, testnet.Small())
	l := measureSmall(t, n, randomPictures(r, 8), 2).layers[1]
	in, out := make([]float64, l.depth), make([]float64, l.out)
	for k := range in {
		in[k] = math.Exp(r.NormFloat64())
	}
	for o := range out {
		out[o] = math.Exp(r.NormFloat64())
	}
	const scale = 0.3
	cost := func(in, out []float64, scale float64) float64 {
		h, g := l.inputCovariance(in, scale), l.outputCovariance(out)
		sum := 0.0
		noise := rand.New(rand.NewPCG(12, 12))
		e := make([][]float64, l.out) // a weight's error in units of codes
		for o := range e {
			e[o] = make([]float64, l.depth)
			for k := range e[o] {
				e[o][k] = noise.NormFloat64() * scale
				if in != nil {
					e[o][k] *= out[o] / in[k]
				}
			}
		}
		for o := range e {
			for p := range e {
				for k := range l.depth {
					for j := range l.depth {
						sum += g.At(o, p) * h.At(k, j) * e[o][k] * e[p][j]
					}
				}
			}
		}
		return sum
	}
	require.InEpsilon(t, cost(nil, nil, 1), cost(in, out, scale), 1e-9)
}
