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
	p.BackwardTo(0, dLogits, visit)
}

// BackwardTo is Backward without the layers before first: it neither visits
// them nor computes what only they need.
func (p *Pass) BackwardTo(first int, dLogits []float32, visit func(layer int, gradient Map)) {
	end := p.f.graph.Convolutions[first].Output // the earliest tensor whose gradient is needed
	p.prepareGradients(end)
	p.averageGradient(dLogits)
	for i := len(p.gradients) - 1; i >= end; i-- {
		t, added := p.f.graph.Tensors[i], Map{}
		if t.Adds != model.None {
			added = p.bypassed(i)
			if t.Adds >= end {
				p.bypassGradient(t.Adds, i)
			}
		}
		for _, s := range slices.Backward(t.Writers) {
			switch {
			case s.Kind == model.Pool:
				if s.Input >= end {
					p.poolGradient(s)
				}
			case s.Layer >= first:
				p.convGradient(s, added, visit, s.Input >= end)
			}
		}
		p.release(i)
	}
}

// convGradient visits a convolution with the derivative with respect to its
// output and, if the tensor that it reads needs it, adds the one with respect to
// its input to that tensor's. added is the tensor that a bypass has added to the
// output; its Data is nil without a bypass.
func (p *Pass) convGradient(s model.Step, added Map, visit func(layer int, gradient Map), needed bool) {
	d := p.gradients[s.Output].Slice(s.Channel, s.Out)
	if added.Data != nil {
		added = added.Slice(s.Channel, s.Out)
	}
	if !s.Linear && !p.gatedByPool(s.Output) {
		p.gate(d, p.output(s), added)
	}
	visit(s.Layer, d)
	if needed {
		in, started := p.gradient(s.Input)
		p.f.convs[s.Layer].inputGradient(in, d, started, &p.scratch)
		if s.Kind == model.Conv10 && p.mask != nil {
			multiply(in.Data, in.Data, p.mask)
		}
	}
}

// bypassGradient adds the derivative with respect to a tensor to that of another,
// which a bypass adds to it.
func (p *Pass) bypassGradient(added, tensor int) {
	sum, started := p.gradient(added)
	if !started {
		clear(sum.Data)
	}
	Add(sum, p.gradients[tensor])
}

// poolGradient computes the derivative with respect to a pool's input, which only
// the pool reads.
func (p *Pass) poolGradient(s model.Step) {
	d, out := p.gradients[s.Output], p.maps[s.Output]
	if p.gatedByPool(s.Input) {
		p.gate(d, out, Map{})
	}
	in, _ := p.gradient(s.Input)
	maxPoolGradient(in, d, p.maps[s.Input], out)
}

// gatedByPool reports whether a tensor's gates are closed at the output of the pool
// that reads it, which has a quarter of the elements. The result is the same: a
// derivative only reaches elements that equal the output.
func (p *Pass) gatedByPool(tensor int) bool {
	t := p.f.graph.Tensors[tensor]
	return t.Adds == model.None && len(t.Readers) == 1 && t.Readers[0].Kind == model.Pool
}

// prepareGradients prepares for gradients of the tensors from end on.
func (p *Pass) prepareGradients(end int) {
	if p.gradients == nil {
		p.gradients = make([]Map, len(p.maps))
	}
	for _, m := range p.maps[end:] {
		if p.largest < len(m.Data) {
			p.largest, p.free = len(m.Data), nil
		}
	}
}

// gradient returns the gradient of a tensor, and whether a part of its sum was
// added before. If not, its contents are undefined.
func (p *Pass) gradient(tensor int) (m Map, started bool) {
	if m = p.gradients[tensor]; m.Data != nil {
		return m, true
	}
	if len(p.free) == 0 {
		p.free = append(p.free, make([]float32, p.largest))
	}
	m = p.maps[tensor]
	last := len(p.free) - 1
	m.Data, p.free = p.free[last][:len(m.Data)], p.free[:last]
	p.gradients[tensor] = m
	return m, false
}

// release makes the memory of a gradient available to others. Few are in use at a
// time, and memory used before is more likely in the cache.
func (p *Pass) release(tensor int) {
	p.free = append(p.free, p.gradients[tensor].Data[:p.largest])
	p.gradients[tensor].Data = nil
}

// averageGradient distributes the derivative with respect to the logits over the
// head's output.
func (p *Pass) averageGradient(dLogits []float32) {
	d, _ := p.gradient(p.f.graph.Head().Output)
	for c, v := range dLogits {
		d.Data[c] = v / float32(d.Size*d.Size)
	}
	fill(d.Data[d.Channels:], d.Data[:d.Channels])
}

// gate sets the derivative to zero where the ReLU was closed: where its output,
// less what a bypass has added to it, is not above zero.
func (p *Pass) gate(d, out, added Map) {
	if added.Data == nil {
		added.Data = reuse(&p.scratch.zeros, d.Channels)
	}
	closeGates(d.Data, d.Stride, out.Data, out.Stride, added.Data, added.Stride, d.Channels, d.Size*d.Size)
}

// weightPixels is the number of pixels whose products are added to a weight gradient at
// a time: one map of 14x14 pixels of v1.1. The largest gradients belong to such maps.
// With their patches they exceed the L2 cache, so they are read and written only once.
const weightPixels = 14 * 14

// WeightGradient adds the derivative with respect to a convolution's weights to
// sum, [out][kernel y][kernel x][in], given the derivative d with respect to its
// output before the ReLU. Pixels are added in order.
func (p *Pass) WeightGradient(layer int, d Map, sum []float32) {
	s, rows := p.f.graph.Convolutions[layer], &p.scratch.packed
	in := p.input(s)
	depth, pixels := s.Kernel*s.Kernel*s.In, s.OutSize*s.OutSize
	// Rows are padded to whole panels here once, not in each product.
	width := (depth + tileColumns - 1) / tileColumns * tileColumns
	padded := target{sum, depth, s.Out}
	if width != depth {
		padded = target{reuse(&p.scratch.sums, s.Out*width), width, s.Out}
		padded.copy(target{sum, depth, s.Out}, depth)
	}
	for at := 0; at < pixels; at += weightPixels {
		count := min(weightPixels, pixels-at)
		p.f.convs[s.Layer].packPatches(in, at, count, p.f.pad(s), &p.scratch)
		rows.columns = width // the padding too
		rows.mul(padded, padded, Left{d.Data[at*d.Stride:], 1, d.Stride})
	}
	if width != depth {
		target{sum, depth, s.Out}.copy(padded, depth)
	}
}

// inputGradient writes the derivative with respect to the convolution's input to
// dst, or adds it.
func (c *Conv) inputGradient(dst, d Map, add bool, scratch *Scratch) {
	s := c.step
	c.transposeOnce.Do(func() { c.transposed = Pack(c.unpacked, s.Out, s.Kernel*s.Kernel*s.In) })
	pixels := d.Size * d.Size
	depth := s.Kernel * s.Kernel * s.In
	zeros := target{data: reuse(&scratch.zeros, depth)}
	direct := s.Kernel == 1 && s.Pad == 0
	if !direct && !add {
		clear(dst.Data)
	}
	for at := 0; at < pixels; at += patchPixels {
		count, a := min(patchPixels, pixels-at), Left{d.Data[at*d.Stride:], d.Stride, 1}
		if direct {
			out := target{dst.Data[at*dst.Stride:], dst.Stride, count}
			start := out
			if !add {
				start = zeros
			}
			c.transposed.mul(out, start, a)
			continue
		}
		patches := reuse(&scratch.patches, count*depth)
		c.transposed.mul(target{patches, depth, count}, zeros, a)
		for w := range spans(at, count, d.Size) {
			c.scatter(dst, patches[w.at*depth:], w)
		}
	}
}

// scatter adds windows of the kernel to a map, where gather would have read them:
// those of one row, in order. The map's pixels are contiguous.
func (c *Conv) scatter(dst Map, windows []float32, w span) {
	s := c.step
	depth := s.Kernel * s.Kernel * s.In
	for ky := range s.Kernel {
		y := w.y*s.Stride - s.Pad + ky
		if y < 0 || y >= dst.Size {
			continue
		}
		// Of two windows that cover a pixel, the earlier one has the larger kx.
		for kx := s.Kernel - 1; kx >= 0; kx-- {
			left := w.x*s.Stride - s.Pad + kx
			from, to := inside(left, s.Stride, w.count, dst.Size)
			if from < to {
				at := (y*dst.Size + left + from*s.Stride) * dst.Channels
				addRuns(dst.Data[at:], s.Stride*dst.Channels, windows[from*depth+(ky*s.Kernel+kx)*s.In:], depth, s.In, to-from)
			}
		}
	}
}
