//go:build !noasm

package kernels

import "fmt"

// tiling is the shape of a micro-kernel. It computes a tile of
// output pixels by output channels (a panel), in registers for the whole depth
// of the windows.
type tiling struct {
	pixels   int // of a tile
	channels int // of a panel
	chunk    int // bytes: windows are gathered unless the bytes of an input pixel are a multiple
}

// The largest tile of all.
const maxPixels, maxChannels = 4, 16

// The limits of a call, chosen by measuring whole networks with
// tools/cyclebench.
const (
	// callBytes of weights stay in the L1 data cache, 32 KiB on a Cortex-A53
	// and A72, while all pixels pass. So each weight is fetched once per frame.
	callBytes = 16 << 10

	// maxCallChannels and maxCallPixels bound the output of a call.
	maxCallChannels = 256
	maxCallPixels   = 112

	// maxCallProducts bounds the time of a call, in which the goroutine cannot
	// be preempted, to less than a millisecond on a Cortex-A53.
	maxCallProducts = 2 << 20
)

// tileArgs are the arguments of a micro-kernel: a range of tiles along the
// pixels by a range of panels. The call advances src and dst to the last tile.
type tileArgs struct {
	src        [maxPixels]*int8 // the window of each pixel
	dst        [maxPixels]*int8 // the first output byte of each pixel
	srcStep    int              // bytes from a tile's windows to the next one's
	dstStep    int
	tiles      int
	weights    *int8    // packed, panel by panel
	bias       *int32   // [panels][channels]
	multiplier *float32 // [panels][channels]
	offset     *float32 // [panels][channels], of mantissaRequant
	sums       *int64   // [panels][channels]
	panels     int
	count      int // pixels of a tile that are summed, the last ones

	rows int // of a window
	skip int // bytes from the end of a row of a window to the next

	// A row of a window, for dotprod:
	blocks int // of 16 bytes
	groups int // of four bytes after them

	// For neon:
	runs    *run   // [panels][…]
	advance [3]int // bytes by which the windows advance, by what follows a run
}

// tiledConv is what the neon and the dotprod convolutions share.
type tiledConv struct {
	foldedConv
	tiling
	packedDepth int              // depth, rounded up to chunks
	gather      bool             // windows are copied to contiguous memory
	callPanels  int              // panels of a call, at most
	callTiles   int              // tiles of a call, at most
	packed      []int8           // weights, [panel][…]
	bias        []int32          // [panel][channels]
	multiplier  []float32        // [panel][channels]
	mantissa    *mantissaRequant // nil unless fitsMantissa
}

// tiledKernel is a *neonConv or a *dotprodConv. What they do differently is
// called by type switches, not by methods of the interface: through an interface
// the compiler cannot see that tileArgs do not escape, and would allocate them.
type tiledKernel packedConv

// newTiled plans a convolution; packing its weights is left to the caller. It
// returns false if the windows have to be gathered and are too long for that.
func newTiled(c foldedConv, t tiling) (tiledConv, bool) {
	depth := (c.depth() + t.chunk - 1) / t.chunk * t.chunk
	gather := c.In%t.chunk != 0
	if gather && depth*t.pixels > patchBytes {
		return tiledConv{}, false
	}
	channels := (c.Out + t.channels - 1) / t.channels * t.channels
	p := tiledConv{
		foldedConv:  c,
		tiling:      t,
		packedDepth: depth,
		gather:      gather,
		callPanels:  min(max(1, callBytes/(depth*t.channels)), maxCallChannels/t.channels),
		bias:        make([]int32, channels),
		multiplier:  make([]float32, channels),
	}
	p.callTiles = min(maxCallPixels, max(t.pixels, maxCallProducts/(depth*t.channels*p.callPanels))) / t.pixels
	if gather {
		p.callTiles = min(p.callTiles, patchBytes/(depth*t.pixels))
	}
	copy(p.bias, c.bias)
	copy(p.multiplier, c.Multiplier)
	if fitsMantissa(&c) {
		p.mantissa = newMantissaRequant(p.bias, p.multiplier)
	}
	return p, true
}

// packFilters copies the weights into the panels, [panel][packedDepth/chunk][channels][chunk].
func (c *tiledConv) packFilters() {
	for o := range c.Out {
		panel, at := c.packedPanel(o), o%c.channels*c.chunk
		for filter := c.filter(o); len(filter) > 0; at += c.channels * c.chunk {
			filter = filter[copy(panel[at:at+c.chunk], filter):]
		}
	}
}

// nameFor names the micro-kernel. Those for accumulators that fit a mantissa
// are called small in reports.
func (c *tiledConv) nameFor(set string) string {
	if c.mantissa != nil {
		set = "small " + set
	}
	return fmt.Sprintf("%dx%d %s", c.pixels, c.channels, set)
}

func (c *tiledConv) bytes() int { return len(c.packed) }

// panel returns the number of the panel of channel o.
func (c *tiledConv) panel(o int) int { return o / c.channels }

// packedPanel returns the packed weights from the panel of channel o on.
func (c *tiledConv) packedPanel(o int) []int8 {
	return c.packed[c.panel(o)*c.packedDepth*c.channels:]
}

// window returns the rows of a window and their length as the micro-kernels see
// them: a gathered window is one row.
func (c *tiledConv) window() (rows, length int) {
	if c.gather {
		return 1, c.packedDepth
	}
	return c.Kernel, c.Kernel * c.In
}

// prepare describes a call for a range of panels; row is Map.Row of the input.
func (c *tiledConv) prepare(k tiledKernel, t *tileArgs, panel, panels, row int) {
	rows, length := c.window()
	t.weights = &c.packed[panel*c.packedDepth*c.channels]
	t.bias = &c.bias[panel*c.channels]
	t.multiplier = &c.multiplier[panel*c.channels]
	t.panels, t.rows, t.skip = panels, rows, row-length
	switch k := k.(type) {
	case *neonConv:
		k.prepareRuns(t, panel, row)
	case *dotprodConv:
		t.blocks, t.groups = length/16, length%16/4
	}
}

// prepareCodes is prepare for accumulators that are requantized.
func (c *tiledConv) prepareCodes(k tiledKernel, t *tileArgs, panel, panels, row int) {
	c.prepare(k, t, panel, panels, row)
	if c.mantissa != nil {
		t.bias, t.offset = &c.mantissa.bias[panel*c.channels], &c.mantissa.offset[panel*c.channels]
	}
}

func (c *tiledConv) computeBlock(k tiledKernel, dst, src Map, width int, rows, channels Span) {
	w := c.walk(dst, src, width, rows)
	whole := c.panel(channels.To)
	for p := c.panel(channels.From); p < whole; p += c.callPanels {
		c.computePanels(k, p, min(c.callPanels, whole-p), dst.Data[p*c.channels:], src, w)
	}
	if whole*c.channels < channels.To {
		c.computeLastPanel(k, dst.Data[whole*c.channels:], src, w)
	}
}

// computePanels computes all pixels of a range of whole panels.
func (c *tiledConv) computePanels(k tiledKernel, panel, panels int, dst []int8, src Map, w pixelWalk) {
	var patch patch
	var at [maxPixels]pixelOffset
	var t tileArgs
	c.prepareCodes(k, &t, panel, panels, src.Row)
	t.dstStep = c.pixels * w.dst.pixel
	for w.left() > 0 {
		t.tiles = w.next(at[:c.pixels], c.callTiles)
		for i := range c.pixels {
			t.dst[i] = &dst[at[i].dst]
		}
		t.src, t.srcStep = c.windows(t.tiles, src, &at, &patch)
		callCodes(k, &t)
	}
}

// computeLastPanel computes all pixels of a last panel that has fewer channels
// than the tile.
func (c *tiledConv) computeLastPanel(k tiledKernel, dst []int8, src Map, w pixelWalk) {
	var patch patch
	var at [maxPixels]pixelOffset
	var codes [maxPixels][maxChannels]int8
	var t tileArgs
	c.prepareCodes(k, &t, c.panel(c.Out), 1, src.Row)
	for i := range codes {
		t.dst[i] = &codes[i][0]
	}
	for w.left() > 0 {
		t.tiles = w.next(at[:c.pixels], 1)
		t.src, t.srcStep = c.windows(t.tiles, src, &at, &patch)
		callCodes(k, &t)
		for i := range c.pixels {
			copy(dst[at[i].dst:], codes[i][:c.Out%c.channels])
		}
	}
}

func (c *tiledConv) computeSums(k tiledKernel, sums []int64, src Map, width, height int, channels Span) {
	w := c.walk(Map{}, src, width, Span{0, height})
	var callSums [maxCallChannels]int64
	for p := c.panel(channels.From); p*c.channels < channels.To; p += c.callPanels {
		clear(callSums[:])
		panels := min(c.callPanels, c.panel(channels.To-1)+1-p)
		var t tileArgs
		c.prepare(k, &t, p, panels, src.Row)
		t.sums = &callSums[0]
		c.sumPanels(k, t, src, w)
		first := p * c.channels
		for o := max(first, channels.From); o < min(first+panels*c.channels, channels.To); o++ {
			sums[o] += callSums[o-first]
		}
	}
}

// sumPanels sums all pixels of the given panels.
func (c *tiledConv) sumPanels(k tiledKernel, t tileArgs, src Map, w pixelWalk) {
	var patch patch
	var at [maxPixels]pixelOffset
	for w.left() > 0 {
		t.count = min(w.left(), c.pixels)
		t.tiles = w.next(at[:c.pixels], c.callTiles)
		t.src, t.srcStep = c.windows(t.tiles, src, &at, &patch)
		callSums(k, &t)
	}
}

// callCodes writes the codes of the given tiles.
func callCodes(k tiledKernel, t *tileArgs) {
	switch k := k.(type) {
	case *neonConv:
		k.callCodes(t)
	case *dotprodConv:
		k.callCodes(t)
	}
}

// callSums adds the accumulators of the given tiles to the sums of the head.
func callSums(k tiledKernel, t *tileArgs) {
	switch k.(type) {
	case *neonConv:
		sums3x4NEON(t)
	case *dotprodConv:
		sums4x16Dotprod(t)
	}
}

// windows returns the windows of the first tile, in the map or gathered, and
// the bytes from a tile's windows to the next one's. It returns them instead of
// storing them in tileArgs because a pointer to patch that is stored through a
// pointer would move patch to the heap.
func (c *tiledConv) windows(tiles int, src Map, at *[maxPixels]pixelOffset, patch *patch) (first [maxPixels]*int8, step int) {
	if c.gather {
		c.gatherWindows(tiles, src, at, patch)
		for i := range c.pixels {
			first[i] = &patch[i*c.packedDepth]
		}
		return first, c.pixels * c.packedDepth
	}
	for i := range c.pixels {
		first[i] = &src.Data[at[i].src]
	}
	return first, c.pixels * c.Stride * src.Pixel
}

// pixelOffset is where the window and the output of a pixel start, in bytes.
type pixelOffset struct{ src, dst int }

// strides are the bytes from a row and from a pixel to the next.
type strides struct{ row, pixel int }

// pixelWalk iterates over the output pixels of a range of rows.
type pixelWalk struct {
	first    pixelOffset
	src, dst strides
	width    int
	pixels   int
	done     int
}

// walk starts a walk. It panics unless all windows and outputs are inside the
// maps, because the assembly does not check. dst.Data is nil if there is no
// output.
func (c *tiledConv) walk(dst, src Map, width int, rows Span) pixelWalk {
	row, pixel := c.Stride*src.Row, c.Stride*src.Pixel
	_ = src.Data[(rows.To-1)*row+(width-1)*pixel+(c.Kernel-1)*src.Row+c.Kernel*c.In-1]
	if dst.Data != nil {
		_ = dst.Data[(rows.To-1)*dst.Row+(width-1)*dst.Pixel+c.Out-1]
	}
	return pixelWalk{
		first:  pixelOffset{rows.From * row, rows.From * dst.Row},
		src:    strides{row, pixel},
		dst:    strides{dst.Row, dst.Pixel},
		width:  width,
		pixels: (rows.To - rows.From) * width,
	}
}

// left returns the number of pixels left.
func (w *pixelWalk) left() int { return w.pixels - w.done }

// next stores the pixels of the next tile in at and returns the number of tiles
// of the next call: up to limit tiles in the same row, or one that continues in
// the next row. The last tile ends at the last pixel. It therefore repeats
// pixels that are done if too few are left, and the first pixel if the walk has
// fewer pixels than a tile.
func (w *pixelWalk) next(at []pixelOffset, limit int) int {
	from := min(w.done, w.pixels-len(at))
	tiles := max(1, min((w.width-from%w.width)/len(at), limit))
	for i := range at {
		at[i] = w.offset(max(0, from+i))
	}
	w.done = from + tiles*len(at)
	return tiles
}

func (w *pixelWalk) offset(pixel int) pixelOffset {
	y, x := pixel/w.width, pixel%w.width
	return pixelOffset{
		w.first.src + y*w.src.row + x*w.src.pixel,
		w.first.dst + y*w.dst.row + x*w.dst.pixel,
	}
}
