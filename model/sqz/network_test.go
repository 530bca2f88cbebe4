package sqz_test

import (
	"math/rand/v2"
	"strings"

	"halfmeg/internal/testnet"
	"halfmeg/model"
)

// network returns a valid network with pseudorandom values; draw draws a
// weight.
func network(t model.Topology, seed uint64, draw func(*rand.Rand) int8) *model.Network {
	n := testnet.Network(rand.New(rand.NewPCG(seed, 0)), t, draw)
	n.Source = model.Source{
		Weights: "squeezenet.onnx", SHA256: strings.Repeat("0123456789abcdef", 4), Format: "onnx",
		Calibration: "1000 pictures", Tool: "halfmeg quantize 1.0",
	}
	return n
}

var (
	uniform   = testnet.Uniform
	laplacian = testnet.Laplacian
)

// tiny returns a topology with a few hundred weights and every kind of step.
func tiny() model.Topology {
	return model.Topology{
		Name: "tiny", Size: 21, Conv1: model.Stem{Filters: 4, Kernel: 3, Stride: 2},
		Fires:     []model.Fire{{S1x1: 2, E1x1: 2, E3x3: 3}, {S1x1: 2, E1x1: 3, E3x3: 2, Bypass: true}},
		PoolAfter: []int{1}, PoolCeil: true,
		Head: model.Head{Classes: 3, Pad: 1},
	}
}
