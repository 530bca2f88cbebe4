package model

import (
	"errors"
	"fmt"
)

// Topology describes a SqueezeNet-like network by data: conv1, then fire
// modules with 3x3 max-pools between them, then a 1x1 convolution to the
// classes and a global average (arXiv:1602.07360, table 1 and figure 2).
// It says nothing of weights or of how a picture is prepared.
type Topology struct {
	Name      string `json:"name"`       // "v1.0", "v1.1" or the user's own
	Size      int    `json:"size"`       // side of the square input, in pixels
	Conv1     Stem   `json:"conv1"`      // the first convolution, on three channels
	Fires     []Fire `json:"fires"`      // fire2, fire3, … in order
	PoolAfter []int  `json:"pool_after"` // layers that a pool follows, by the paper's number: 1 is conv1, 2 is fire2, …
	PoolCeil  bool   `json:"pool_ceil"`  // pools round their output up (Caffe, torchvision), not down
	Head      Head   `json:"head"`       // the last convolution
}

// Stem is conv1: Filters square filters of side Kernel over three channels.
type Stem struct {
	Filters int `json:"filters"`
	Kernel  int `json:"kernel"`
	Stride  int `json:"stride"`
	Pad     int `json:"pad"`
}

// Fire is a fire module in the paper's three dimensions (section 3.2): a
// squeeze layer of S1x1 filters feeds E1x1 filters of 1x1 and E3x3 filters
// of 3x3, whose outputs stand side by side.
type Fire struct {
	S1x1   int  `json:"s1x1"`
	E1x1   int  `json:"e1x1"`
	E3x3   int  `json:"e3x3"`
	Bypass bool `json:"bypass,omitempty"` // the module's input is added to its output (section 6, simple bypass)
}

// Head is the last convolution, 1x1, one filter a class, averaged over the map.
type Head struct {
	Classes int `json:"classes"`
	Pad     int `json:"pad"` // v1.0 was trained with 1
}

// PoolKernel and PoolStride are the same for every pool of the family.
const (
	PoolKernel = 3
	PoolStride = 2
)

// V10 is SqueezeNet v1.0, the paper's network, with Caffe's pooling.
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

// V11 is SqueezeNet v1.1: as accurate as v1.0 with 2.4 times less arithmetic.
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

// Kind tells what a Step of the network does.
type Kind uint8

// The kinds of step.
const (
	Conv1 Kind = iota
	Pool
	Squeeze
	Expand1x1
	Expand3x3
	Conv10
)

// Step is one stage of the network with its shapes worked out. Maps are
// square; sizes are sides in pixels without any border.
type Step struct {
	Kind    Kind
	Name    string // Caffe's: conv1, pool1, fire2/squeeze1x1, …, conv10
	Layer   int    // index among the convolutions, as in Network.Layers; -1 for a pool
	Fire    int    // index into Topology.Fires; -1 outside fire modules
	In, Out int    // channels
	Kernel  int
	Stride  int
	Pad     int
	InSize  int
	OutSize int
}

// Weights is the number of weights of a convolution, biases left out.
func (s Step) Weights() int {
	if s.Kind == Pool {
		return 0
	}
	return s.Out * s.Kernel * s.Kernel * s.In
}

// MACs is the number of multiply-accumulates a frame costs in this step.
func (s Step) MACs() int { return s.Weights() * s.OutSize * s.OutSize }

// These limits keep sizes in bytes far from overflow: what is beyond them is a mistake or an attack, not a network for a small board.
const (
	maxChannels = 1 << 14
	maxSize     = 1 << 11
	maxFires    = 64
	maxMap      = 1 << 26 // elements of a feature map
	maxWeights  = 1 << 26 // weights of a layer
	maxMACs     = 1 << 36 // multiply-accumulates of a frame, half a minute on a slow board
)

// Steps works the network out: every step in order with its shapes, or an
// error that names the layer which cannot be. The two expands of a fire
// module follow each other and read the same input.
func (t Topology) Steps() ([]Step, error) {
	if err := t.check(); err != nil {
		return nil, err
	}
	b := builder{t: t, channels: 3, size: t.Size}
	c := t.Conv1
	b.conv(Step{Kind: Conv1, Name: "conv1", Fire: -1, Out: c.Filters, Kernel: c.Kernel, Stride: c.Stride, Pad: c.Pad})
	b.poolAfter(1)
	for i, f := range t.Fires {
		b.fire(i, f)
		b.poolAfter(i + 2)
	}
	b.conv(Step{Kind: Conv10, Name: t.HeadName(), Fire: -1, Out: t.Head.Classes, Kernel: 1, Stride: 1, Pad: t.Head.Pad})
	return b.steps, b.err
}

// HeadName is the last convolution's name by the paper's count: conv10 after fire9.
func (t Topology) HeadName() string { return fmt.Sprintf("conv%d", len(t.Fires)+2) }

// FireName is the name of the fire module with the given index: fire2 is the first.
func FireName(index int) string { return fmt.Sprintf("fire%d", index+2) }

// Validate tells whether the description makes a network.
func (t Topology) Validate() error {
	_, err := t.Steps()
	return err
}

// Warnings lists what is allowed yet against the paper's design: a squeeze
// layer that does not squeeze (strategy 2, section 3.1).
func (t Topology) Warnings() []string {
	var w []string
	for i, f := range t.Fires {
		if f.S1x1 >= f.E1x1+f.E3x3 {
			w = append(w, fmt.Sprintf("%s: s1x1 = %d does not squeeze e1x1+e3x3 = %d (the paper keeps it smaller)",
				FireName(i), f.S1x1, f.E1x1+f.E3x3))
		}
	}
	return w
}

func (t Topology) check() error {
	if t.Size < 1 || t.Size > maxSize {
		return fmt.Errorf("topology: input side %d is not in 1…%d", t.Size, maxSize)
	}
	if len(t.Fires) > maxFires {
		return fmt.Errorf("topology: %d fire modules, at most %d are supported", len(t.Fires), maxFires)
	}
	last := 0
	for _, p := range t.PoolAfter {
		if p <= last || p > len(t.Fires)+1 {
			return fmt.Errorf("topology: pool_after %v must rise from 1 (conv1) to at most %d (the last fire module)",
				t.PoolAfter, len(t.Fires)+1)
		}
		last = p
	}
	return nil
}

// builder walks the network and keeps what flows: channels and map side.
type builder struct {
	t        Topology
	steps    []Step
	layers   int
	channels int
	size     int
	macs     int64
	err      error
}

func (b *builder) fail(name, format string, args ...any) {
	if b.err == nil {
		b.err = fmt.Errorf("topology: %s: %w", name, fmt.Errorf(format, args...))
	}
}

var errFilters = errors.New("needs at least one filter")

// add fills in what the walk knows, checks the step and appends it.
func (b *builder) add(s Step) Step {
	s.In, s.InSize = b.channels, b.size
	switch {
	case b.err != nil:
		return s
	case s.Out < 1:
		b.fail(s.Name, "%w, not %d", errFilters, s.Out)
	case s.Out > maxChannels:
		b.fail(s.Name, "%d filters, at most %d are supported", s.Out, maxChannels)
	case s.Kernel < 1 || s.Kernel > 15 || s.Stride < 1 || s.Stride > s.Kernel:
		b.fail(s.Name, "kernel %d with stride %d is not supported", s.Kernel, s.Stride)
	case s.Pad < 0 || s.Pad > s.Kernel:
		b.fail(s.Name, "pad %d is not supported", s.Pad)
	case s.InSize+2*s.Pad < s.Kernel:
		b.fail(s.Name, "its %dx%d input is smaller than its %dx%d window", s.InSize, s.InSize, s.Kernel, s.Kernel)
	default:
		round := 0
		if s.Kind == Pool && b.t.PoolCeil {
			round = s.Stride - 1
		}
		s.OutSize = (s.InSize+2*s.Pad-s.Kernel+round)/s.Stride + 1
		if int64(s.OutSize)*int64(s.OutSize)*int64(s.Out) > maxMap {
			b.fail(s.Name, "its output of %dx%dx%d is larger than any board can hold", s.OutSize, s.OutSize, s.Out)
		}
		b.count(s)
		b.steps = append(b.steps, s)
	}
	return s
}

// count keeps the weights of a layer and the arithmetic of a frame in bounds.
func (b *builder) count(s Step) {
	if s.Kind == Pool {
		return
	}
	weights := int64(s.Out) * int64(s.Kernel*s.Kernel) * int64(s.In)
	b.macs += weights * int64(s.OutSize) * int64(s.OutSize)
	switch {
	case weights > maxWeights:
		b.fail(s.Name, "%d weights, at most %d are supported", weights, maxWeights)
	case b.macs > maxMACs:
		b.fail(s.Name, "a frame takes more than %d multiply-accumulates up to here", maxMACs)
	}
}

func (b *builder) conv(s Step) {
	s.Layer = b.layers
	b.layers++
	s = b.add(s)
	b.channels, b.size = s.Out, s.OutSize
}

func (b *builder) poolAfter(number int) {
	for _, p := range b.t.PoolAfter {
		if p != number {
			continue
		}
		s := b.add(Step{Kind: Pool, Name: fmt.Sprintf("pool%d", number), Layer: -1, Fire: -1,
			Out: b.channels, Kernel: PoolKernel, Stride: PoolStride})
		b.size = s.OutSize
	}
}

func (b *builder) fire(index int, f Fire) {
	name, in := FireName(index), b.channels
	if f.Bypass && in != f.E1x1+f.E3x3 {
		b.fail(name, "a bypass needs as many channels in (%d) as out (%d+%d)", in, f.E1x1, f.E3x3)
	}
	b.conv(Step{Kind: Squeeze, Name: name + "/squeeze1x1", Fire: index, Out: f.S1x1, Kernel: 1, Stride: 1})
	b.conv(Step{Kind: Expand1x1, Name: name + "/expand1x1", Fire: index, Out: f.E1x1, Kernel: 1, Stride: 1})
	b.channels = f.S1x1
	b.conv(Step{Kind: Expand3x3, Name: name + "/expand3x3", Fire: index, Out: f.E3x3, Kernel: 3, Stride: 1, Pad: 1})
	b.channels = f.E1x1 + f.E3x3
}
