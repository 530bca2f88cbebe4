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
			back := NewMap(in.Size, in.Channels)
			maxPoolGradient(back, d, in, p.outputs[i])
			d = back
		case model.Expand3x3:
			d = p.fireGradient(i, d, visit)
			i -= 2
		default:
			gate(d, p.outputs[i], Map{})
			visit(i, d)
			if i > 0 {
				back := NewMap(s.InSize, s.In)
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
	in := p.moduleInput(i)
	bypass := p.f.net.Topology.Fires[e3x3.Fire].Bypass
	back := NewMap(squeeze.InSize, squeeze.In)
	if bypass {
		Add(back, d)
		gate(d, Concat(p.outputs[i-1], p.outputs[i]), in)
	} else {
		gate(d, Concat(p.outputs[i-1], p.outputs[i]), Map{})
	}
	right, left := d.Slice(e1x1.Out, e3x3.Out), d.Slice(0, e1x1.Out)
	visit(i, right)
	visit(i-1, left)
	middle := NewMap(squeeze.OutSize, squeeze.Out)
	p.f.convs[e3x3.Layer].inputGradient(middle, right, &p.scratch)
	p.f.convs[e1x1.Layer].inputGradient(middle, left, &p.scratch)
	gate(middle, p.outputs[i-2], Map{})
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

// averageGradient spreads the derivative by the logits over the last map.
func (p *Pass) averageGradient(dLogits []float32) Map {
	s := p.f.steps[len(p.f.steps)-1]
	d := NewMap(s.OutSize, s.Out)
	for i := range d.Data {
		d.Data[i] = dLogits[i%s.Out] / float32(s.OutSize*s.OutSize)
	}
	return d
}

// gate keeps the derivative where a ReLU was open: where its output, less
// what a bypass has added to it, is above zero.
func gate(d, out, added Map) {
	for i := range d.Size * d.Size {
		for c := range d.Channels {
			base := float32(0)
			if added.Data != nil {
				base = added.Data[i*added.Stride+c]
			}
			if out.Data[i*out.Stride+c] <= base {
				d.Data[i*d.Stride+c] = 0
			}
		}
	}
}

// maxPoolGradient gives each window's derivative to its first maximum.
func maxPoolGradient(dst, d, in, out Map) {
	for y := range out.Size {
		for x := range out.Size {
			for c, g := range d.Pixel(y, x) {
				if g != 0 {
					firstMaximum(dst, in, out.Pixel(y, x)[c], 2*y, 2*x, c, g)
				}
			}
		}
	}
}

func firstMaximum(dst, in Map, largest float32, top, left, c int, g float32) {
	for y := top; y < min(top+model.PoolKernel, in.Size); y++ {
		for x := left; x < min(left+model.PoolKernel, in.Size); x++ {
			if in.Pixel(y, x)[c] == largest {
				dst.Pixel(y, x)[c] += g
				return
			}
		}
	}
}

// WeightGradient is the derivative by a convolution's weights, [out][kernel
// y][kernel x][in], given d, the derivative by its output before the ReLU.
func (p *Pass) WeightGradient(step int, d Map) []float32 {
	s := p.f.steps[step]
	in := p.convInput(step)
	depth, pixels := s.Kernel*s.Kernel*s.In, s.OutSize*s.OutSize
	out := make([]float32, s.Out*depth)
	columns := make([]float32, s.Out*patchPixels) // [out][pixel]
	for at := 0; at < pixels; at += patchPixels {
		count := min(patchPixels, pixels-at)
		patches, stride := p.f.convs[s.Layer].Patches(in, at, count, s.OutSize, nil, &p.scratch)
		rows := make([]float32, count*depth)
		for i := range count {
			copy(rows[i*depth:(i+1)*depth], patches[i*stride:])
			for o := range s.Out {
				columns[o*patchPixels+i] = d.Data[(at+i)*d.Stride+o]
			}
		}
		Pack(rows, count, depth).MulAdd(out, depth, columns, patchPixels, s.Out)
	}
	return out
}

// InputEnergy is the sum of the mean squares of what a convolution's weights
// read, borders left out of account.
func (p *Pass) InputEnergy(step int) float64 {
	s, in, sum := p.f.steps[step], p.convInput(step), 0.0
	for i := range in.Size * in.Size {
		for _, v := range in.Data[i*in.Stride : i*in.Stride+in.Channels] {
			sum += float64(float64(v) * float64(v))
		}
	}
	return sum * float64(s.Kernel*s.Kernel) / float64(in.Size*in.Size)
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
	if len(scratch.patches) < patchPixels*depth {
		scratch.patches = make([]float32, patchPixels*depth)
	}
	for at := 0; at < pixels; at += patchPixels {
		count := min(patchPixels, pixels-at)
		patches := scratch.patches[:count*depth]
		clear(patches)
		c.transposed.MulAdd(patches, depth, d.Data[at*d.Stride:], d.Stride, count)
		for i := range count {
			y, x := (at+i)/d.Size*s.Stride-s.Pad, (at+i)%d.Size*s.Stride-s.Pad
			scatter(dst, patches[i*depth:(i+1)*depth], y, x, s.Kernel)
		}
	}
}

// scatter adds a window's values to the map they were gathered from.
func scatter(dst Map, window []float32, top, left, kernel int) {
	for y := top; y < top+kernel; y++ {
		for x := left; x < left+kernel; x++ {
			if y >= 0 && y < dst.Size && x >= 0 && x < dst.Size {
				for c, v := range window[:dst.Channels] {
					dst.Data[(y*dst.Size+x)*dst.Stride+c] += v
				}
			}
			window = window[dst.Channels:]
		}
	}
}
