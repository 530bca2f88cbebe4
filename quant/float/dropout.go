package float

import "halfmeg/model"

// HeadInput returns what the last convolution read in the last Run, before any
// dropout. It is valid until the next Run.
func (p *Pass) HeadInput() Map { return p.maps[p.f.graph.Head().Input] }

// Drop multiplies the last convolution's input by factors, element by element, in
// later calls of Run and in their gradients: dropout, if they are 0 and 1/(1-p).
// nil ends it. The slice has the length of HeadInput().Data and belongs to the
// Pass until the next Drop.
func (p *Pass) Drop(factors []float32) { p.mask = factors }

// drop computes the last convolution's input from the map before it.
func (p *Pass) drop() {
	if p.mask == nil {
		return
	}
	in := p.HeadInput()
	if p.dropped.Data == nil {
		p.dropped = NewMap(in.Size, in.Channels)
	}
	multiply(p.dropped.Data, in.Data, p.mask)
}

// input returns the map that a step reads.
func (p *Pass) input(s model.Step) Map {
	if s.Kind == model.Conv10 && p.mask != nil {
		return p.dropped
	}
	return p.maps[s.Input]
}

// multiply writes the elementwise product of a and b to dst.
func multiply(dst, a, b []float32) {
	for i, x := range a {
		dst[i] = x * b[i]
	}
}
