package float

import (
	"slices"

	"halfmeg/model"
)

// Backward computes the gradient of a function of the logits, given its
// derivative with respect to the logits, at the activations of the last Run. It
// calls visit for each convolution, last to first, with the derivative with
// respect to its output before the ReLU. The map is valid until visit returns.
func (p *Pass) Backward(dLogits []float32, visit func(layer int, gradient Map)) {
	p.clearGradients()
	p.averageGradient(dLogits)
	for i, t := range slices.Backward(p.f.graph.Tensors) {
		added := Map{}
		if t.Adds != model.None {
			Add(p.gradients[t.Adds], p.gradients[i])
			added = p.bypassed(i)
		}
		for _, s := range slices.Backward(t.Writers) {
			if s.Kind == model.Pool {
				maxPoolGradient(p.gradients[s.Input], p.gradients[i], p.maps[s.Input], p.maps[i])
			} else {
				p.convGradient(s, added, visit)
			}
		}
	}
}

// convGradient adds the derivative with respect to a convolution's input to that
// of the tensor it reads, given the one with respect to its output. added is the
// tensor that a bypass has added to the output; its Data is nil without a bypass.
func (p *Pass) convGradient(s model.Step, added Map, visit func(layer int, gradient Map)) {
	d := p.gradients[s.Output].Slice(s.Channel, s.Out)
	if added.Data != nil {
		added = added.Slice(s.Channel, s.Out)
	}
	if !s.Linear {
		p.gate(d, p.output(s), added)
	}
	visit(s.Layer, d)
	if s.Input != model.Picture {
		p.f.convs[s.Layer].inputGradient(p.gradients[s.Input], d, &p.scratch)
	}
}

// clearGradients sets the gradients of all tensors to zero.
func (p *Pass) clearGradients() {
	if p.gradients == nil {
		for _, m := range p.maps {
			p.gradients = append(p.gradients, NewMap(m.Size, m.Channels))
		}
		return
	}
	for _, d := range p.gradients {
		clear(d.Data)
	}
}

// averageGradient distributes the derivative with respect to the logits over the
// head's output.
func (p *Pass) averageGradient(dLogits []float32) {
	d := p.gradients[p.f.graph.Head().Output]
	for c, v := range dLogits {
		d.Data[c] = v / float32(d.Size*d.Size)
	}
	fill(d.Data[d.Channels:], d.Data[:d.Channels])
}

// gate sets the derivative to zero where the ReLU was closed: where its output,
// less what a bypass has added to it, is not above zero.
func (p *Pass) gate(d, out, added Map) {
	base := reuse(&p.scratch.zeros, d.Channels)
	for i := range d.Size * d.Size {
		if added.Data != nil {
			base = added.Data[i*added.Stride:]
		}
		closeGate(d.Data[i*d.Stride:][:d.Channels], out.Data[i*out.Stride:], base)
	}
}

// WeightGradient adds the derivative with respect to a convolution's weights to
// sum, [out][kernel y][kernel x][in], given the derivative d with respect to its
// output before the ReLU. Pixels are added in order.
func (p *Pass) WeightGradient(layer int, d Map, sum []float32) {
	s, rows := p.f.graph.Convolutions[layer], &p.scratch.packed
	in := p.maps[s.Input]
	depth, pixels := s.Kernel*s.Kernel*s.In, s.OutSize*s.OutSize
	for at := 0; at < pixels; at += patchPixels {
		count := min(patchPixels, pixels-at)
		patches, stride := p.f.convs[s.Layer].Patches(in, at, count, s.OutSize, p.f.pad(s), &p.scratch)
		rows.reshape(count, depth)
		for i := range count {
			rows.setRow(i, patches[i*stride:][:depth])
		}
		rows.mulAdd(target{sum, depth, s.Out}, left{d.Data[at*d.Stride:], 1, d.Stride})
	}
}

// inputGradient adds the derivative with respect to the convolution's input to
// dst.
func (c *Conv) inputGradient(dst, d Map, scratch *Scratch) {
	s := c.step
	c.transposeOnce.Do(func() { c.transposed = Pack(c.unpacked, s.Out, s.Kernel*s.Kernel*s.In) })
	pixels := d.Size * d.Size
	if s.Kernel == 1 && s.Pad == 0 {
		c.transposed.MulAdd(dst.Data, dst.Stride, d.Data, d.Stride, pixels)
		return
	}
	depth := s.Kernel * s.Kernel * s.In
	for at := 0; at < pixels; at += patchPixels {
		count := min(patchPixels, pixels-at)
		patches := reuse(&scratch.patches, count*depth)
		clear(patches)
		c.transposed.MulAdd(patches, depth, d.Data[at*d.Stride:], d.Stride, count)
		for i := range count {
			y, x := (at+i)/d.Size*s.Stride-s.Pad, (at+i)%d.Size*s.Stride-s.Pad
			scatter(dst, patches[i*depth:(i+1)*depth], y, x, s.Kernel)
		}
	}
}

// scatter adds a window's values to a map, where gather would have read them.
// The map's pixels are contiguous.
func scatter(dst Map, window []float32, top, left, kernel int) {
	first, last := max(left, 0), min(left+kernel, dst.Size)
	for y := max(top, 0); y < min(top+kernel, dst.Size); y++ {
		row := dst.Data[(y*dst.Size+first)*dst.Channels : (y*dst.Size+last)*dst.Channels]
		addTo(row, window[((y-top)*kernel+first-left)*dst.Channels:])
	}
}
