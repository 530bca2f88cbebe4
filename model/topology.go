package model

import (
	"fmt"
	"slices"
)

// Topology describes a network of the SqueezeNet family: conv1, fire modules
// with 3x3 max pools between them, a 1x1 convolution to the classes and a
// global average (arXiv:1602.07360, table 1 and figure 2). Weights and the
// preparation of pictures are not part of it.
type Topology struct {
	Name      string `json:"name"`       // "v1.0", "v1.1" or a name of the user's
	Size      int    `json:"size"`       // side of the square input, in pixels
	Conv1     Stem   `json:"conv1"`      // the first convolution, on three channels
	Fires     []Fire `json:"fires"`      // fire2, fire3, … in order
	PoolAfter []int  `json:"pool_after"` // layers followed by a pool, numbered as in the paper: 1 is conv1, 2 is fire2, …
	PoolCeil  bool   `json:"pool_ceil"`  // pools round their output size up (Caffe, torchvision), not down
	Head      Head   `json:"head"`       // the last convolution
}

// Stem is conv1: Filters square filters of side Kernel over three channels.
type Stem struct {
	Filters int `json:"filters"`
	Kernel  int `json:"kernel"`
	Stride  int `json:"stride"`
	Pad     int `json:"pad"`
}

// Fire is a fire module with the three dimensions of the paper (section 3.2):
// a squeeze layer of S1x1 filters feeds an expand layer of E1x1 filters of 1x1
// and E3x3 filters of 3x3, whose outputs are concatenated.
type Fire struct {
	S1x1   int  `json:"s1x1"`
	E1x1   int  `json:"e1x1"`
	E3x3   int  `json:"e3x3"`
	Bypass bool `json:"bypass,omitempty"` // the module's input is added to its output (section 6, simple bypass)
}

// Head is the last convolution, 1x1 with one filter per class, its ReLU and the
// average over its output.
type Head struct {
	Classes int  `json:"classes"`
	Pad     int  `json:"pad"`              // v1.0 was trained with 1
	Linear  bool `json:"linear,omitempty"` // without the ReLU, as in many fine-tuned networks
}

// All pools of the family have the same window and stride, in pixels.
const (
	PoolKernel = 3
	PoolStride = 2
)

// V10 is SqueezeNet v1.0, the network of the paper, with pools as in Caffe.
func V10() Topology {
	return Topology{
		Name:      "v1.0",
		Size:      227,
		Conv1:     Stem{Filters: 96, Kernel: 7, Stride: 2},
		Fires:     standardFires(),
		PoolAfter: []int{1, 4, 8},
		PoolCeil:  true,
		Head:      Head{Classes: 1000, Pad: 1},
	}
}

// V11 is SqueezeNet v1.1, as accurate as v1.0 at 1/2.4 of the computation
// (SqueezeNet_v1.1 in the authors' repository).
func V11() Topology {
	return Topology{
		Name:      "v1.1",
		Size:      227,
		Conv1:     Stem{Filters: 64, Kernel: 3, Stride: 2},
		Fires:     standardFires(),
		PoolAfter: []int{1, 3, 5},
		PoolCeil:  true,
		Head:      Head{Classes: 1000},
	}
}

func standardFires() []Fire {
	var fires []Fire
	for _, s := range []int{16, 32, 48, 64} {
		f := Fire{S1x1: s, E1x1: 4 * s, E3x3: 4 * s}
		fires = append(fires, f, f)
	}
	return fires
}

// WithBypass returns the topology with the paper's simple bypass around every second fire
// module: fire3, fire5, fire7 and fire9 of v1.0 and v1.1 (arXiv:1602.07360, section 6). These
// put out as many channels as they take in, as a bypass requires.
func (t Topology) WithBypass() Topology {
	t.Name += "-bypass"
	t.Fires = slices.Clone(t.Fires)
	for i := 1; i < len(t.Fires); i += 2 {
		t.Fires[i].Bypass = true
	}
	return t
}

// Bypasses returns the number of fire modules with a bypass.
func (t Topology) Bypasses() int {
	n := 0
	for _, f := range t.Fires {
		if f.Bypass {
			n++
		}
	}
	return n
}

// HeadName returns the name of the last convolution, numbered as in the paper:
// conv10 follows fire9.
func (t Topology) HeadName() string { return fmt.Sprintf("conv%d", len(t.Fires)+2) }

// fireName returns the name of a fire module, numbered as in the paper: the module
// with index 0 is fire2.
func fireName(index int) string { return fmt.Sprintf("fire%d", index+2) }

// Warnings lists what is valid but contradicts the design in the paper: squeeze
// layers that do not reduce the number of channels (section 3.1, strategy 2).
func (t Topology) Warnings() []string {
	var w []string
	for i, f := range t.Fires {
		if f.S1x1 >= f.E1x1+f.E3x3 {
			w = append(w, fmt.Sprintf("%s: s1x1 = %d is not less than e1x1+e3x3 = %d, as in the paper",
				fireName(i), f.S1x1, f.E1x1+f.E3x3))
		}
	}
	return w
}
