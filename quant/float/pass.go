package float

import (
	"fmt"

	"halfmeg/model"
)

// Forward is a network made ready to run. It does not change; any number of
// goroutines may run their own Pass over it.
type Forward struct {
	net   *Network
	steps []model.Step
	convs []*Conv
}

// NewForward checks the network and packs its weights.
func NewForward(n *Network) (*Forward, error) {
	if err := n.Validate(); err != nil {
		return nil, err
	}
	steps, err := n.Topology.Steps()
	if err != nil {
		return nil, err
	}
	f := &Forward{net: n, steps: steps}
	for _, s := range steps {
		if s.Kind != model.Pool {
			f.convs = append(f.convs, NewConv(s, n.Layers[s.Layer]))
		}
	}
	return f, nil
}

// Pass is one goroutine's forward pass with the memory of all activations.
type Pass struct {
	f       *Forward
	input   Map
	outputs []Map // one a step; the two expands hold halves of one map
	logits  []float32
	scratch Scratch
}

// NewPass allocates the activations.
func (f *Forward) NewPass() *Pass {
	p := &Pass{
		f:       f,
		input:   NewMap(f.net.Topology.Size, 3),
		outputs: make([]Map, len(f.steps)),
		logits:  make([]float32, f.net.Topology.Head.Classes),
	}
	for i, s := range f.steps {
		if s.Kind == model.Expand1x1 {
			both := NewMap(s.OutSize, s.Out+f.steps[i+1].Out)
			p.outputs[i], p.outputs[i+1] = both.Slice(0, s.Out), both.Slice(s.Out, f.steps[i+1].Out)
		} else if s.Kind != model.Expand3x3 {
			p.outputs[i] = NewMap(s.OutSize, s.Out)
		}
	}
	return p
}

// Run classifies one picture: Size x Size pixels of three bytes in the
// network's channel order, each byte minus 128, as a model.Preprocessor
// writes them. It returns the logits (ReLU and average of the last
// convolution, before any softmax), valid until the next Run.
func (p *Pass) Run(picture []int8) ([]float32, error) {
	if len(picture) != len(p.input.Data) {
		return nil, fmt.Errorf("a picture of %d bytes, the network takes %d", len(picture), len(p.input.Data))
	}
	Normalize(p.input.Data, picture, p.f.net.Input)
	in := p.input
	for i, s := range p.f.steps {
		out := p.outputs[i]
		if s.Kind == model.Pool {
			MaxPool(out, in)
			in = out
			continue
		}
		p.f.convs[s.Layer].Apply(out, in, nil, &p.scratch)
		ReLU(out)
		switch s.Kind {
		case model.Expand1x1: // the other half reads the same input
		case model.Expand3x3:
			whole := Concat(p.outputs[i-1], out)
			if p.f.net.Topology.Fires[s.Fire].Bypass {
				Add(whole, p.moduleInput(i))
			}
			in = whole
		default:
			in = out
		}
	}
	Average(p.logits, in)
	return p.logits, nil
}

// Output is what a step (index into Topology.Steps) gave in the last Run,
// after its ReLU; an expand's map is its half of the module's output, the
// bypass included. It is valid until the next Run.
func (p *Pass) Output(step int) Map { return p.outputs[step] }

// moduleInput is what the fire module whose expand3x3 is step i has read.
func (p *Pass) moduleInput(i int) Map {
	before := i - 3 // past expand1x1 and squeeze
	if p.f.steps[before].Kind == model.Expand3x3 {
		return Concat(p.outputs[before-1], p.outputs[before])
	}
	return p.outputs[before]
}

// Concat is the whole map of which an expand1x1's and an expand3x3's
// outputs are the halves.
func Concat(left, right Map) Map {
	left.Channels += right.Channels
	return left
}

// Add adds src to dst, which has the same shape.
func Add(dst, src Map) {
	for i := range dst.Size * dst.Size {
		pixel := src.Data[i*src.Stride : i*src.Stride+src.Channels]
		for c, v := range pixel {
			dst.Data[i*dst.Stride+c] += v
		}
	}
}

// Normalize turns bytes minus 128 into what the float network reads:
// (byte-mean)/std for each channel.
func Normalize(dst []float32, picture []int8, in model.Input) {
	for i, b := range picture {
		c := i % 3
		dst[i] = (float32(int(b)+128) - in.Mean[c]) / in.Std[c]
	}
}
