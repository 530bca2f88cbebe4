package quant

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"halfmeg/internal/testnet"
	"halfmeg/model"
	"halfmeg/quant/float"
)

func randomFloat(r *rand.Rand, topology model.Topology) *float.Network {
	n := &float.Network{Topology: topology, Input: testnet.Input(topology)}
	for _, p := range testnet.Floats(r, topology, func(depth float64) float64 { return 1.5 / math.Sqrt(depth) }) {
		n.Layers = append(n.Layers, float.Layer(p))
	}
	return n
}

// randomPictures returns blurred noise: neighbours are correlated, as in
// photographs.
func randomPictures(r *rand.Rand, n int) [][]int8 {
	size := testnet.Small().Size
	pictures := make([][]int8, n)
	for i := range pictures {
		p := make([]int8, size*size*3)
		value := 0.0
		for k := range p {
			value = 0.9*value + 30*r.NormFloat64()
			p[k] = int8(min(max(value, -128), 127))
		}
		pictures[i] = p
	}
	return pictures
}

func measureSmall(t *testing.T, n *float.Network, pictures [][]int8, workers int) *Fisher {
	t.Helper()
	f, err := MeasureFisher(context.Background(), n, pictures, workers, func() {})
	require.NoError(t, err)
	return f
}

func quantizeSmall(t *testing.T, n *float.Network, pictures [][]int8, o Options) *Result {
	r, err := Quantize(context.Background(), n, pictures, o)
	require.NoError(t, err)
	return r
}

// TestQuantizedFollowsFloat compares the int8 network in the engine with the
// float network, on pictures that it was not calibrated on.
func TestQuantizedFollowsFloat(t *testing.T) {
	for _, topology := range testnet.Heads() {
		checkQuantized(t, topology)
	}
}

func checkQuantized(t *testing.T, topology model.Topology) {
	r := rand.New(rand.NewPCG(1, 1))
	n := randomFloat(r, topology)
	result := quantizeSmall(t, n, randomPictures(r, 40), Options{})
	engine, err := model.NewEngine(result.Network, 1)
	require.NoError(t, err)
	defer engine.Close()
	forward, err := float.NewForward(n)
	require.NoError(t, err)
	pass := forward.NewPass()
	var signal, noise float64
	for _, p := range randomPictures(r, 20) {
		want, err := pass.Run(p)
		require.NoError(t, err)
		copy(engine.Input(), p)
		for c, v := range engine.Run() {
			signal += float64(want[c] * want[c])
			noise += float64((want[c] - v) * (want[c] - v))
		}
	}
	require.Greater(t, 10*math.Log10(signal/noise), 25.0, "signal-to-noise ratio of the logits in dB")
	require.Len(t, result.Layers, 11)
	for _, l := range result.Layers {
		require.Greater(t, l.WeightSNR, 30.0, l.Name)
		require.Greater(t, l.ActivationSNR, 20.0, l.Name)
	}
}

// TestWorkersDoNotMatter: the result is the same for any number of workers.
func TestWorkersDoNotMatter(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	n := randomFloat(r, testnet.Small())
	pictures := randomPictures(r, 21)
	fisher := measureSmall(t, n, pictures, 1)
	for _, workers := range []int{2, 5} {
		require.Equal(t, fisher, measureSmall(t, n, pictures, workers))
	}
	for _, divergence := range []float64{0, 1e-3} {
		want := quantizeSmall(t, n, pictures, Options{Workers: 1, Divergence: divergence, Fisher: fisher})
		for _, workers := range []int{2, 5} {
			require.Equal(t, want, quantizeSmall(t, n, pictures, Options{Workers: workers, Divergence: divergence, Fisher: fisher}))
		}
	}
}

// TestOddCalibration: one picture, black pictures, a dead channel or layer, a
// bias far larger than the weights all lead to a valid network.
func TestOddCalibration(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	black := make([]int8, 31*31*3)
	for i := range black {
		black[i] = -128
	}
	intact := randomFloat(r, testnet.Small())
	dead := randomFloat(r, testnet.Small())
	clear(dead.Layers[1].Weights[:10])
	dead.Layers[1].Bias[0] = 0
	lopsided := randomFloat(r, testnet.Small())
	for i := range lopsided.Layers[2].Weights[:4] {
		lopsided.Layers[2].Weights[i] = 1e-20
	}
	lopsided.Layers[2].Bias[0] = 1e6
	silent := randomFloat(r, testnet.Small())
	for i := range silent.Layers[0].Bias {
		silent.Layers[0].Bias[i] = -1e6
	}
	for name, c := range map[string]struct {
		net      *float.Network
		pictures [][]int8
	}{
		"one picture":    {intact, randomPictures(r, 1)},
		"black pictures": {intact, [][]int8{black, black, black}},
		"dead channel":   {dead, randomPictures(r, 5)},
		"huge bias":      {lopsided, randomPictures(r, 5)},
		"silent layer":   {silent, randomPictures(r, 5)},
	} {
		coarse, err := Quantize(context.Background(), c.net, c.pictures, Options{Divergence: 0.01, Fisher: measureSmall(t, c.net, c.pictures, 2)})
		require.NoError(t, err, name)
		require.NoError(t, coarse.Network.Validate(), name)
		result, err := Quantize(context.Background(), c.net, c.pictures, Options{})
		require.NoError(t, err, name)
		engine, err := model.NewEngine(result.Network, 1)
		require.NoError(t, err, name)
		for _, l := range engine.Run() {
			require.False(t, math.IsNaN(float64(l)) || math.IsInf(float64(l), 0), name)
		}
		engine.Close()
	}
}

// TestRejections: errors name what is wrong.
func TestRejections(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 6))
	n := randomFloat(r, testnet.Small())
	_, err := Quantize(context.Background(), n, nil, Options{})
	require.ErrorContains(t, err, "at least one picture")
	_, err = Quantize(context.Background(), n, [][]int8{make([]int8, 7)}, Options{})
	require.ErrorContains(t, err, "picture 0 has 7 bytes, the network takes 2883")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err = Quantize(ctx, n, randomPictures(r, 2), Options{})
	require.ErrorIs(t, err, context.Canceled)
	n.Layers[4].Weights[3] = float32(math.NaN())
	_, err = Quantize(context.Background(), n, randomPictures(r, 2), Options{})
	require.ErrorContains(t, err, "fire3/squeeze1x1: weight 3 is NaN")
}

// TestDivergenceBuysBytes: the more divergence is allowed, the smaller are the
// weights and the signal-to-noise ratio.
func TestDivergenceBuysBytes(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 9))
	n := randomFloat(r, testnet.Small())
	pictures := randomPictures(r, 40)
	fisher := measureSmall(t, n, pictures, 2)
	magnitude, snr := math.Inf(1), math.Inf(1)
	for _, divergence := range []float64{0, 1e-4, 1e-3, 1e-2} {
		result := quantizeSmall(t, n, pictures, Options{Divergence: divergence, Fisher: fisher})
		sum := 0.0
		for _, l := range result.Network.Layers {
			for _, w := range l.Weights {
				sum += math.Abs(float64(w))
			}
		}
		last := result.Layers[len(result.Layers)-1].ActivationSNR
		require.Less(t, sum, magnitude)
		require.Less(t, last, snr)
		magnitude, snr = sum, last
	}
}
