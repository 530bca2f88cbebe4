package model

import (
	"fmt"
	"math"

	"halfmeg/kernels"
)

// Engine runs a network on one frame at a time, in one arena, without
// allocating. It is not safe for use by several goroutines at once; several
// engines may share a Network.
type Engine struct {
	arena   []int8
	input   []int8
	ops     []op
	workers *workers
	sums    []int64
	logits  []float32
}

// op is one operation of a frame. Workers share out its rows and the output
// channels of its convolutions, which do not depend on each other.
type op struct {
	name     string
	macs     int
	convs    []*kernels.Conv
	rows     int
	channels []int
	run      func(p part)
	shares   func(share int) // run, for a worker
}

// MaxWorkers is the largest number of workers an Engine takes.
const MaxWorkers = 64

// NewEngine checks the network, plans the arena, makes the weights ready and
// starts the workers; Close ends them. It fails if HALFMEG_CPU asks for
// kernels that this machine cannot run.
func NewEngine(n *Network, workers int) (*Engine, error) {
	if workers < 1 || workers > MaxWorkers {
		return nil, fmt.Errorf("%d workers: 1 to %d are possible", workers, MaxWorkers)
	}
	if _, err := kernels.InstructionSet(); err != nil {
		return nil, err
	}
	g, err := n.graph()
	if err != nil {
		return nil, err
	}
	e := newPlanner(n, g).engine()
	for i := range e.ops {
		e.ops[i].shareOut(workers)
	}
	e.workers = newWorkers(workers)
	return e, nil
}

func (o *op) shareOut(workers int) {
	parts := cut(o.rows, o.channels, workers)
	o.shares = func(share int) { o.run(parts[share]) }
}

// Input is where a frame goes before Run: Size x Size pixels of three bytes
// in the network's channel order, each byte minus 128. Run overwrites it.
func (e *Engine) Input() []int8 { return e.input }

// Run classifies the frame in Input and returns the logits, one a class,
// valid until the next Run. The same frame gives the same bits on every
// machine and for every number of workers.
func (e *Engine) Run() []float32 {
	for i := range e.ops {
		e.workers.do(e.ops[i].shares)
	}
	return e.logits
}

// Close ends the workers. Run panics afterwards.
func (e *Engine) Close() { e.workers.stop() }

// Memory is the bytes of the arena, where all activations of a frame live, and
// of the weights as they were made ready.
func (e *Engine) Memory() int {
	bytes := len(e.arena)
	for _, o := range e.ops {
		for _, c := range o.convs {
			bytes += c.Bytes()
		}
	}
	return bytes
}

// Operation is one of those that a frame consists of.
type Operation struct {
	Name    string
	MACs    int      // multiply-accumulates
	Kernels []string // what computes its convolutions
}

// Operations lists those of a frame in their order.
func (e *Engine) Operations() []Operation {
	var list []Operation
	for _, o := range e.ops {
		described := Operation{Name: o.name, MACs: o.macs}
		for _, c := range o.convs {
			described.Kernels = append(described.Kernels, c.KernelName())
		}
		list = append(list, described)
	}
	return list
}

// Workers is how many share out a frame.
func (e *Engine) Workers() int { return len(e.workers.helpers) + 1 }

// RunWatched is Run; it calls ended with the index of each operation that has
// ended, and first with -1.
func (e *Engine) RunWatched(ended func(operation int)) []float32 {
	ended(-1)
	for i := range e.ops {
		e.workers.do(e.ops[i].shares)
		ended(i)
	}
	return e.logits
}

// planner turns the graph of a network into operations over buffers. The
// buffers' places are known only when all are listed, so operations are made
// by functions that engine calls at the end.
type planner struct {
	net     *Network
	scales  []float32 // by tensor, as the next
	maps    []*buffer
	buffers []*buffer
	ops     []func(e *Engine) op
}

func newPlanner(n *Network, g *Graph) *planner {
	p := &planner{net: n, scales: n.Scales(g)}
	for i, t := range g.Tensors {
		p.maps = append(p.maps, p.compute(t))
		if t.Adds != None {
			p.bypass(t, p.maps[t.Adds], p.maps[i], p.scales[t.Adds]/p.scales[i])
		}
	}
	return p
}

// compute lists the operation that writes a tensor and returns its buffer.
func (p *planner) compute(t Tensor) *buffer {
	if len(t.Writers) == 0 {
		return p.buffer(t.Size, t.Channels, 0)
	}
	s := t.Writers[0]
	in := p.maps[s.Reads]
	switch s.Kind {
	case Pool:
		return p.pool(s, in)
	case Conv1:
		if s.Pad > 0 {
			in = p.padInput(s, in)
		}
	case Conv10:
		p.head(s, in)
		return nil
	}
	return p.convs(t, in)
}

// buffer lists a map that the next operation writes.
func (p *planner) buffer(size, channels, border int) *buffer {
	t := &buffer{size: size, channels: channels, border: border, first: len(p.ops), last: len(p.ops)}
	p.buffers = append(p.buffers, t)
	return t
}

// add lists an operation that reads the given buffers.
func (p *planner) add(build func(e *Engine) op, reads ...*buffer) {
	for _, t := range reads {
		t.last = len(p.ops)
	}
	p.ops = append(p.ops, build)
}

func (p *planner) conv(s Step) *kernels.Conv {
	l := &p.net.Layers[s.Layer]
	return kernels.NewConv(kernels.ConvSpec{
		In: s.In, Out: s.Out, Kernel: s.Kernel, Stride: s.Stride,
		Weights: l.Weights, Bias: l.Bias, Multiplier: l.Multiplier,
	})
}

// convs lists the convolutions that write a tensor as one operation. Each
// writes its part of the channels of every pixel, so that the concatenation
// in a fire module costs nothing. The buffer has the border that the
// tensor's readers need.
func (p *planner) convs(t Tensor, in *buffer) *buffer {
	border := 0
	for _, s := range t.Readers {
		if s.Kind == Expand3x3 {
			border = s.Pad
		}
	}
	out := p.buffer(t.Size, t.Channels, border)
	o := op{name: t.name(), rows: t.Size}
	for _, s := range t.Writers {
		o.macs += s.MACs()
		o.convs = append(o.convs, p.conv(s))
		o.channels = append(o.channels, s.Out)
	}
	p.add(func(e *Engine) op {
		whole := out.view(e.arena)
		dst, src := make([]kernels.Map, len(t.Writers)), make([]kernels.Map, len(t.Writers))
		for i, s := range t.Writers {
			dst[i] = out.inside(e.arena).At(0, 0, s.Channel)
			src[i] = in.inside(e.arena)
			if s.Pad > 0 {
				src[i] = in.view(e.arena)
			}
		}
		o.run = func(p part) {
			if out.border > 0 && p.column == 0 && p.rows.From < p.rows.To {
				clearBorder(whole, out, p.rows.From, p.rows.To)
			}
			for i, c := range o.convs {
				c.Block(dst[i], src[i], out.size, p.rows, p.channels[i])
			}
		}
		return o
	}, in)
	return out
}

// name is that of the operation that computes the tensor.
func (t Tensor) name() string {
	s := t.Writers[0]
	if len(t.Writers) > 1 {
		return fireName(s.Fire) + "/expand"
	}
	return s.Name
}

// padInput copies the frame into a map with a border of the bytes nearest to
// the mean, which the float network sees as zeros.
func (p *planner) padInput(s Step, in *buffer) *buffer {
	pad := p.net.Input.MeanBytes()
	out := p.buffer(in.size, 3, s.Pad)
	p.add(func(e *Engine) op {
		whole, inside, src := out.view(e.arena), out.inside(e.arena), in.view(e.arena)
		return op{name: s.Name + "/pad", rows: 1, run: func(p part) {
			if p.rows.From == p.rows.To {
				return
			}
			for i := range whole.Data {
				whole.Data[i] = int8(int(pad[i%3]) - 128)
			}
			for y := range in.size {
				copy(inside.Data[y*inside.Row:], src.Data[y*src.Row:(y+1)*src.Row])
			}
		}}
	}, in)
	return out
}

func (p *planner) pool(s Step, in *buffer) *buffer {
	out := p.buffer(s.OutSize, s.Out, 0)
	p.add(func(e *Engine) op {
		dst, src := out.view(e.arena), in.view(e.arena)
		return op{name: s.Name, rows: s.OutSize, run: func(p part) {
			kernels.MaxPool(dst, src, kernels.PoolSpec{Channels: s.Out, In: s.InSize, Out: s.OutSize}, p.rows)
		}}
	}, in)
	return out
}

// bypass adds a tensor to another, brought to the other's scale.
func (p *planner) bypass(t Tensor, in, out *buffer, ratio float32) {
	table := kernels.RescaleTable(ratio)
	p.add(func(e *Engine) op {
		dst, src := out.view(e.arena), in.view(e.arena)
		return op{name: fireName(t.Writers[0].Fire) + "/bypass", rows: out.size, run: func(p part) {
			kernels.AddSaturated(dst, src, table, out.channels, out.size, p.rows)
		}}
	}, in, out)
}

// clearBorder writes real zeros around rows from…to-1; the workers with the
// first and the last row write the rows above and below too.
func clearBorder(whole kernels.Map, t *buffer, from, to int) {
	if from == 0 {
		fill(whole.Data[:t.border*whole.Row])
	}
	for y := from + t.border; y < to+t.border; y++ {
		row := whole.Data[y*whole.Row : (y+1)*whole.Row]
		fill(row[:t.border*whole.Pixel])
		fill(row[len(row)-t.border*whole.Pixel:])
	}
	if to == t.size {
		fill(whole.Data[(t.border+t.size)*whole.Row:])
	}
}

func fill(data []int8) {
	for i := range data {
		data[i] = math.MinInt8
	}
}

// head sums every class over the map. A padded 1x1 convolution sees nothing
// but real zeros in its border, where the sum is known beforehand.
func (p *planner) head(s Step, in *buffer) {
	c := p.conv(s)
	m := p.net.Layers[s.Layer].Multiplier
	outside := make([]int64, s.Out)
	for o := range outside {
		outside[o] = int64(s.OutSize*s.OutSize-s.InSize*s.InSize) * int64(max(c.Zero(o), 0))
	}
	p.add(func(e *Engine) op {
		src := in.view(e.arena)
		e.sums, e.logits = make([]int64, s.Out), make([]float32, s.Out)
		return op{name: s.Name, macs: s.MACs(), convs: []*kernels.Conv{c}, rows: 1, channels: []int{s.Out}, run: func(p part) {
			from, to := p.channels[0].From, p.channels[0].To
			if p.rows.From == p.rows.To || from == to {
				return
			}
			copy(e.sums[from:to], outside[from:to])
			c.Sums(e.sums, src, s.InSize, s.InSize, p.channels[0])
			for o := from; o < to; o++ {
				e.logits[o] = float32(float64(e.sums[o]) * float64(m[o]))
			}
		}}
	}, in)
}

func (p *planner) engine() *Engine {
	e := &Engine{arena: make([]int8, plan(p.buffers))}
	e.input = p.maps[Picture].view(e.arena).Data
	for _, build := range p.ops {
		e.ops = append(e.ops, build(e))
	}
	return e
}
