//go:build !noasm

package kernels

import (
	"fmt"
	"sync/atomic"

	"halfmeg/kernels/internal/isa"
)

// panelChannels is the number of channels of a panel on amd64.
const panelChannels = 16

// tiling is the shape of a micro-kernel. It computes a tile of output pixels by one
// or more panels. A tile consists of units of neighbouring pixels. Its units may be
// anywhere in the output, so a row need not be a multiple of the tile.
type tiling struct {
	units  int // of a tile
	unit   int // pixels of a unit
	panels int // of a tile, at most
}

// The largest tile of all: [maxPixels][maxChannels].
const (
	maxUnits    = 3
	maxPixels   = 14
	maxChannels = 32
)

func (t tiling) pixels() int { return t.units * t.unit }

// Sizes. Whole networks take the same time, within 4 % on a Zen 5, for stages of 16
// to 64 KiB and calls of 8 to 24 KiB.
const (
	// stageBytes of input are staged together.
	stageBytes = 32 << 10

	// stageSlack is how far the last group of four bytes may reach past them.
	stageSlack = 4

	// callBytes of weights stay in the L1 data cache, 32 KiB or more, while all
	// staged pixels pass.
	callBytes = 16 << 10
)

// tileArgs are the arguments of a micro-kernel: a tile of pixels by a range of
// panels.
type tileArgs struct {
	src        [maxUnits]*uint8 // the window of the first pixel of each unit
	dst        [maxUnits]*int8  // its first output byte; nil to store accumulators only
	srcStep    int              // bytes from a pixel of a unit to the next
	dstStep    int
	rows       int // of a window
	rowStep    int // bytes from a row of the windows to the next
	groups     int // of four bytes, in a row of a window
	weights    *int8
	panelBytes int      // from a panel of the weights to the next
	bias       *int32   // [channels]
	multiplier *float32 // [channels]
	acc        *int32   // [pixel][channels]: the accumulators, if dst is nil; else scratch
	channels   int      // 16 for each panel
	runs       *run     // for AVX2
}

// scratch is the memory of a call. It is reused, because it is too large to be
// cleared for each operation of a frame.
type scratch struct {
	stage [stageBytes + stageSlack]uint8
	acc   [maxPixels * maxChannels]int32  // [pixel][channel of the tile]
	codes [maxPixels * panelChannels]int8 // of a tile that is only partly stored
	args  tileArgs
}

// scratches holds those that are free. A sync.Pool would allocate again after a
// garbage collection.
var scratches [64]atomic.Pointer[scratch]

func takeScratch() *scratch {
	for i := range scratches {
		if s := scratches[i].Load(); s != nil && scratches[i].CompareAndSwap(s, nil) {
			return s
		}
	}
	return new(scratch)
}

func (s *scratch) free() {
	s.args = tileArgs{} // a free scratch must not keep an engine's memory alive
	for i := range scratches {
		if scratches[i].Load() == nil && scratches[i].CompareAndSwap(nil, s) {
			return
		}
	}
}

// tiledConv is a convolution packed for a family of micro-kernels. Panels are
// padded with zeros.
//
// All families multiply unsigned inputs by signed weights, four k at a time. The
// inputs are therefore staged: copied, as codes, to scratch.stage. The micro-kernel
// reads the windows there in place. A row of a window is padded to whole groups of
// four bytes by zero weights.
type tiledConv struct {
	ConvSpec
	tiling
	set        isa.Set
	groups     int       // of a row of a window
	panelBytes int       // of the packed weights
	callPanels int       // of a call, at most
	packed     []int8    // weights, [panel][Kernel][groups][16][4]
	bias       []int32   // [panel][16]
	multiplier []float32 // [panel][16]

	// For AVX2, whose panels differ in length:
	runs      []run
	firstRun  []int // by panel
	firstByte []int // by panel, in packed
}

// packerFor returns the function that packs convolutions for an instruction set.
func packerFor(set isa.Set, t tiling) func(foldedConv) packedConv {
	return func(f foldedConv) packedConv {
		shape := tiledConv{ConvSpec: f.ConvSpec, tiling: t}
		if shape.pitch(t.unit)*f.Kernel > stageBytes {
			return packGeneric(f) // a unit of pixels does not fit the stage
		}
		return newTiled(f, set, t)
	}
}

func newTiled(f foldedConv, set isa.Set, t tiling) *tiledConv {
	panels := (f.Out + panelChannels - 1) / panelChannels
	c := &tiledConv{
		ConvSpec:   f.ConvSpec,
		tiling:     t,
		set:        set,
		groups:     (f.Kernel*f.In + 3) / 4,
		bias:       make([]int32, panels*panelChannels),
		multiplier: make([]float32, panels*panelChannels),
	}
	copy(c.bias, f.Bias)
	copy(c.multiplier, f.Multiplier)
	c.panelBytes = c.Kernel * c.groups * 4 * panelChannels
	c.callPanels = max(t.panels, callBytes/c.panelBytes/t.panels*t.panels)
	if set == isa.AVX2 {
		c.packRuns()
	} else {
		c.pack()
	}
	c.Weights = nil
	return c
}

// pack packs the weights of all panels.
func (c *tiledConv) pack() {
	c.packed = make([]int8, len(c.bias)/panelChannels*c.panelBytes)
	for p := range len(c.bias) / panelChannels {
		for y := range c.Kernel {
			for g := range c.groups {
				*c.step((p*c.Kernel+y)*c.groups + g) = c.weightsOf(p, y, g)
			}
		}
	}
}

// stepWeights are four k of each channel of a panel, [16][4].
type stepWeights [4 * panelChannels]int8

// step returns the n-th step of the packed weights.
func (c *tiledConv) step(n int) *stepWeights {
	return (*stepWeights)(c.packed[n*len(stepWeights{}):])
}

// weightsOf returns the weights of a group of a row of the windows.
func (c *tiledConv) weightsOf(panel, row, group int) (w stepWeights) {
	length := c.Kernel * c.In
	for i := range min(panelChannels, c.Out-panel*panelChannels) {
		filter := c.Weights[((panel*panelChannels+i)*c.Kernel+row)*length:][:length]
		copy(w[4*i:4*i+4], filter[4*group:])
	}
	return w
}

func (c *tiledConv) name() string {
	set := map[isa.Set]string{isa.AVX2: "AVX2", isa.AVXVNNI: "AVX-VNNI", isa.AVX512VNNI: "AVX-512 VNNI"}[c.set]
	return fmt.Sprintf("%dx%d %s", c.pixels(), c.panels*panelChannels, set)
}

func (c *tiledConv) bytes() int { return len(c.packed) }

// pitch returns the bytes from a row of the stage to the next for the given number
// of output pixels. A row has room for a unit of windows at least.
func (c *tiledConv) pitch(width int) int {
	return (((max(width, c.unit)-1)*c.Stride+c.Kernel)*c.In + 3) &^ 3
}

// area is a rectangle of output pixels whose windows are staged together.
type area struct{ width, height int }

// area returns the size of the areas that an output of the given size is cut
// into. The rightmost area overlaps the one before.
func (c *tiledConv) area(width, height int) area {
	if c.pitch(width)*c.Kernel > stageBytes {
		for width = c.unit; c.pitch(width+c.unit)*c.Kernel <= stageBytes; width += c.unit {
		}
	}
	rows := stageBytes / c.pitch(width) // of the input
	return area{width, min(height, (rows-c.Kernel)/c.Stride+1)}
}

func (c *tiledConv) block(dst, src Map, width int, rows, channels Span) {
	// A bounds check for the assembly: the last byte written.
	_ = dst.Data[(rows.To-1)*dst.Row+(width-1)*dst.Pixel+channels.To-1]
	s := takeScratch()
	a := c.area(width, rows.To-rows.From)
	for y := rows.From; y < rows.To; y += a.height {
		a.height = min(a.height, rows.To-y)
		for x := 0; x < width; x += a.width {
			left := min(x, width-a.width)
			c.fill(s, src.At(y*c.Stride, left*c.Stride, 0), a)
			c.computeArea(s, dst.At(y, left, 0), a, channels)
		}
	}
	s.free()
}

// fill stages the windows of an area; src starts at its first window.
func (c *tiledConv) fill(s *scratch, src Map, a area) {
	pitch, length := c.pitch(a.width), ((a.width-1)*c.Stride+c.Kernel)*c.In
	for y := range (a.height-1)*c.Stride + c.Kernel {
		flip(s.stage[y*pitch:][:length], src.Data[y*src.Row:][:length])
	}
	s.args.srcStep = c.Stride * c.In
	s.args.rows, s.args.rowStep, s.args.groups = c.Kernel, pitch, c.groups
}

// flip converts stored bytes to codes. Both have the same length.
func flip(dst []uint8, src []int8) {
	if len(src) >= 32 {
		flipAVX2(&dst[0], &src[0], len(src))
		return
	}
	for i, b := range src {
		dst[i] = uint8(b) ^ 0x80
	}
}

// computeArea computes the codes of an area; dst starts at its first pixel.
func (c *tiledConv) computeArea(s *scratch, dst Map, a area, channels Span) {
	last := (channels.To + panelChannels - 1) / panelChannels
	whole := channels.To / panelChannels
	if a.width < c.unit {
		whole = 0
	}
	for p := channels.From / panelChannels; p < last; {
		if p >= whole {
			c.computePart(s, dst, a, p)
			p++
			continue
		}
		panels := min(c.callPanels, whole-p)
		c.prepare(s, p, panels)
		s.args.dstStep = dst.Pixel
		w := c.walk(dst, a)
		for range w.tiles() {
			for i := range c.units {
				s.args.src[i], s.args.dst[i] = &s.stage[w.src], &dst.Data[w.dst+p*panelChannels]
				w.next()
			}
			c.call(&s.args)
		}
		p += panels
	}
}

// computePart computes a panel that has fewer channels than the tile, or an area
// that is narrower than a unit.
func (c *tiledConv) computePart(s *scratch, dst Map, a area, panel int) {
	first := panel * panelChannels
	channels, pixels := min(panelChannels, c.Out-first), min(c.unit, a.width)
	c.prepare(s, panel, 1)
	s.args.dstStep = panelChannels
	for i := range c.units {
		s.args.dst[i] = &s.codes[i*c.unit*panelChannels]
	}
	w := c.walk(dst, a)
	for range w.tiles() {
		var at [maxUnits]int
		for i := range c.units {
			s.args.src[i], at[i] = &s.stage[w.src], w.dst+first
			w.next()
		}
		c.call(&s.args)
		for i := range c.units {
			for x := range pixels {
				copy(dst.Data[at[i]+x*dst.Pixel:][:channels], s.codes[(i*c.unit+x)*panelChannels:])
			}
		}
	}
}

func (c *tiledConv) sums(sums []int64, src Map, width, height int, channels Span) {
	s := takeScratch()
	s.args.dst = [maxUnits]*int8{}
	a := c.area(width, height)
	for y := 0; y < height; y += a.height {
		a.height = min(a.height, height-y)
		for x := 0; x < width; x += a.width {
			left := min(x, width-a.width)
			c.fill(s, src.At(y, left, 0), a)
			c.sumArea(s, sums, a, x-left, channels)
		}
	}
	s.free()
}

// sumArea adds max(accumulator, 0) of an area to the sums, from the given column
// on: the columns before it overlap another area.
func (c *tiledConv) sumArea(s *scratch, sums []int64, a area, from int, channels Span) {
	last := (channels.To + panelChannels - 1) / panelChannels
	for p := channels.From / panelChannels; p < last; p += c.panels {
		panels := min(c.panels, last-p)
		c.prepare(s, p, panels)
		var tileSums [maxChannels]int64
		w := c.walk(Map{}, a)
		for range w.tiles() {
			var first, end [maxUnits]int // pixels of each unit to sum
			for i := range c.units {
				s.args.src[i] = &s.stage[w.src]
				first[i], end[i] = w.fresh(from)
				w.next()
			}
			c.call(&s.args)
			for i := range c.units {
				if first[i] < end[i] {
					addSumsAVX2(&tileSums[0], &s.acc[(i*c.unit+first[i])*panels*panelChannels], end[i]-first[i], panels*panelChannels)
				}
			}
		}
		for o := max(p*panelChannels, channels.From); o < min((p+panels)*panelChannels, channels.To); o++ {
			sums[o] += tileSums[o-p*panelChannels]
		}
	}
}

// prepare describes a call for a range of panels.
func (c *tiledConv) prepare(s *scratch, panel, panels int) {
	t := &s.args
	t.acc, t.channels, t.panelBytes = &s.acc[0], panels*panelChannels, c.panelBytes
	t.bias, t.multiplier = &c.bias[panel*panelChannels], &c.multiplier[panel*panelChannels]
	if c.set == isa.AVX2 {
		t.weights, t.runs = &c.packed[c.firstByte[panel]], &c.runs[c.firstRun[panel]]
	} else {
		t.weights = &c.packed[panel*c.panelBytes]
	}
}

// call runs the micro-kernel.
func (c *tiledConv) call(t *tileArgs) {
	switch c.set {
	case isa.AVX512VNNI:
		tilesAVX512VNNI(t)
	case isa.AVXVNNI:
		tilesAVXVNNI(t)
	default:
		tilesAVX2(t)
	}
}

// unitWalk iterates over the units of an area, row by row. The last unit of a row
// ends at its last pixel. It therefore repeats pixels if the width is not a
// multiple of a unit.
type unitWalk struct {
	src, dst int // where the windows, and the output, of the first pixel start
	x, y     int // its position

	area
	c          *tiledConv
	pitch      int
	pixel, row int // of the output
}

func (c *tiledConv) walk(dst Map, a area) unitWalk {
	return unitWalk{area: a, c: c, pitch: c.Stride * c.pitch(a.width), pixel: dst.Pixel, row: dst.Row}
}

// tiles returns the number of tiles of the area.
func (w *unitWalk) tiles() int {
	units := (w.width + w.c.unit - 1) / w.c.unit * w.height
	return (units + w.c.units - 1) / w.c.units
}

// next moves to the next unit. It stays past the last pixel if there is none.
func (w *unitWalk) next() {
	w.x += w.c.unit
	if w.x >= w.width {
		if w.y+1 < w.height {
			w.x = 0
			w.y++
		} else {
			w.x = w.width
		}
	}
	x := max(0, min(w.x, w.width-w.c.unit))
	w.src = w.y*w.pitch + x*w.c.Stride*w.c.In
	w.dst = w.y*w.row + x*w.pixel
}

// fresh returns the range of pixels of the unit that are new, and not left of
// the given column.
func (w *unitWalk) fresh(from int) (first, end int) {
	x := max(0, min(w.x, w.width-w.c.unit))
	return max(w.x, from) - x, min(w.c.unit, w.width)
}

// tilesAVX512VNNI computes 14 pixels by the given panels, two at a time.
//
//go:noescape
func tilesAVX512VNNI(t *tileArgs)

// tilesAVXVNNI computes 6 pixels by the given panels.
//
//go:noescape
func tilesAVXVNNI(t *tileArgs)

// flipAVX2 converts n stored bytes to codes, n >= 32.
//
//go:noescape
func flipAVX2(dst *uint8, src *int8, n int)

// addSumsAVX2 adds max(acc, 0) of a number of pixels to the sums; acc is
// [pixels][channels], channels a multiple of four.
//
//go:noescape
func addSumsAVX2(sums *int64, acc *int32, pixels, channels int)
