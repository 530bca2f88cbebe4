package train

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"halfmeg/quant/float"
)

// headConfig trains the last layer of the tiny network.
func headConfig() Config {
	return Config{Seed: 3, Epochs: 40, Batch: 12, Rate: 1}
}

// TestFeaturesAreTheHeadsInput: the head's weights times the features, plus its
// biases, are the logits of the network.
func TestFeaturesAreTheHeadsInput(t *testing.T) {
	for _, pad := range []int{0, 1} {
		net := randomNetwork(5, tiny())
		net.Topology.Head.Pad = pad
		f, err := Features(t.Context(), net, noise{3, 15}, 2, Config{})
		require.NoError(t, err)
		require.Len(t, f.values, 3*2*8)
		forward, err := float.NewForward(net)
		require.NoError(t, err)
		pass := forward.NewPass()
		head := net.Layers[len(net.Layers)-1]
		for i := range 3 {
			picture, target := make([]int8, 15*15*3), make([]float32, 3)
			require.NoError(t, noise{3, 15}.Draw(0, i, nil, picture, target))
			logits, err := pass.Run(picture)
			require.NoError(t, err)
			for variant := range 2 {
				require.Equal(t, target, f.target(2*i+variant))
				for o, want := range logits {
					require.InDelta(t, want, head.Bias[o]+dot(head.Weights[8*o:8*o+8], f.value(2*i+variant)), 1e-4)
				}
			}
		}
	}
}

// TestTrainHeadIsTheTrainer: on pictures that do not vary, Head does what the
// Trainer does with all other layers frozen.
func TestTrainHeadIsTheTrainer(t *testing.T) {
	net := randomNetwork(6, tiny())
	f, err := Features(t.Context(), net, noise{10, 15}, 1, Config{})
	require.NoError(t, err)
	cfg := Config{Epochs: 5, Batch: 3, Rate: 0.01, Decay: 0.01, Clip: 0.5}
	got, err := Head(t.Context(), net, f, cfg)
	require.NoError(t, err)
	require.NotEqual(t, net.Layers[7], got.Layers[7])

	cfg.LayerRates = []float64{0, 0, 0, 0, 0, 0, 0, 1}
	trainer, err := New(net, noise{10, 15}, cfg)
	require.NoError(t, err)
	scale := f.scale()
	trainer.weightRate, trainer.biasRate = 1/(scale*scale), 1./8
	trainer.cfg.Decay *= scale * scale
	want, err := trainer.Run(t.Context())
	require.NoError(t, err)
	for l := range net.Layers {
		require.InDeltaSlice(t, want.Layers[l].Weights, got.Layers[l].Weights, 1e-4)
		require.InDeltaSlice(t, want.Layers[l].Bias, got.Layers[l].Bias, 1e-4)
	}
}

// TestTrainHeadLearns: the other layers of a network that knows stripes are
// enough for a new head, and the number of workers does not matter.
func TestTrainHeadLearns(t *testing.T) {
	known, _ := run(t, start(t), bars{60}, Config{Seed: 1, Batch: 8, Rate: 0.03, Clip: 1})
	net, err := ReplaceHead(known, []string{"horizontal", "vertical", "diagonal"}, true, 8)
	require.NoError(t, err)
	require.Less(t, accuracy(t, net, bars{90}), 0.8)
	var trained []*float.Network
	for workers := range 3 {
		cfg := headConfig()
		cfg.Workers = workers + 1
		f, err := Features(t.Context(), net, bars{60}, 4, cfg)
		require.NoError(t, err)
		n, err := Head(t.Context(), net, f, cfg)
		require.NoError(t, err)
		require.Equal(t, net.Layers[:7], n.Layers[:7])
		trained = append(trained, n)
	}
	require.Equal(t, trained[0], trained[1])
	require.Equal(t, trained[0], trained[2])
	require.Greater(t, accuracy(t, trained[0], bars{90}), 0.9)
}

// TestRateIsRelativeToFeatures: features of ten times the magnitude lead to a tenth
// of the weights, from weights of zero.
func TestRateIsRelativeToFeatures(t *testing.T) {
	net := randomNetwork(7, tiny())
	clear(net.Layers[7].Weights)
	f, err := Features(t.Context(), net, bars{30}, 1, Config{})
	require.NoError(t, err)
	small, err := Head(t.Context(), net, f, headConfig())
	require.NoError(t, err)
	for i := range f.values {
		f.values[i] *= 10
	}
	large, err := Head(t.Context(), net, f, headConfig())
	require.NoError(t, err)
	for i, w := range small.Layers[7].Weights {
		require.InDelta(t, w, 10*large.Layers[7].Weights[i], 1e-3)
	}
	require.InDeltaSlice(t, small.Layers[7].Bias, large.Layers[7].Bias, 1e-3)
}

// TestTrainHeadReports: curve, dropout, a rate that is too high, an interruption.
func TestTrainHeadReports(t *testing.T) {
	f, err := Features(t.Context(), start(t), bars{30}, 2, Config{})
	require.NoError(t, err)
	epochs := 0
	cfg := headConfig()
	cfg.Dropout = 0.5
	cfg.EpochEnd = func(s *State) error {
		epochs++
		require.Len(t, s.Curve, epochs)
		return nil
	}
	_, err = Head(t.Context(), start(t), f, cfg)
	require.NoError(t, err)
	require.Equal(t, 40, epochs)

	cfg.EpochEnd, cfg.Rate = nil, 1e38
	n, err := Head(t.Context(), start(t), f, cfg)
	require.ErrorIs(t, err, ErrDiverged)
	require.NoError(t, n.Validate())
}

// TestHeadErrors: what cannot be trained on features.
func TestHeadErrors(t *testing.T) {
	net := start(t)
	f, err := Features(t.Context(), net, bars{9}, 1, Config{})
	require.NoError(t, err)
	other, err := ReplaceHead(net, []string{"one", "two"}, true, 1)
	require.NoError(t, err)
	_, err = Head(t.Context(), other, f, Config{})
	require.ErrorContains(t, err, "3 classes for a head of 8 and 2")

	rectified, err := ReplaceHead(net, []string{"one", "two", "three"}, false, 1)
	require.NoError(t, err)
	_, err = Features(t.Context(), rectified, bars{9}, 1, Config{})
	require.ErrorContains(t, err, "conv4 has a ReLU")
	_, err = Head(t.Context(), rectified, f, Config{})
	require.ErrorContains(t, err, "conv4 has a ReLU")

	_, err = Features(t.Context(), net, bars{0}, 1, Config{})
	require.ErrorContains(t, err, "1 variants of 0 pictures")
	_, err = Features(t.Context(), net, failing{bars{9}}, 1, Config{})
	require.ErrorIs(t, err, errBroken)
	require.InDelta(t, math.SmallestNonzeroFloat32, (&FeatureSet{pictures: 1, variants: 1, values: []float32{0}}).scale(), 1e-40)
}
