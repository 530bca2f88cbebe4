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
	codes *Codes // nil in a float network
}

// Codes lets a network compute with the numbers that an int8 network has: it
// reads bytes, and every convolution but the head rounds its output to codes
// 0…255. Backward then passes gradients through every code that is not 0 as if
// nothing were rounded or clipped (the straight-through estimate, Bengio et
// al., arXiv:1308.3432).
type Codes struct {
	Pad    []float32 // the byte that each channel of the picture has outside its frame
	Scales []float32 // real value of one output code, by step
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

// NewCodedForward is NewForward of a network that computes with codes; its
// Input's mean and deviation do not count.
func NewCodedForward(n *Network, c *Codes) (*Forward, error) {
	f, err := NewForward(n)
	if err != nil {
		return nil, err
	}
	f.codes = c
	return f, nil
}

// round rounds a map's values to multiples of a code, 255 at most.
func round(m Map, scale float32) {
	inverse := 1 / scale
	for i := range m.Size * m.Size {
		pixel := m.Data[i*m.Stride : i*m.Stride+m.Channels]
		for c, v := range pixel {
			pixel[c] = min(float32(float32(v*inverse)+roundBias)-roundBias, 255) * scale
		}
	}
}

// roundBias takes the fraction off a small number that it is added to and
// subtracted from.
const roundBias = 3 << 22

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

// Use lets the next Run be one of another Forward, of the same topology.
func (p *Pass) Use(f *Forward) { p.f = f }

// Run classifies one picture: Size x Size pixels of three bytes in the
// network's channel order, each byte minus 128, as a prep.Preprocessor
// writes them. It returns the logits (ReLU and average of the last
// convolution, before any softmax), valid until the next Run.
func (p *Pass) Run(picture []int8) ([]float32, error) {
	if len(picture) != len(p.input.Data) {
		return nil, fmt.Errorf("a picture of %d bytes, the network takes %d", len(picture), len(p.input.Data))
	}
	if p.f.codes == nil {
		Normalize(p.input.Data, picture, p.f.net.Input)
	} else {
		for i, b := range picture {
			p.input.Data[i] = float32(int(b) + 128)
		}
	}
	in := p.input
	for i, s := range p.f.steps {
		out := p.outputs[i]
		if s.Kind == model.Pool {
			MaxPool(out, in)
			in = out
			continue
		}
		p.f.convs[s.Layer].Apply(out, in, p.f.pad(s), &p.scratch)
		ReLU(out)
		if p.f.codes != nil && s.Kind != model.Conv10 {
			round(out, p.f.codes.Scales[i])
		}
		switch s.Kind {
		case model.Expand1x1: // the other half reads the same input
		case model.Expand3x3:
			whole := Concat(p.outputs[i-1], out)
			if p.f.net.Topology.Fires[s.Fire].Bypass {
				Add(whole, p.bypassed(i))
				if p.f.codes != nil {
					round(whole, p.f.codes.Scales[i])
				}
			}
			in = whole
		default:
			in = out
		}
	}
	Average(p.logits, in)
	return p.logits, nil
}

// pad is what a step reads outside its input; nil is zeros.
func (f *Forward) pad(s model.Step) []float32 {
	if f.codes == nil || s.Kind != model.Conv1 {
		return nil
	}
	return f.codes.Pad
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

// bypassed is what the bypass of the fire module whose expand3x3 is step i
// adds: the module's input, in codes of its output if there are codes.
func (p *Pass) bypassed(i int) Map {
	in := p.moduleInput(i)
	if p.f.codes == nil {
		return in
	}
	out := NewMap(in.Size, in.Channels)
	Add(out, in)
	round(out, p.f.codes.Scales[i])
	return out
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
