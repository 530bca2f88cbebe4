package float

import (
	"fmt"

	"halfmeg/model"
)

// Forward is a network with its weights packed. It is immutable and safe for
// concurrent use; each goroutine runs a Pass of its own.
type Forward struct {
	net   *Network
	graph *model.Graph
	convs []*Conv
	codes *Codes // nil in a float network
}

// NewForward validates the network and packs its weights.
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

// Graph returns the network's graph.
func (f *Forward) Graph() *model.Graph { return f.graph }

// Pass runs a Forward, and its gradient. It holds the memory of all
// activations and is not safe for concurrent use.
type Pass struct {
	f         *Forward
	maps      []Map       // by tensor of the graph
	gradients []Map       // by tensor; without Data if it is not in use
	free      [][]float32 // memory for gradients
	largest   int         // elements of each
	logits    []float32
	scratch   Scratch

	mask    []float32 // factors of the head's input, or nil
	dropped Map       // the head's input times the mask
}

// NewPass allocates the activations.
func (f *Forward) NewPass() *Pass {
	p := &Pass{f: f, logits: make([]float32, f.net.Topology.Head.Classes)}
	for _, t := range f.graph.Tensors {
		p.maps = append(p.maps, NewMap(t.Size, t.Channels))
	}
	return p
}

// Use makes later calls run another Forward of the same topology.
func (p *Pass) Use(f *Forward) { p.f = f }

// Run classifies one picture: Size x Size pixels of three bytes in the
// network's channel order, each byte minus 128, as a prep.Preprocessor
// writes them. It returns the logits (the average of the last convolution,
// after its ReLU if it has one, before any softmax), valid until the next Run.
func (p *Pass) Run(picture []int8) ([]float32, error) {
	in := p.maps[model.Picture]
	if len(picture) != len(in.Data) {
		return nil, fmt.Errorf("a picture of %d bytes, the network takes %d", len(picture), len(in.Data))
	}
	if p.f.codes == nil {
		normalize(in.Data, picture, p.f.net.Input)
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
			p.f.round(p.maps[i], i)
		}
	}
	average(p.logits, p.maps[p.f.graph.Head().Output])
	return p.logits, nil
}

// normalize converts bytes minus 128 to what the float network reads:
// (byte-mean)/std by channel.
func normalize(dst []float32, picture []int8, in model.Input) {
	var values [3][256]float32
	for c := range values {
		for b := range values[c] {
			values[c][b] = (float32(b) - in.Mean[c]) / in.Std[c]
		}
	}
	for i := 0; i+3 <= len(picture); i += 3 {
		for c, b := range (*[3]int8)(picture[i:]) {
			dst[i+c] = values[c][byte(b)^0x80]
		}
	}
}

// step computes the output of one step.
func (p *Pass) step(s model.Step) {
	if s.Kind == model.Conv10 {
		p.drop()
	}
	out, in := p.output(s), p.input(s)
	if s.Kind == model.Pool {
		MaxPool(out, in)
		return
	}
	p.f.convs[s.Layer].apply(out, in, p.f.pad(s), !s.Linear, &p.scratch)
	if s.Kind != model.Conv10 {
		p.f.round(out, s.Output)
	}
}

// output returns the channels of its tensor that a step writes.
func (p *Pass) output(s model.Step) Map { return p.maps[s.Output].Slice(s.Channel, s.Out) }

// bypassed is what a bypass adds to a tensor, in the tensor's codes if the
// network computes with codes.
func (p *Pass) bypassed(tensor int) Map {
	in := p.maps[p.f.graph.Tensors[tensor].Adds]
	if p.f.codes == nil {
		return in
	}
	out := NewMap(in.Size, in.Channels)
	Add(out, in)
	p.f.round(out, tensor)
	return out
}
