package kernels

// generic is the reference in plain Go. Every other implementation must equal
// it bit for bit.
var generic = implementation{
	name:    "generic",
	conv:    func(c *Conv) convKernel { return convGeneric{c} },
	maxPool: maxPoolGeneric,
	picture: pictureGeneric,
}

// convGeneric needs nothing but the convolution itself.
type convGeneric struct{ *Conv }

func (c convGeneric) name() string { return "plain loop" }

func (c convGeneric) bytes() int { return len(c.weights) }

func (c convGeneric) block(dst, src Map, width int, rows, channels Span) {
	for y := rows.From; y < rows.To; y++ {
		for x := range width {
			window := src.At(y*c.Stride, x*c.Stride, 0)
			pixel := dst.At(y, x, 0).Data
			for o := channels.From; o < channels.To; o++ {
				pixel[o] = Requantize(c.accumulate(window, o), c.multiplier[o])
			}
		}
	}
}

func (c convGeneric) sums(sums []int64, src Map, width, height, from, to int) {
	for o := from; o < to; o++ {
		for y := range height {
			for x := range width {
				sums[o] += int64(max(c.accumulate(src.At(y, x, 0), o), 0))
			}
		}
	}
}

// accumulate is one output channel's sum over the kernel's window, which
// begins at the map's first byte: Kernel runs of Kernel*In bytes, a row apart.
func (c *Conv) accumulate(window Map, o int) int32 {
	acc := c.bias[o]
	run := c.Kernel * c.In
	weights := c.weights[o*c.Kernel*run : (o+1)*c.Kernel*run]
	for y := range c.Kernel {
		acc += dot(window.Data[y*window.Row:y*window.Row+run], weights[y*run:(y+1)*run])
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

func maxPoolGeneric(dst, src Map, channels, size, width, from, to int) {
	for y := from; y < to; y++ {
		for x := range width {
			window := src.At(2*y, 2*x, 0)
			pixel := dst.At(y, x, 0).Data[:channels]
			maxWindow(pixel, window, min(3, size-2*y), min(3, size-2*x))
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
