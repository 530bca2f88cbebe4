package model

import (
	"context"

	"halfmeg/internal/parallel"
	"halfmeg/kernels"
)

// planner turns the graph of a network into operations on buffers. A buffer
// has its place in the arena only once all operations are known.
type planner struct {
	net        *Network
	scales     []float32       // by tensor
	packed     []*kernels.Conv // by layer
	tensors    []*buffer       // by tensor; nil for the output of the head
	buffers    []*buffer
	operations []operation
	logits     []float32
}

// newPlanner packs the weights with the given number of threads, which takes longer than
// all the rest.
func newPlanner(n *Network, g *Graph, threads int) *planner {
	p := &planner{net: n, scales: n.Scales(g), packed: make([]*kernels.Conv, len(n.Layers))}
	_ = parallel.For(context.Background(), threads, len(g.Convolutions), func(_, i int) { // it fails only with its context
		if s := g.Convolutions[i]; !s.Linear {
			p.packed[s.Layer] = p.pack(s)
		}
	})
	for i, t := range g.Tensors {
		p.tensors = append(p.tensors, p.tensor(t))
		if t.Adds != None {
			p.bypass(i, t)
		}
	}
	return p
}

// engine places the buffers and returns an engine without workers.
func (p *planner) engine() *Engine {
	arena := place(p.buffers)
	return &Engine{arena: arena, input: p.tensors[Picture].whole().Data, logits: p.logits, operations: p.operations}
}

// tensor adds the operation that computes a tensor and returns its buffer.
func (p *planner) tensor(t Tensor) *buffer {
	if len(t.Writers) == 0 {
		return p.buffer(t.Size, t.Channels, 0)
	}
	s := t.Writers[0]
	in := p.tensors[s.Input]
	switch s.Kind {
	case Pool:
		return p.pool(s, in)
	case Conv10:
		p.head(s, in)
		return nil
	case Conv1:
		if s.Pad > 0 {
			in = p.padPicture(s, in)
		}
	}
	return p.convs(t, in)
}

// buffer adds a buffer that the next operation writes.
func (p *planner) buffer(size, channels, border int) *buffer {
	next := len(p.operations)
	b := &buffer{size: size, channels: channels, border: border, first: next, last: next}
	p.buffers = append(p.buffers, b)
	return b
}

// add adds an operation that reads the given buffers.
func (p *planner) add(o operation, reads ...*buffer) {
	for _, b := range reads {
		b.last = len(p.operations)
	}
	p.operations = append(p.operations, o)
}

// pack packs the weights of a convolution.
func (p *planner) pack(s Step) *kernels.Conv {
	l := &p.net.Layers[s.Layer]
	return kernels.NewConv(kernels.ConvSpec{
		In: s.In, Out: s.Out, Kernel: s.Kernel, Stride: s.Stride,
		Weights: l.Weights, Bias: l.Bias, Multiplier: l.Multiplier,
	})
}

// convs adds the convolutions that write a tensor as one operation.
func (p *planner) convs(t Tensor, in *buffer) *buffer {
	out := p.buffer(t.Size, t.Channels, borderFor(t.Readers))
	o := operation{name: t.Writers[0].Name, rows: t.Size}
	if len(t.Writers) > 1 {
		o.name = fireName(t.Writers[0].Fire) + "/expand"
	}
	for _, s := range t.Writers {
		o.macs += s.MACs()
		o.convs = append(o.convs, p.packed[s.Layer])
		o.channels = append(o.channels, s.Out)
	}
	o.computer = &convs{in: in, out: out, steps: t.Writers, packed: o.convs}
	p.add(o, in)
	return out
}

// borderFor returns the width of the border of zeros that convolutions need around
// what they read. The head needs none, see newHead.
func borderFor(readers []Step) int {
	border := 0
	for _, s := range readers {
		if s.Kind != Conv10 {
			border = max(border, s.Pad)
		}
	}
	return border
}

// padPicture adds an operation that copies the picture into a buffer with a border.
func (p *planner) padPicture(s Step, in *buffer) *buffer {
	out := p.buffer(in.size, in.channels, s.Pad)
	p.add(operation{
		name: s.Name + "/pad", rows: 1,
		computer: &padding{in: in, out: out, border: p.net.Input.MeanBytes()},
	}, in)
	return out
}

func (p *planner) pool(s Step, in *buffer) *buffer {
	out := p.buffer(s.OutSize, s.Out, 0)
	p.add(operation{
		name: s.Name, rows: s.OutSize,
		computer: &pool{in: in, out: out, spec: kernels.PoolSpec{Channels: s.Out, In: s.InSize, Out: s.OutSize}},
	}, in)
	return out
}

func (p *planner) bypass(tensor int, t Tensor) {
	in, out := p.tensors[t.Adds], p.tensors[tensor]
	p.add(operation{
		name: fireName(t.Writers[0].Fire) + "/bypass", rows: t.Size,
		computer: &bypass{in: in, out: out, table: kernels.RescaleTable(p.scales[t.Adds] / p.scales[tensor])},
	}, in, out)
}

func (p *planner) head(s Step, in *buffer) {
	if s.Linear {
		p.linearHead(s, in)
		return
	}
	c := p.packed[s.Layer]
	h := newHead(s, in, c, p.net.Layers[s.Layer].Multiplier)
	p.logits = h.logits
	p.add(operation{
		name: s.Name, macs: s.MACs(), convs: []*kernels.Conv{c}, rows: 1, channels: []int{s.Out},
		computer: h,
	}, in)
}

// linearHead adds two operations: the average of the input, which commutes with
// a convolution that no ReLU follows, and the convolution of one pixel.
func (p *planner) linearHead(s Step, in *buffer) {
	a := &codeSums{in: in, sums: make([]int64, s.In)}
	h := &linearHead{step: s, layer: &p.net.Layers[s.Layer], inputs: a.sums, logits: make([]float32, s.Out)}
	p.logits = h.logits
	p.add(operation{name: s.Name + "/average", rows: 1, computer: a}, in)
	p.add(operation{name: s.Name, macs: int64(s.Weights()), rows: 1, channels: []int{s.Out}, computer: h})
}
