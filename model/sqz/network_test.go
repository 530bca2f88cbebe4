package sqz_test

import (
	"math"
	"math/rand/v2"
	"strings"

	"halfmeg/model"
)

// network returns a valid network with pseudorandom values; draw draws a
// weight.
func network(t model.Topology, seed uint64, draw func(*rand.Rand) int8) *model.Network {
	rng := rand.New(rand.NewPCG(seed, 0))
	g, err := t.Graph()
	if err != nil {
		panic(err)
	}
	n := &model.Network{Topology: t, Input: model.TorchvisionInput()}
	n.Input.Size, n.Input.Resize = t.Size, t.Size+29
	n.Source = model.Source{
		Weights: "squeezenet.onnx", SHA256: strings.Repeat("0123456789abcdef", 4), Format: "onnx",
		Calibration: "1000 pictures", Tool: "halfmeg quantize 1.0",
	}
	for _, s := range g.Convolutions {
		l := model.Layer{Scale: float32(math.Exp(rng.NormFloat64()))}
		switch s.Kind {
		case model.Expand3x3:
			l.Scale = n.Layers[s.Layer-1].Scale
		case model.Conv10:
			l.Scale = 1
		}
		for range s.Weights() {
			l.Weights = append(l.Weights, draw(rng))
		}
		for range s.Out {
			l.Bias = append(l.Bias, int32(rng.NormFloat64()*5000))
			l.Multiplier = append(l.Multiplier, float32(0.001*math.Exp(0.5*rng.NormFloat64())))
		}
		n.Layers = append(n.Layers, l)
	}
	return n
}

// uniform draws from a uniform distribution.
func uniform(rng *rand.Rand) int8 { return int8(rng.IntN(255) - 127) }

// laplacian draws from a rounded Laplacian distribution with a mean magnitude.
func laplacian(mean float64) func(*rand.Rand) int8 {
	return func(rng *rand.Rand) int8 {
		w := math.Round(rng.ExpFloat64() * mean)
		if rng.IntN(2) == 0 {
			w = -w
		}
		return int8(max(-127, min(127, w)))
	}
}

// tiny returns a topology with a few hundred weights and every kind of step.
func tiny() model.Topology {
	return model.Topology{
		Name: "tiny", Size: 21, Conv1: model.Stem{Filters: 4, Kernel: 3, Stride: 2},
		Fires:     []model.Fire{{S1x1: 2, E1x1: 2, E3x3: 3}, {S1x1: 2, E1x1: 3, E3x3: 2, Bypass: true}},
		PoolAfter: []int{1}, PoolCeil: true,
		Head: model.Head{Classes: 3, Pad: 1},
	}
}
