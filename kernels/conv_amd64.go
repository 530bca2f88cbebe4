//go:build !noasm

package kernels

// The AVX2 tile. VPMADDWD multiplies int16 and adds pairs of products, so
// inputs and weights are widened, and the weights of two k are interleaved.
const (
	tilePixels   = 4
	tileChannels = 16 // of a panel
	maxDepth     = 2048
)

// convAVX2 is a convolution packed for AVX2. Panels are padded with zeros.
type convAVX2 struct {
	foldedConv
	packedDepth int       // depth, rounded up to even
	panels      []int16   // weights, [panel][packedDepth/2][16][2]
	bias        []int32   // [panel][16]
	multiplier  []float32 // [panel][16]
}

// packAVX2 leaves a convolution deeper than maxDepth, whose patch would not fit
// the stack buffer, to the plain loop.
func packAVX2(c foldedConv) packedConv {
	if c.depth() > maxDepth {
		return packGeneric(c)
	}
	depth := (c.depth() + 1) &^ 1
	panels := (c.Out + tileChannels - 1) / tileChannels
	p := &convAVX2{
		foldedConv:  c,
		packedDepth: depth,
		panels:      make([]int16, panels*depth*tileChannels),
		bias:        make([]int32, panels*tileChannels),
		multiplier:  make([]float32, panels*tileChannels),
	}
	copy(p.bias, c.bias)
	copy(p.multiplier, c.Multiplier)
	for o := range c.Out {
		panel := p.panels[o/tileChannels*depth*tileChannels:]
		for k, w := range c.filter(o) {
			panel[(k/2*tileChannels+o%tileChannels)*2+k%2] = int16(w)
		}
	}
	p.Weights = nil
	return p
}

func (c *convAVX2) name() string { return "4x16 AVX2" }

func (c *convAVX2) bytes() int { return 2 * len(c.panels) }

func (c *convAVX2) block(dst, src Map, width int, rows, channels Span) {
	var patch patchAVX2
	var acc tileAVX2
	var out [tileChannels]int8
	for y := rows.From; y < rows.To; y++ {
		for x := 0; x < width; x += tilePixels {
			count := min(tilePixels, width-x)
			for i := range count {
				c.widen(patch[i*c.packedDepth:], src.At(y*c.Stride, (x+i)*c.Stride, 0))
			}
			for o := channels.From; o < channels.To; o += tileChannels {
				c.accumulateTile(&acc, &patch, o)
				for i := range count {
					requantize16(&out, &acc[i*tileChannels], &c.multiplier[o])
					copy(dst.At(y, x+i, o).Data, out[:min(tileChannels, channels.To-o)])
				}
			}
		}
	}
}

func (c *convAVX2) sums(sums []int64, src Map, width, height int, channels Span) {
	var patch patchAVX2
	var acc tileAVX2
	for at := 0; at < width*height; at += tilePixels {
		count := min(tilePixels, width*height-at)
		for i := range count {
			c.widen(patch[i*c.packedDepth:], src.At((at+i)/width, (at+i)%width, 0))
		}
		for o := channels.From &^ (tileChannels - 1); o < channels.To; o += tileChannels {
			c.accumulateTile(&acc, &patch, o)
			for j := max(o, channels.From); j < min(o+tileChannels, channels.To); j++ {
				for i := range count {
					sums[j] += int64(max(acc[i*tileChannels+j-o], 0))
				}
			}
		}
	}
}

type (
	patchAVX2 [tilePixels * maxDepth]int16     // windows, [pixel][packedDepth]
	tileAVX2  [tilePixels * tileChannels]int32 // accumulators, [pixel][channel]
)

// widen copies the window that starts at the map's first byte to int16.
func (c *convAVX2) widen(dst []int16, window Map) {
	length := c.Kernel * c.In // of a row of the window
	for y := range c.Kernel {
		row := window.Data[y*window.Row:][:length]
		d := dst[y*length:][:length]
		if whole := length &^ 15; whole > 0 {
			widen16(&d[0], &row[0], whole)
			row, d = row[whole:], d[whole:]
		}
		for k, v := range row {
			d[k] = int16(v)
		}
	}
}

// accumulateTile computes the accumulators of the 16 channels from o on.
func (c *convAVX2) accumulateTile(acc *tileAVX2, patch *patchAVX2, o int) {
	for i := range tilePixels {
		copy(acc[i*tileChannels:(i+1)*tileChannels], c.bias[o:o+tileChannels])
	}
	tile4x16AVX2(&acc[0], &patch[0], &c.panels[o*c.packedDepth], c.packedDepth)
}

// tile4x16AVX2 adds to acc[i][j] the sum over k of
// patch[i*depth+k]*weights[k/2][j][k%2].
//
//go:noescape
func tile4x16AVX2(acc *int32, patch *int16, weights *int16, depth int)

// requantize16 is Requantize for 16 channels.
//
//go:noescape
func requantize16(dst *[tileChannels]int8, acc *int32, multiplier *float32)

// widen16 sign-extends n bytes, a multiple of 16.
//
//go:noescape
func widen16(dst *int16, src *int8, n int)
