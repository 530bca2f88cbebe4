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
	if err := n.Validate(); err != nil {
		return nil, err
	}
	b, err := newPlanner(n)
	if err != nil {
		return nil, err
	}
	e := b.engine()
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

// planner turns the steps of a network into operations over tensors. The
// tensors' places are known only when all are listed, so operations are made
// by functions that engine calls at the end.
type planner struct {
	net     *Network
	steps   []Step
	tensors []*tensor
	ops     []func(e *Engine) op
}

func newPlanner(n *Network) (*planner, error) {
	steps, err := n.Topology.Steps()
	if err != nil {
		return nil, err
	}
	p := &planner{net: n, steps: steps}
	in := p.tensor(n.Topology.Size, 3, 0)
	scale := float32(1)
	for i := 0; i < len(steps); i++ {
		switch s := steps[i]; s.Kind {
		case Conv1:
			in = p.conv1(s, in)
			scale = n.Layers[s.Layer].Scale
		case Pool:
			in = p.pool(s, in)
		case Squeeze:
			in = p.fire(s, steps[i+1], steps[i+2], in, scale)
			scale = n.Layers[s.Layer+1].Scale
			i += 2
		case Conv10:
			p.head(s, in)
		}
	}
	return p, nil
}

// tensor lists a map that the next operation writes.
func (p *planner) tensor(size, channels, border int) *tensor {
	t := &tensor{size: size, channels: channels, border: border, first: len(p.ops), last: len(p.ops)}
	p.tensors = append(p.tensors, t)
	return t
}

// add lists an operation that reads the given tensors.
func (p *planner) add(build func(e *Engine) op, reads ...*tensor) {
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

func (p *planner) conv1(s Step, in *tensor) *tensor {
	if s.Pad > 0 {
		in = p.padInput(s, in)
	}
	out := p.tensor(s.OutSize, s.Out, 0)
	c := p.conv(s)
	p.add(func(e *Engine) op {
		dst, src := out.view(e.arena), in.view(e.arena)
		return op{name: s.Name, macs: s.MACs(), convs: []*kernels.Conv{c}, rows: s.OutSize, channels: []int{s.Out}, run: func(p part) {
			c.Block(dst, src, s.OutSize, p.rows, p.channels[0])
		}}
	}, in)
	return out
}

// padInput copies the frame into a map with a border of the bytes nearest to
// the mean, which the float network sees as zeros.
func (p *planner) padInput(s Step, in *tensor) *tensor {
	pad := p.net.Input.MeanBytes()
	out := p.tensor(in.size, 3, s.Pad)
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

func (p *planner) pool(s Step, in *tensor) *tensor {
	out := p.tensor(s.OutSize, s.Out, 0)
	p.add(func(e *Engine) op {
		dst, src := out.view(e.arena), in.view(e.arena)
		return op{name: s.Name, rows: s.OutSize, run: func(p part) {
			kernels.MaxPool(dst, src, kernels.PoolSpec{Channels: s.Out, In: s.InSize, Out: s.OutSize}, p.rows)
		}}
	}, in)
	return out
}

// fire is a module: the squeeze writes into a map that already has the
// border the 3x3 filters need; both expands write their half of each output
// pixel, so that the concatenation costs nothing.
func (p *planner) fire(squeeze, e1x1, e3x3 Step, in *tensor, inScale float32) *tensor {
	mid := p.tensor(squeeze.OutSize, squeeze.Out, e3x3.Pad)
	cs := p.conv(squeeze)
	p.add(func(e *Engine) op {
		dst, src := mid.inside(e.arena), in.view(e.arena)
		whole := mid.view(e.arena)
		convs, channels := []*kernels.Conv{cs}, []int{squeeze.Out}
		return op{name: squeeze.Name, macs: squeeze.MACs(), convs: convs, rows: squeeze.OutSize, channels: channels, run: func(p part) {
			if p.column == 0 && p.rows.From < p.rows.To {
				clearBorder(whole, mid, p.rows.From, p.rows.To)
			}
			cs.Block(dst, src, squeeze.OutSize, p.rows, p.channels[0])
		}}
	}, in)
	out := p.tensor(e3x3.OutSize, e1x1.Out+e3x3.Out, 0)
	c1, c3 := p.conv(e1x1), p.conv(e3x3)
	p.add(func(e *Engine) op {
		left, right := out.view(e.arena), out.view(e.arena).At(0, 0, e1x1.Out)
		inside, whole := mid.inside(e.arena), mid.view(e.arena)
		name := FireName(squeeze.Fire) + "/expand"
		macs, convs, channels := e1x1.MACs()+e3x3.MACs(), []*kernels.Conv{c1, c3}, []int{e1x1.Out, e3x3.Out}
		return op{name: name, macs: macs, convs: convs, rows: e3x3.OutSize, channels: channels, run: func(p part) {
			c1.Block(left, inside, e1x1.OutSize, p.rows, p.channels[0])
			c3.Block(right, whole, e3x3.OutSize, p.rows, p.channels[1])
		}}
	}, mid)
	if p.net.Topology.Fires[squeeze.Fire].Bypass {
		p.bypass(squeeze, in, out, inScale/p.net.Layers[e3x3.Layer].Scale)
	}
	return out
}

// bypass adds a module's input to its output, brought to the output's scale.
func (p *planner) bypass(s Step, in, out *tensor, ratio float32) {
	table := kernels.RescaleTable(ratio)
	p.add(func(e *Engine) op {
		dst, src := out.view(e.arena), in.view(e.arena)
		return op{name: FireName(s.Fire) + "/bypass", rows: out.size, run: func(p part) {
			kernels.AddSaturated(dst, src, table, out.channels, out.size, p.rows)
		}}
	}, in, out)
}

// clearBorder writes real zeros around rows from…to-1; the workers with the
// first and the last row write the rows above and below too.
func clearBorder(whole kernels.Map, t *tensor, from, to int) {
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
func (p *planner) head(s Step, in *tensor) {
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
	e := &Engine{arena: make([]int8, plan(p.tensors))}
	e.input = p.tensors[0].view(e.arena).Data
	for _, build := range p.ops {
		e.ops = append(e.ops, build(e))
	}
	return e
}
