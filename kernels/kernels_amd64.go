package kernels

import "golang.org/x/sys/cpu"

// ofMachine lists the implementations beside the plain loops.
func ofMachine() []implementation {
	if !cpu.X86.HasAVX2 {
		return nil
	}
	return []implementation{{name: "avx2", conv: packAVX2, maxPool: maxPoolVector}}
}

// The AVX2 version multiplies in tiles of tilePixels output pixels by
// tileChannels output channels. VPMADDWD adds the products of two pairs of
// 16-bit numbers, so inputs and weights are widened, and weights are packed
// by pairs of k: [panel of 16 channels][depth/2][16][2], filled up with zeros.
const (
	tilePixels   = 4
	tileChannels = 16
	maxDepth     = 2048 // deeper convolutions are left to the plain loop
)

// convAVX2 is a convolution packed for the AVX2 version.
type convAVX2 struct {
	foldedConv
	depth      int       // weights of an output channel, rounded up to even
	panels     []int16   // [panel][depth/2][16][2]
	bias       []int32   // [panel][16]
	multiplier []float32 // [panel][16]
}

// packAVX2 makes a convolution ready; the plain loop must serve a deep one.
func packAVX2(c foldedConv) packedConv {
	each := c.depth()
	if each > maxDepth {
		return convGeneric{c}
	}
	depth := (each + 1) &^ 1
	panels := (c.Out + tileChannels - 1) / tileChannels
	p := &convAVX2{
		foldedConv: c,
		depth:      depth,
		panels:     make([]int16, panels*depth*tileChannels),
		bias:       make([]int32, panels*tileChannels),
		multiplier: make([]float32, panels*tileChannels),
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
	var patch [tilePixels * maxDepth]int16
	var acc [tilePixels * tileChannels]int32
	var out [tileChannels]int8
	for y := rows.From; y < rows.To; y++ {
		for x := 0; x < width; x += tilePixels {
			count := min(tilePixels, width-x)
			for i := range count {
				c.widen(patch[i*c.depth:], src.At(y*c.Stride, (x+i)*c.Stride, 0))
			}
			for o := channels.From; o < channels.To; o += tileChannels {
				c.tile(&acc, &patch, o)
				for i := range count {
					requantize16(&out, &acc[i*tileChannels], &c.multiplier[o])
					copy(dst.At(y, x+i, o).Data, out[:min(tileChannels, channels.To-o)])
				}
			}
		}
	}
}

func (c *convAVX2) sums(sums []int64, src Map, width, height int, channels Span) {
	var patch [tilePixels * maxDepth]int16
	var acc [tilePixels * tileChannels]int32
	for at := 0; at < width*height; at += tilePixels {
		count := min(tilePixels, width*height-at)
		for i := range count {
			c.widen(patch[i*c.depth:], src.At((at+i)/width, (at+i)%width, 0))
		}
		for o := channels.From &^ (tileChannels - 1); o < channels.To; o += tileChannels {
			c.tile(&acc, &patch, o)
			for j := max(o, channels.From); j < min(o+tileChannels, channels.To); j++ {
				for i := range count {
					sums[j] += int64(max(acc[i*tileChannels+j-o], 0))
				}
			}
		}
	}
}

// widen copies the kernel's window, which begins at the map's first byte, to
// 16-bit numbers.
func (c *convAVX2) widen(dst []int16, window Map) {
	run := c.Kernel * c.In
	for y := range c.Kernel {
		row := window.Data[y*window.Row:][:run]
		d := dst[y*run:][:run]
		if whole := run &^ 15; whole > 0 {
			widen16(&d[0], &row[0], whole)
			row, d = row[whole:], d[whole:]
		}
		for k, v := range row {
			d[k] = int16(v)
		}
	}
}

// tile computes the accumulators of four pixels and 16 channels from o on.
func (c *convAVX2) tile(acc *[tilePixels * tileChannels]int32, patch *[tilePixels * maxDepth]int16, o int) {
	for i := range tilePixels {
		copy(acc[i*tileChannels:(i+1)*tileChannels], c.bias[o:o+tileChannels])
	}
	tile4x16(&acc[0], &patch[0], &c.panels[o*c.depth], c.depth)
}

// tile4x16 adds to acc[i][j] the sum over k of patch[i*depth+k]*weights[k/2][j][k%2].
//
//go:noescape
func tile4x16(acc *int32, patch *int16, weights *int16, depth int)

// requantize16 is Requantize for 16 channels.
//
//go:noescape
func requantize16(dst *[tileChannels]int8, acc *int32, multiplier *float32)

// widen16 sign-extends n bytes, a multiple of 16.
//
//go:noescape
func widen16(dst *int16, src *int8, n int)
