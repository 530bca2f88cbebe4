package kernels

// generic is the reference in plain Go. Every other backend must return the
// same bits.
var generic = backend{packGeneric, maxPoolGeneric}

// convGeneric is a convolution whose weights stay as they are.
type convGeneric struct{ foldedConv }

func packGeneric(c foldedConv) packedConv { return convGeneric{c} }

func (c convGeneric) name() string { return "plain loop" }

func (c convGeneric) bytes() int { return len(c.Weights) }

func (c convGeneric) block(dst, src Map, width int, rows, channels Span) {
	for y := rows.From; y < rows.To; y++ {
		for x := range width {
			window := src.At(y*c.Stride, x*c.Stride, 0)
			pixel := dst.At(y, x, 0).Data
			for o := channels.From; o < channels.To; o++ {
				pixel[o] = Requantize(c.accumulate(window, o), c.Multiplier[o])
			}
		}
	}
}

func (c convGeneric) sums(sums []int64, src Map, width, height int, channels Span) {
	for o := channels.From; o < channels.To; o++ {
		for y := range height {
			for x := range width {
				sums[o] += int64(max(c.accumulate(src.At(y, x, 0), o), 0))
			}
		}
	}
}

// accumulate returns the accumulator of output channel o for the window that
// starts at the map's first byte: Kernel rows of Kernel*In contiguous bytes.
func (c *foldedConv) accumulate(window Map, o int) int32 {
	acc := c.bias[o]
	length := c.Kernel * c.In // of a row of the window
	weights := c.filter(o)
	for y := range c.Kernel {
		acc += dot(window.Data[y*window.Row:][:length], weights[y*length:(y+1)*length])
	}
	return acc
}

func dot(x, w []int8) int32 {
	var acc int32
	for i, v := range x {
		acc += int32(v) * int32(w[i])
	}
	return acc
}

func maxPoolGeneric(dst, src Map, p PoolSpec, rows Span) {
	for y := rows.From; y < rows.To; y++ {
		for x := range p.Out {
			window := src.At(2*y, 2*x, 0)
			pixel := dst.At(y, x, 0).Data[:p.Channels]
			maxWindow(pixel, window, min(3, p.In-2*y), min(3, p.In-2*x))
		}
	}
}

func maxWindow(dst []int8, window Map, height, width int) {
	copy(dst, window.Data)
	for y := range height {
		for x := range width {
			for c, v := range window.At(y, x, 0).Data[:len(dst)] {
				dst[c] = max(dst[c], v)
			}
		}
	}
}
