package float

import (
	"fmt"

	"halfmeg/model"
)

// Forward is a network made ready to run. It does not change; any number of
// goroutines may run their own Pass over it.
type Forward struct {
	net   *Network
	graph *model.Graph
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
	Scales []float32 // real value of one code, by tensor
}

// NewForward checks the network and packs its weights.
func NewForward(n *Network) (*Forward, error) {
	g, err := n.graph()
	if err != nil {
		return nil, err
	}
	f := &Forward{net: n, graph: g}
	for _, s := range g.Convolutions {
		f.convs = append(f.convs, NewConv(s, n.Layers[s.Layer]))
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

// Graph is the network's.
func (f *Forward) Graph() *model.Graph { return f.graph }

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
	f         *Forward
	maps      []Map // by tensor of the graph
	gradients []Map // of those, made by the first Backward
	logits    []float32
	scratch   Scratch
}

// NewPass allocates the activations.
func (f *Forward) NewPass() *Pass {
	p := &Pass{f: f, logits: make([]float32, f.net.Topology.Head.Classes)}
	for _, t := range f.graph.Tensors {
		p.maps = append(p.maps, NewMap(t.Size, t.Channels))
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
	in := p.maps[model.Picture]
	if len(picture) != len(in.Data) {
		return nil, fmt.Errorf("a picture of %d bytes, the network takes %d", len(picture), len(in.Data))
	}
	if p.f.codes == nil {
		Normalize(in.Data, picture, p.f.net.Input)
	} else {
		for i, b := range picture {
			in.Data[i] = float32(int(b) + 128)
		}
	}
	for i, t := range p.f.graph.Tensors {
		for _, s := range t.Writers {
			p.step(s)
		}
		if t.Adds != model.None {
			Add(p.maps[i], p.bypassed(i))
			p.round(p.maps[i], i)
		}
	}
	Average(p.logits, p.maps[p.f.graph.Head().Writes])
	return p.logits, nil
}

// step computes the output of one step.
func (p *Pass) step(s model.Step) {
	out, in := p.output(s), p.maps[s.Reads]
	if s.Kind == model.Pool {
		MaxPool(out, in)
		return
	}
	p.f.convs[s.Layer].Apply(out, in, p.f.pad(s), &p.scratch)
	ReLU(out)
	if s.Kind != model.Conv10 {
		p.round(out, s.Writes)
	}
}

// output is the part of its tensor that a step writes.
func (p *Pass) output(s model.Step) Map { return p.maps[s.Writes].Slice(s.Channel, s.Out) }

// round rounds a map to the codes of a tensor, if the network computes with codes.
func (p *Pass) round(m Map, tensor int) {
	if p.f.codes != nil {
		round(m, p.f.codes.Scales[tensor])
	}
}

// pad is what a step reads outside its input; nil is zeros.
func (f *Forward) pad(s model.Step) []float32 {
	if f.codes == nil || s.Kind != model.Conv1 {
		return nil
	}
	return f.codes.Pad
}

// bypassed is what a bypass adds to a tensor, in the tensor's codes if there
// are codes.
func (p *Pass) bypassed(tensor int) Map {
	in := p.maps[p.f.graph.Tensors[tensor].Adds]
	if p.f.codes == nil {
		return in
	}
	out := NewMap(in.Size, in.Channels)
	Add(out, in)
	p.round(out, tensor)
	return out
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
