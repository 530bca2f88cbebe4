package float

import "halfmeg/model"

// Backward is the gradient of a network: for a function of the logits whose
// derivative is dLogits, it walks the last Run's activations back to front
// and calls visit with the derivative by the output of each convolution
// before its ReLU. The map is valid until visit returns.
func (p *Pass) Backward(dLogits []float32, visit func(step int, gradient Map)) {
	last := len(p.f.steps) - 1
	d := p.averageGradient(dLogits)
	for i := last; i >= 0; i-- {
		s := p.f.steps[i]
		switch s.Kind {
		case model.Pool:
			in := p.inputOf(i)
			back := p.scratch.gradient(in.Size, in.Channels)
			maxPoolGradient(back, d, in, p.outputs[i])
			d = back
		case model.Expand3x3:
			d = p.fireGradient(i, d, visit)
			i -= 2
		default:
			p.gate(d, p.outputs[i], Map{})
			visit(i, d)
			if i > 0 {
				back := p.scratch.gradient(s.InSize, s.In)
				p.f.convs[s.Layer].inputGradient(back, d, &p.scratch)
				d = back
			}
		}
	}
}

// fireGradient takes the derivative by a fire module's output to that by its
// input; i is the step of its expand3x3.
func (p *Pass) fireGradient(i int, d Map, visit func(step int, gradient Map)) Map {
	squeeze, e1x1, e3x3 := p.f.steps[i-2], p.f.steps[i-1], p.f.steps[i]
	bypass := p.f.net.Topology.Fires[e3x3.Fire].Bypass
	back := p.scratch.gradient(squeeze.InSize, squeeze.In)
	if bypass {
		Add(back, d)
		p.gate(d, Concat(p.outputs[i-1], p.outputs[i]), p.bypassed(i))
	} else {
		p.gate(d, Concat(p.outputs[i-1], p.outputs[i]), Map{})
	}
	right, left := d.Slice(e1x1.Out, e3x3.Out), d.Slice(0, e1x1.Out)
	visit(i, right)
	visit(i-1, left)
	middle := zeroMap(&p.scratch.middle, squeeze.OutSize, squeeze.Out)
	p.f.convs[e3x3.Layer].inputGradient(middle, right, &p.scratch)
	p.f.convs[e1x1.Layer].inputGradient(middle, left, &p.scratch)
	p.gate(middle, p.outputs[i-2], Map{})
	visit(i-2, middle)
	p.f.convs[squeeze.Layer].inputGradient(back, middle, &p.scratch)
	return back
}

// inputOf is the map that a pool or conv10 reads.
func (p *Pass) inputOf(i int) Map {
	if p.f.steps[i-1].Kind == model.Expand3x3 {
		return Concat(p.outputs[i-2], p.outputs[i-1])
	}
	return p.outputs[i-1]
}

// gradient is a map of zeros. The one before it stays, the one before that
// is overwritten.
func (s *Scratch) gradient(size, channels int) Map {
	s.gradients[0], s.gradients[1] = s.gradients[1], s.gradients[0]
	return zeroMap(&s.gradients[0], size, channels)
}

// zeroMap is a map of zeros in memory that is kept.
func zeroMap(memory *[]float32, size, channels int) Map {
	m := Map{Size: size, Channels: channels, Stride: channels, Data: reuse(memory, size*size*channels)}
	clear(m.Data)
	return m
}

// averageGradient spreads the derivative by the logits over the last map.
func (p *Pass) averageGradient(dLogits []float32) Map {
	s := p.f.steps[len(p.f.steps)-1]
	d := p.scratch.gradient(s.OutSize, s.Out)
	for c, v := range dLogits {
		d.Data[c] = v / float32(s.OutSize*s.OutSize)
	}
	fill(d.Data[s.Out:], d.Data[:s.Out])
	return d
}

// gate keeps the derivative where a ReLU was open: where its output, less
// what a bypass has added to it, is above zero.
func (p *Pass) gate(d, out, added Map) {
	base := reuse(&p.scratch.zeros, d.Channels)
	for i := range d.Size * d.Size {
		if added.Data != nil {
			base = added.Data[i*added.Stride:]
		}
		closeGate(d.Data[i*d.Stride:][:d.Channels], out.Data[i*out.Stride:], base)
	}
}

// maxPoolGradient moves each window's derivative to its first maximum.
func maxPoolGradient(dst, d, in, out Map) {
	for y := range out.Size {
		for x := range out.Size {
			firstMaximum(dst, d.Pixel(y, x), in, out.Pixel(y, x), model.PoolStride*y, model.PoolStride*x)
		}
	}
}

func firstMaximum(dst Map, d []float32, in Map, largest []float32, top, left int) {
	width := min(model.PoolKernel, in.Size-left)
	for y := top; y < min(top+model.PoolKernel, in.Size); y++ {
		to, from := dst.Data[(y*dst.Size+left)*dst.Stride:], in.Data[(y*in.Size+left)*in.Stride:]
		for x := range width {
			moveEqual(to[x*dst.Stride:][:len(d)], d, from[x*in.Stride:], largest)
		}
	}
}

// WeightGradient adds to sum the derivative by a convolution's weights, [out]
// [kernel y][kernel x][in], given d, the derivative by its output before the
// ReLU. Pixels are added in order, to what is in sum already.
func (p *Pass) WeightGradient(step int, d Map, sum []float32) {
	s, in, rows := p.f.steps[step], p.convInput(step), &p.scratch.packed
	depth, pixels := s.Kernel*s.Kernel*s.In, s.OutSize*s.OutSize
	for at := 0; at < pixels; at += patchPixels {
		count := min(patchPixels, pixels-at)
		patches, stride := p.f.convs[s.Layer].Patches(in, at, count, s.OutSize, p.f.pad(s), &p.scratch)
		rows.reshape(count, depth)
		for i := range count {
			rows.setRow(i, patches[i*stride:][:depth])
		}
		rows.mulAdd(sum, depth, d.Data[at*d.Stride:], 1, d.Stride, s.Out)
	}
}

// convInput is the map that a convolution reads.
func (p *Pass) convInput(step int) Map {
	switch p.f.steps[step].Kind {
	case model.Conv1:
		return p.input
	case model.Expand1x1:
		return p.outputs[step-1]
	case model.Expand3x3:
		return p.outputs[step-2]
	}
	return p.inputOf(step)
}

// inputGradient adds the derivative by the convolution's input to dst.
func (c *Conv) inputGradient(dst, d Map, scratch *Scratch) {
	s := c.step
	c.transposeOnce.Do(func() { c.transposed = Pack(c.weightsOut, s.Out, s.Kernel*s.Kernel*s.In) })
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

// scatter adds a window's values to the map they were gathered from, a map
// of its own.
func scatter(dst Map, window []float32, top, left, kernel int) {
	first, last := max(left, 0), min(left+kernel, dst.Size)
	for y := max(top, 0); y < min(top+kernel, dst.Size); y++ {
		row := dst.Data[(y*dst.Size+first)*dst.Channels : (y*dst.Size+last)*dst.Channels]
		addTo(row, window[((y-top)*kernel+first-left)*dst.Channels:])
	}
}
