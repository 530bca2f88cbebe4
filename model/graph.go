package model

import (
	"errors"
	"fmt"
	"slices"
)

// Graph is the computation that a valid topology describes: steps, in the order
// in which they run, and the tensors that they read and write. Callers must not
// change it.
type Graph struct {
	Steps        []Step
	Convolutions []Step   // the steps that have parameters, by Step.Layer
	Tensors      []Tensor // the picture, then in the order in which they are written
}

// Picture is the index in Graph.Tensors of the network's input.
const Picture = 0

// None marks an absent tensor.
const None = -1

// Tensor is a square feature map, in HWC order.
type Tensor struct {
	Size     int // side in pixels
	Channels int

	// Writers are the steps that compute the tensor. The picture has none. The
	// output of a fire module has two: each expand layer writes its own range of
	// channels. All other tensors have one.
	Writers []Step
	Readers []Step
	Adds    int // the tensor that a bypass adds to what the writers computed, or None
}

// Kind is the kind of a Step.
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

// Step is a convolution or a pool of a network. Sizes are the sides of square
// maps in pixels, without padding.
type Step struct {
	Kind    Kind
	Name    string // Caffe's: conv1, pool1, fire2/squeeze1x1, …, conv10
	Layer   int    // index in Graph.Convolutions and Network.Layers; -1 for a pool
	Fire    int    // index in Topology.Fires; -1 outside fire modules
	Input   int    // index in Graph.Tensors
	Output  int    // index in Graph.Tensors
	Channel int    // the first channel that it writes
	In, Out int    // channels
	Kernel  int
	Stride  int
	Pad     int
	InSize  int
	OutSize int
	Linear  bool // a convolution whose output passes no ReLU
}

// Weights returns the number of weights without biases, 0 for a pool.
func (s Step) Weights() int {
	if s.Kind == Pool {
		return 0
	}
	return s.Out * s.Kernel * s.Kernel * s.In
}

// MACs returns the number of multiply-accumulates per frame.
func (s Step) MACs() int64 { return int64(s.Weights()) * int64(s.OutSize) * int64(s.OutSize) }

// Head returns the last convolution, whose output is averaged to the logits.
func (g *Graph) Head() Step { return g.Convolutions[len(g.Convolutions)-1] }

// These limits keep sizes in bytes far from overflow. What exceeds them is a
// mistake or an attack, not a network for a small board.
const (
	maxChannels = 1 << 14
	maxSize     = 1 << 11
	maxFires    = 64
	maxMap      = 1 << 26 // elements of a tensor
	maxWeights  = 1 << 26 // weights of a layer

	maxMACs int64 = 1 << 36 // of a frame: half a minute on a slow board
)

// Graph validates the topology. An error names the layer that is wrong.
func (t Topology) Graph() (*Graph, error) {
	if err := t.check(); err != nil {
		return nil, err
	}
	b := builder{graph: &Graph{Tensors: []Tensor{{Size: t.Size, Channels: 3, Adds: None}}}, poolCeil: t.PoolCeil}
	c := t.Conv1
	last := b.add(Picture, Step{Kind: Conv1, Name: "conv1", Fire: -1, Out: c.Filters, Kernel: c.Kernel, Stride: c.Stride, Pad: c.Pad})
	if slices.Contains(t.PoolAfter, 1) {
		last = b.pool(1, last)
	}
	for i, f := range t.Fires {
		last = b.fire(i, f, last)
		if slices.Contains(t.PoolAfter, i+2) {
			last = b.pool(i+2, last)
		}
	}
	b.add(last, Step{Kind: Conv10, Name: t.HeadName(), Fire: -1, Out: t.Head.Classes, Kernel: 1, Stride: 1, Pad: t.Head.Pad, Linear: t.Head.Linear})
	if b.err != nil {
		return nil, b.err
	}
	return b.graph, nil
}

// GraphFor is Graph for a network with the given input rule and labels, int8 or
// float32: it also checks that they fit the topology. Labels may be missing.
func (t Topology) GraphFor(in Input, labels []string) (*Graph, error) {
	g, err := t.Graph()
	if err != nil {
		return nil, err
	}
	if err := in.Validate(); err != nil {
		return nil, err
	}
	if in.Size != t.Size {
		return nil, fmt.Errorf("input side %d, but the topology's is %d", in.Size, t.Size)
	}
	if len(labels) != 0 && len(labels) != t.Head.Classes {
		return nil, fmt.Errorf("%d labels for %d classes", len(labels), t.Head.Classes)
	}
	return g, nil
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
			return fmt.Errorf("topology: pool_after %v must be ascending, from 1 (conv1) to at most %d (the last fire module)",
				t.PoolAfter, len(t.Fires)+1)
		}
		last = p
	}
	return nil
}

// builder builds a graph step by step, up to the first error.
type builder struct {
	graph    *Graph
	poolCeil bool
	macs     int64
	err      error
}

func (b *builder) fail(name, format string, args ...any) {
	if b.err == nil {
		b.err = fmt.Errorf("topology: %s: %w", name, fmt.Errorf(format, args...))
	}
}

func (b *builder) fire(index int, f Fire, in int) int {
	name, channels := fireName(index), b.graph.Tensors[in].Channels
	if f.Bypass && channels != f.E1x1+f.E3x3 {
		b.fail(name, "a bypass needs as many channels in (%d) as out (%d+%d)", channels, f.E1x1, f.E3x3)
	}
	squeezed := b.add(in, Step{Kind: Squeeze, Name: name + "/squeeze1x1", Fire: index, Out: f.S1x1, Kernel: 1, Stride: 1})
	out := b.add(squeezed,
		Step{Kind: Expand1x1, Name: name + "/expand1x1", Fire: index, Out: f.E1x1, Kernel: 1, Stride: 1},
		Step{Kind: Expand3x3, Name: name + "/expand3x3", Fire: index, Out: f.E3x3, Kernel: 3, Stride: 1, Pad: 1})
	if f.Bypass {
		b.graph.Tensors[out].Adds = in
	}
	return out
}

func (b *builder) pool(number, in int) int {
	return b.add(in, Step{Kind: Pool, Name: fmt.Sprintf("pool%d", number), Fire: -1,
		Out: b.graph.Tensors[in].Channels, Kernel: PoolKernel, Stride: PoolStride})
}

// add adds steps that read one tensor and write another, each its part of the
// channels. It returns the index of the new tensor.
func (b *builder) add(in int, steps ...Step) int {
	from, index := &b.graph.Tensors[in], len(b.graph.Tensors)
	out := Tensor{Adds: None}
	for _, s := range steps {
		s.Input, s.Output, s.Channel = in, index, out.Channels
		s.In, s.InSize = from.Channels, from.Size
		if b.check(&s); b.err != nil {
			return in
		}
		s.Layer = -1
		if s.Kind != Pool {
			s.Layer = len(b.graph.Convolutions)
			b.graph.Convolutions = append(b.graph.Convolutions, s)
		}
		out.Size, out.Channels = s.OutSize, out.Channels+s.Out
		out.Writers = append(out.Writers, s)
	}
	from.Readers = append(from.Readers, out.Writers...)
	b.graph.Steps = append(b.graph.Steps, out.Writers...)
	b.graph.Tensors = append(b.graph.Tensors, out)
	return index
}

var errFilters = errors.New("needs at least one filter")

// check validates a step and sets its output size.
func (b *builder) check(s *Step) {
	switch {
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
		if s.Kind == Pool && b.poolCeil {
			round = s.Stride - 1
		}
		s.OutSize = (s.InSize+2*s.Pad-s.Kernel+round)/s.Stride + 1
		b.checkCost(s)
	}
}

// checkCost enforces the limits on memory and computation.
func (b *builder) checkCost(s *Step) {
	if int64(s.OutSize)*int64(s.OutSize)*int64(s.Out) > maxMap {
		b.fail(s.Name, "its output of %dx%dx%d is too large", s.OutSize, s.OutSize, s.Out)
	}
	if s.Kind == Pool {
		return
	}
	weights := int64(s.Out) * int64(s.Kernel*s.Kernel) * int64(s.In)
	b.macs += weights * int64(s.OutSize) * int64(s.OutSize)
	switch {
	case weights > maxWeights:
		b.fail(s.Name, "%d weights, at most %d are supported", weights, maxWeights)
	case b.macs > maxMACs:
		b.fail(s.Name, "more than %d multiply-accumulates per frame up to this layer", maxMACs)
	}
}
