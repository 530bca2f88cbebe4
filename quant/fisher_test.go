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
	"halfmeg/quant/train"
)

// divergenceOf returns the mean divergence of another network's answers from n's.
func divergenceOf(t *testing.T, n, other *float.Network, pictures [][]int8) float64 {
	t.Helper()
	passes := make([]*float.Pass, 2)
	for i, network := range []*float.Network{n, other} {
		f, err := float.NewForward(network)
		require.NoError(t, err)
		passes[i] = f.NewPass()
	}
	sum := 0.0
	for _, picture := range pictures {
		want, err := passes[0].Run(picture)
		require.NoError(t, err)
		got, err := passes[1].Run(picture)
		require.NoError(t, err)
		p, q := train.Softmax(want), train.Softmax(got)
		for c := range p {
			sum += float64(p[c]) * math.Log(float64(p[c]/q[c])) / float64(len(pictures))
		}
	}
	return sum
}

// TestFisherPredictsDivergence adds noise to one layer's weights and compares
// the divergence with e'Fe/2.
func TestFisherPredictsDivergence(t *testing.T) {
	r := rand.New(rand.NewPCG(10, 10))
	n := randomFloat(r, testnet.Small())
	pictures := randomPictures(r, 60)
	l := measureSmall(t, n, pictures, 2).layers[1] // fire2/squeeze1x1
	const variance, trials = 1e-4, 30
	trace := 0.0
	for k := range l.depth {
		trace += l.inputs[k*(l.depth+2)]
	}
	measured := 0.0
	for range trials {
		noisy := *n
		noisy.Layers = append([]float.Layer(nil), n.Layers...)
		noisy.Layers[1].Weights = append([]float32(nil), n.Layers[1].Weights...)
		for i := range noisy.Layers[1].Weights {
			noisy.Layers[1].Weights[i] += float32(math.Sqrt(variance) * r.NormFloat64())
		}
		measured += divergenceOf(t, n, &noisy, pictures) / trials
	}
	require.InEpsilon(t, trace*variance/2, measured, 0.5)
}

// TestLogitFisherPredictsError is TestFisherPredictsDivergence with one output,
// where the divergence is half the relative squared error of the logit.
func TestLogitFisherPredictsError(t *testing.T) {
	r := rand.New(rand.NewPCG(12, 12))
	topology := testnet.Small()
	topology.Head = model.Head{Classes: 1, Linear: true}
	n := randomFloat(r, topology)
	pictures := randomPictures(r, 60)
	const spread = 0.25
	f, err := MeasureLogitFisher(context.Background(), n, pictures, spread, 2, func() {})
	require.NoError(t, err)
	l := f.layers[1] // fire2/squeeze1x1
	const variance, trials = 1e-4, 30
	trace := 0.0
	for k := range l.depth {
		trace += l.inputs[k*(l.depth+2)]
	}
	measured := 0.0
	for range trials {
		noisy := *n
		noisy.Layers = append([]float.Layer(nil), n.Layers...)
		noisy.Layers[1].Weights = append([]float32(nil), n.Layers[1].Weights...)
		for i := range noisy.Layers[1].Weights {
			noisy.Layers[1].Weights[i] += float32(math.Sqrt(variance) * r.NormFloat64())
		}
		measured += squaredError(t, n, &noisy, pictures) / (2 * spread * spread * trials)
	}
	require.InEpsilon(t, trace*variance/2, measured, 0.5)

	for _, spread := range []float64{0, -1, math.NaN(), math.Inf(1)} {
		_, err := MeasureLogitFisher(context.Background(), n, pictures, spread, 2, func() {})
		require.ErrorContains(t, err, "expected a finite number above 0")
	}
}

// TestOneOutputKeepsItsLogit: a coarse budget leaves most of the logit's variance,
// although its softmax is always 1.
func TestOneOutputKeepsItsLogit(t *testing.T) {
	r := rand.New(rand.NewPCG(13, 13))
	topology := testnet.Small()
	topology.Head = model.Head{Classes: 1, Linear: true}
	n := randomFloat(r, topology)
	pictures, others := randomPictures(r, 60), randomPictures(r, 30)
	forward, err := float.NewForward(n)
	require.NoError(t, err)
	pass := forward.NewPass()
	var wants []float64
	mean, variance := 0.0, 0.0
	for _, p := range others {
		logits, err := pass.Run(p)
		require.NoError(t, err)
		wants = append(wants, float64(logits[0]))
		mean += float64(logits[0]) / float64(len(others))
	}
	for _, w := range wants {
		variance += (w - mean) * (w - mean) / float64(len(wants))
	}
	f, err := MeasureLogitFisher(context.Background(), n, pictures, math.Sqrt(variance), 2, func() {})
	require.NoError(t, err)
	result := quantizeSmall(t, n, pictures, Options{Divergence: 0.02, Fisher: f})
	engine, err := model.NewEngine(result.Network, 1)
	require.NoError(t, err)
	defer engine.Close()
	noise := 0.0
	for i, p := range others {
		copy(engine.Input(), p)
		d := float64(engine.Run()[0]) - wants[i]
		noise += d * d / float64(len(others))
	}
	require.Less(t, noise, 0.3*variance)
}

// squaredError returns the mean squared error of another network's logits.
func squaredError(t *testing.T, n, other *float.Network, pictures [][]int8) float64 {
	t.Helper()
	passes := make([]*float.Pass, 2)
	for i, network := range []*float.Network{n, other} {
		f, err := float.NewForward(network)
		require.NoError(t, err)
		passes[i] = f.NewPass()
	}
	sum := 0.0
	for _, picture := range pictures {
		want, err := passes[0].Run(picture)
		require.NoError(t, err)
		got, err := passes[1].Run(picture)
		require.NoError(t, err)
		for c := range want {
			sum += float64((want[c]-got[c])*(want[c]-got[c])) / float64(len(pictures)*len(want))
		}
	}
	return sum
}

// TestScoreIsFisher: the mean square of the score is the Fisher information of
// the answer, diag(p) - p*p'.
func TestScoreIsFisher(t *testing.T) {
	p := []float32{0.7, 0.2, 0.07, 0.03}
	r := rand.New(rand.NewPCG(11, 11))
	const trials = 200_000
	var squares [4][4]float64
	for range trials {
		s := score(p, r)
		for i := range s {
			for j := range s {
				squares[i][j] += float64(s[i]*s[j]) / trials
			}
		}
	}
	for i := range p {
		for j := range p {
			want := -float64(p[i] * p[j])
			if i == j {
				want += float64(p[i])
			}
			require.InDelta(t, want, squares[i][j], 0.002, "%d, %d", i, j)
		}
	}
}
