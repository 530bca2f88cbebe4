package train

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"halfmeg/internal/testnet"
	"halfmeg/model"
	"halfmeg/quant/float"
)

// tiny is a topology that trains in milliseconds.
func tiny() model.Topology {
	return model.Topology{
		Size:      15,
		Conv1:     model.Stem{Filters: 6, Kernel: 3, Stride: 2, Pad: 1},
		Fires:     []model.Fire{{S1x1: 3, E1x1: 4, E3x3: 4}, {S1x1: 3, E1x1: 4, E3x3: 4, Bypass: true}},
		PoolAfter: []int{1},
		Head:      model.Head{Classes: 3, Linear: true},
	}
}

// bars is a Source of noisy stripes: horizontal, vertical or diagonal.
type bars struct{ count int }

func (s bars) Len() int { return s.count }

func (s bars) Draw(_, i int, random *rand.Rand, dst []int8, target []float32) error {
	const size = 15
	target[i%3] = 1
	phase := random.IntN(6)
	for p := range size * size {
		at := [3]int{p / size, p % size, p/size + p%size}[i%3]
		v := 60 - 120*((at+phase)/3%2) + random.IntN(80) - 40
		dst[3*p], dst[3*p+1], dst[3*p+2] = int8(v), int8(v), int8(v)
	}
	return nil
}

func start(t *testing.T) *float.Network {
	t.Helper()
	n, err := Initialize(tiny(), testnet.Input(tiny()), nil, He, 1)
	require.NoError(t, err)
	return n
}

func run(t *testing.T, net *float.Network, src Source, cfg Config) (*float.Network, *Trainer) {
	t.Helper()
	trainer, err := New(net, src, cfg)
	require.NoError(t, err)
	n, err := trainer.Run(t.Context())
	require.NoError(t, err)
	return n, trainer
}

// accuracy classifies pictures that the training has not seen.
func accuracy(t *testing.T, n *float.Network, src Source) float64 {
	t.Helper()
	f, err := float.NewForward(n)
	require.NoError(t, err)
	p, correct := f.NewPass(), 0
	picture := make([]int8, 3*n.Input.Size*n.Input.Size)
	for i := range src.Len() {
		target := make([]float32, n.Topology.Head.Classes)
		require.NoError(t, src.Draw(0, i, rand.New(rand.NewPCG(uint64(i), 999)), picture, target))
		logits, err := p.Run(picture)
		require.NoError(t, err)
		if largest(logits) == largest(target) {
			correct++
		}
	}
	return float64(correct) / float64(src.Len())
}

// TestTrainingLearns: from scratch, with every option, and the network at the
// start stays as it is.
func TestTrainingLearns(t *testing.T) {
	net := start(t)
	before := clone(net.Layers)
	cfg := Config{
		Seed: 1, Epochs: 40, Batch: 8, Rate: 0.03, Schedule: WarmupCosine(10), Dropout: 0.2,
		LabelSmoothing: 0.05, Clip: 1, ClassWeights: []float32{1, 1.1, 0.9}, Average: 3,
	}
	n, trainer := run(t, net, bars{60}, cfg)
	require.Greater(t, accuracy(t, n, bars{90}), 0.95)
	require.Equal(t, before, net.Layers)
	curve := trainer.State().Curve
	require.Len(t, curve, 40)
	require.Less(t, curve[39].Loss, 0.5*curve[0].Loss)
	require.Greater(t, curve[39].Accuracy, 0.9)
}

// TestSameBitsForAnyWorkers: the number of workers does not matter, the seed does.
func TestSameBitsForAnyWorkers(t *testing.T) {
	cfg := Config{Workers: 1, Seed: 7, Epochs: 3, Batch: 10, Dropout: 0.5, Clip: 0.5, Average: 2}
	one, first := run(t, start(t), bars{33}, cfg)
	for _, cfg.Workers = range []int{2, 3, 16} {
		other, trainer := run(t, start(t), bars{33}, cfg)
		require.Equal(t, one.Layers, other.Layers, "%d workers", cfg.Workers)
		require.Equal(t, first.State().Curve, trainer.State().Curve)
	}
	cfg.Seed++
	other, _ := run(t, start(t), bars{33}, cfg)
	require.NotEqual(t, one.Layers, other.Layers)
}

// TestProgress: after each batch, whose sizes differ by one at most.
func TestProgress(t *testing.T) {
	var got []Progress
	cfg := Config{Epochs: 2, Batch: 10, Rate: 0.1, Progress: func(p Progress) { got = append(got, p) }}
	_, trainer := run(t, start(t), bars{26}, cfg)
	require.Len(t, got, 6) // 26 pictures are three batches
	pictures := []int{8, 17, 26, 34, 43, 52}
	for i, p := range got {
		require.Equal(t, i/3+1, p.Epoch)
		require.Equal(t, 2, p.Epochs)
		require.Equal(t, i%3+1, p.Batch)
		require.Equal(t, 3, p.Batches)
		require.Equal(t, pictures[i], p.Pictures)
		require.InDelta(t, 0.1*(1-float64(i)/6), p.Rate, 1e-9)
	}
	require.Equal(t, Epoch{got[5].Loss, got[5].Accuracy, got[5].Rate}, trainer.State().Curve[1])
	require.Len(t, trainer.State().Curve, 2)
}

// TestFrozenLayersKeepTheirBits: and slower ones move less.
func TestFrozenLayersKeepTheirBits(t *testing.T) {
	net := start(t)
	cfg := Config{Epochs: 1, Batch: 12, LayerRates: []float64{0, 0, 0, 0, 1, 0, 0.5, 1}}
	n, _ := run(t, net, bars{12}, cfg)
	for l, rate := range cfg.LayerRates {
		if rate == 0 {
			require.Equal(t, net.Layers[l], n.Layers[l], "layer %d", l)
		} else {
			require.NotEqual(t, net.Layers[l], n.Layers[l], "layer %d", l)
		}
	}
	cfg.LayerRates[6] = 1
	twice, _ := run(t, net, bars{12}, cfg) // one batch
	for i, w := range net.Layers[6].Weights {
		require.InDelta(t, 2*(n.Layers[6].Weights[i]-w), twice.Layers[6].Weights[i]-w, 1e-6)
	}
}

// TestClipLimitsTheNorm: one step without momentum and decay moves the parameters by
// rate*clip, or by less if the gradient is shorter.
func TestClipLimitsTheNorm(t *testing.T) {
	net := start(t)
	moved := func(clip float64) float64 {
		n, _ := run(t, net, bars{12}, Config{Epochs: 1, Batch: 12, Rate: 1, Momentum: -1, Decay: -1, Clip: clip})
		sum := 0.0
		for l := range n.Layers {
			for i, w := range n.Layers[l].Weights {
				sum += math.Pow(float64(w-net.Layers[l].Weights[i]), 2)
			}
			for i, b := range n.Layers[l].Bias {
				sum += math.Pow(float64(b-net.Layers[l].Bias[i]), 2)
			}
		}
		return math.Sqrt(sum)
	}
	free := moved(0)
	require.Greater(t, free, 0.1)
	require.InDelta(t, 0.03, moved(0.03), 1e-4)
	require.Equal(t, free, moved(2*free))
}

// TestDecayHasNoBiases: of parameters without a gradient, weights shrink and
// biases stay.
func TestDecayHasNoBiases(t *testing.T) {
	net := start(t)
	for _, l := range net.Layers {
		for o := range l.Bias {
			l.Bias[o] = 0.5
		}
	}
	cfg := Config{Epochs: 1, Batch: 12, Rate: 1, Momentum: -1, Decay: 0.1, ClassWeights: make([]float32, 3)}
	n, _ := run(t, net, bars{12}, cfg)
	for l := range n.Layers {
		require.Equal(t, net.Layers[l].Bias, n.Layers[l].Bias)
		for i, w := range net.Layers[l].Weights {
			require.InDelta(t, 0.9*w, n.Layers[l].Weights[i], 1e-6)
		}
	}
}

// TestAverage: the result is the mean of the weights after each batch of the last
// epochs.
func TestAverage(t *testing.T) {
	cfg := Config{Epochs: 4, Batch: 6, Rate: 0.05, Average: 2}
	trainer, err := New(start(t), bars{12}, cfg)
	require.NoError(t, err)
	var sum [2]float64 // of one weight and one bias
	trainer.cfg.Progress = func(p Progress) {
		if p.Epoch > 2 {
			sum[0] += float64(trainer.state.layers[2].Weights[5]) / 4
			sum[1] += float64(trainer.state.layers[7].Bias[1]) / 4
		}
	}
	n, err := trainer.Run(t.Context())
	require.NoError(t, err)
	require.InDelta(t, sum[0], n.Layers[2].Weights[5], 1e-7)
	require.InDelta(t, sum[1], n.Layers[7].Bias[1], 1e-7)
	require.NotEqual(t, trainer.state.layers, n.Layers)
}

// TestDropoutOnlyWhileTraining: the result computes without.
func TestDropoutOnlyWhileTraining(t *testing.T) {
	var losses []float64
	for _, rate := range []float64{0, 0.9} {
		cfg := Config{Epochs: 1, Batch: 12, Rate: 1e-12, Decay: -1, Dropout: rate}
		net := start(t)
		n, trainer := run(t, net, bars{12}, cfg)
		require.InDelta(t, accuracy(t, net, bars{30}), accuracy(t, n, bars{30}), 1e-9)
		losses = append(losses, trainer.State().Curve[0].Loss)
	}
	require.NotEqual(t, losses[0], losses[1])
}

// TestCanceledRunContinues: Run returns the network so far, and a later one ends with
// the bits of a run without a break.
func TestCanceledRunContinues(t *testing.T) {
	cfg := Config{Epochs: 3, Batch: 5, Rate: 0.05, Dropout: 0.3, Average: 1}
	want, _ := run(t, start(t), bars{20}, cfg)
	trainer, err := New(start(t), bars{20}, cfg)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	batches := 0
	trainer.cfg.Progress = func(Progress) {
		if batches++; batches == 6 {
			cancel()
		}
	}
	n, err := trainer.Run(ctx)
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, 6, batches)
	require.Equal(t, trainer.state.layers, n.Layers)
	n, err = trainer.Run(t.Context())
	require.NoError(t, err)
	require.Equal(t, 12, batches)
	require.Equal(t, want.Layers, n.Layers)
}

// diverge runs until the training diverges.
func diverge(t *testing.T, net *float.Network, cfg Config) (*float.Network, *Trainer, error) {
	t.Helper()
	trainer, err := New(net, bars{30}, cfg)
	require.NoError(t, err)
	n, err := trainer.Run(t.Context())
	require.ErrorIs(t, err, ErrDiverged)
	return n, trainer, err
}

// TestDivergedRunKeepsTheBest: the rate becomes too high after two epochs. The second has the
// lowest loss.
func TestDivergedRunKeepsTheBest(t *testing.T) {
	var best []float.Layer
	cfg := Config{Epochs: 6, Batch: 6, Rate: 0.02, EpochEnd: func(s *State) error {
		if s.Epoch == 1 {
			best = s.Network().Layers
		}
		return nil
	}}
	cfg.Schedule = func(round, _ int) float64 {
		if round >= 2*5 {
			return 1e30
		}
		return 1
	}
	n, _, err := diverge(t, start(t), cfg)
	require.ErrorContains(t, err, "epoch 3, batch ")
	require.ErrorContains(t, err, "the learning rate of 0.02 is too high; try 0.002")
	require.Equal(t, best, n.Layers)
	require.NoError(t, n.Validate())
}

// TestDivergedInFirstEpoch: the result is the network of the start.
func TestDivergedInFirstEpoch(t *testing.T) {
	net := start(t)
	n, _, _ := diverge(t, net, Config{Batch: 6, Rate: 1e35})
	require.Equal(t, net.Layers, n.Layers)
}

// TestDivergedWithOneBatch: the loss of the first epoch is that of the start, but its only
// step leads to weights of no use.
func TestDivergedWithOneBatch(t *testing.T) {
	net := start(t)
	n, trainer, _ := diverge(t, net, Config{Batch: 30, Rate: 1e30})
	require.Equal(t, 1, trainer.state.Epoch)
	require.Equal(t, net.Layers, n.Layers)
}

// TestDivergedAfterBadEpoch: the first epoch ends with a higher loss than that of the
// start, which is the result.
func TestDivergedAfterBadEpoch(t *testing.T) {
	net := start(t)
	cfg := Config{Epochs: 6, Batch: 6, Rate: 4, Schedule: func(round, _ int) float64 {
		if round >= 5 {
			return 1e30
		}
		return 1
	}}
	var first float64
	cfg.Progress = func(p Progress) {
		if p.Epoch == 1 && p.Batch == 1 {
			first = p.Loss
		}
	}
	n, trainer, _ := diverge(t, net, cfg)
	require.Len(t, trainer.state.Curve, 1)
	require.Greater(t, trainer.state.Curve[0].Loss, first)
	require.Equal(t, net.Layers, n.Layers)
}

// TestDivergesWithFiniteLoss: numbers that no float32 overflows.
func TestDivergesWithFiniteLoss(t *testing.T) {
	net := start(t)
	n, _, err := diverge(t, net, Config{Batch: 6, Rate: 30})
	require.NotContains(t, err.Error(), "Inf")
	require.NotContains(t, err.Error(), "NaN")
	require.Equal(t, net.Layers, n.Layers)
}

// failing is a Source with one broken picture.
type failing struct{ bars }

var errBroken = errors.New("broken")

func (s failing) Draw(worker, i int, random *rand.Rand, dst []int8, target []float32) error {
	if i == 7 {
		return errBroken
	}
	return s.bars.Draw(worker, i, random, dst, target)
}

// TestErrorsOfTheCaller: of the source and of EpochEnd.
func TestErrorsOfTheCaller(t *testing.T) {
	trainer, err := New(start(t), failing{bars{30}}, Config{})
	require.NoError(t, err)
	_, err = trainer.Run(t.Context())
	require.ErrorIs(t, err, errBroken)
	require.ErrorContains(t, err, "picture 7")

	trainer, err = New(start(t), bars{30}, Config{Epochs: 4, EpochEnd: func(s *State) error {
		if s.Epoch == 2 {
			return errBroken
		}
		return nil
	}})
	require.NoError(t, err)
	_, err = trainer.Run(t.Context())
	require.ErrorIs(t, err, errBroken)
	require.Equal(t, 2, trainer.State().Epoch)
}

// TestInvalidConfigurations: each is rejected with its reason.
func TestInvalidConfigurations(t *testing.T) {
	nan := math.NaN()
	for reason, cfg := range map[string]Config{
		"-1 epochs":                    {Epochs: -1},
		"batches of -2":                {Batch: -2},
		"an average over 5 epochs":     {Epochs: 4, Average: 5},
		"a learning rate of -1":        {Rate: -1},
		"a learning rate of NaN":       {Rate: nan},
		"a momentum of 1":              {Momentum: 1},
		"a weight decay of 2":          {Decay: 2},
		"dropout of 1":                 {Dropout: 1},
		"label smoothing of NaN":       {LabelSmoothing: nan},
		"a gradient clipped at -1":     {Clip: -1},
		"2 class weights":              {ClassWeights: []float32{1, 1}},
		"the weight of class 1 is NaN": {ClassWeights: []float32{1, float32(nan), 1}},
		"1 layer rates for 8 layers":   {LayerRates: []float64{1}},
		"fire2/squeeze1x1":             {LayerRates: []float64{1, -1, 1, 1, 1, 1, 1, 1}},
		"no layer has a learning rate": {LayerRates: make([]float64, 8)},
	} {
		_, err := New(start(t), bars{9}, cfg)
		require.ErrorContains(t, err, reason)
	}
	_, err := New(start(t), bars{0}, Config{})
	require.ErrorContains(t, err, "no pictures")
	net := start(t)
	net.Layers = net.Layers[1:]
	_, err = New(net, bars{9}, Config{})
	require.Error(t, err)
}

// TestFewPictures: fewer than a batch, or one.
func TestFewPictures(t *testing.T) {
	for _, count := range []int{1, 2, 5} {
		_, trainer := run(t, start(t), bars{count}, Config{Epochs: 2, Workers: 3})
		require.Len(t, trainer.State().Curve, 2)
	}
}
