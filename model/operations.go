package model

import (
	"math"

	"halfmeg/kernels"
)

// operation is one operation of a frame. The workers run it together: they
// split its rows and the output channels of its convolutions.
type operation struct {
	name     string
	macs     int64
	convs    []*kernels.Conv
	rows     int
	channels []int // output channels of each convolution
	computer computer
	job      job
}

// computer computes a part of an operation's output. Different parts may be
// computed at the same time.
type computer interface{ compute(p part) }

// Each worker has more than one part of an operation with much work, so that others
// can help it. A part reads weights or inputs that others read too, so it has
// minPartMACs at least.
const (
	maxPartsPerWorker = 4
	minPartMACs       = 2_000_000
)

// split cuts the operation into parts, as many for each worker.
func (o *operation) split(workers int) {
	pieces := 1
	if workers > 1 {
		pieces = int(max(1, min(o.macs/int64(workers)/minPartMACs, maxPartsPerWorker)))
	}
	var parts []part
	for _, p := range split(o.rows, o.channels, workers) {
		parts = append(parts, p.cut(pieces)...)
	}
	o.job = job{len(parts), func(part int) { o.computer.compute(parts[part]) }}
}

// convs are the convolutions that write one buffer. The expands of a fire
// module write their channels of every pixel, so that the concatenation costs
// nothing.
type convs struct {
	in, out *buffer
	steps   []Step
	packed  []*kernels.Conv
}

func (o *convs) compute(p part) {
	if p.column == 0 && p.rows.From < p.rows.To {
		o.out.clearBorder(p.rows)
	}
	for i, s := range o.steps {
		src := o.in.inside()
		if s.Pad > 0 {
			src = o.in.whole()
		}
		o.packed[i].Block(o.out.inside().At(0, 0, s.Channel), src, s.OutSize, p.rows, p.channels[i])
	}
}

// padding copies the picture into a buffer whose border holds the bytes
// nearest to the mean, which the float network sees as zeros. One worker does
// it all.
type padding struct {
	in, out *buffer
	border  [3]byte
}

func (o *padding) compute(p part) {
	if p.rows.From == p.rows.To {
		return
	}
	whole, inside, src := o.out.whole(), o.out.inside(), o.in.inside()
	for i := range whole.Data {
		whole.Data[i] = int8(int(o.border[i%3]) - 128)
	}
	for y := range o.in.size {
		copy(inside.Data[y*inside.Row:], src.Data[y*src.Row:(y+1)*src.Row])
	}
}

// pool is a maximum pool.
type pool struct {
	in, out *buffer
	spec    kernels.PoolSpec
}

func (o *pool) compute(p part) { kernels.MaxPool(o.out.inside(), o.in.inside(), o.spec, p.rows) }

// bypass adds the input of a fire module to its output.
type bypass struct {
	in, out *buffer
	table   *[256]uint8 // from the input's codes to the output's
}

func (o *bypass) compute(p part) {
	kernels.AddSaturated(o.out.inside(), o.in.inside(), o.table, o.out.channels, o.out.size, p.rows)
}

// head is the last convolution with the average over its output, whose
// accumulators are summed without being stored.
type head struct {
	in         *buffer
	step       Step
	packed     *kernels.Conv
	multiplier []float32
	border     []int64 // by class, the sum over the output pixels that see only padding
	sums       []int64
	logits     []float32
}

// newHead sums the border beforehand: a padded 1x1 convolution reads real
// zeros there, whatever the frame.
func newHead(s Step, in *buffer, c *kernels.Conv, multiplier []float32) *head {
	h := &head{
		in: in, step: s, packed: c, multiplier: multiplier,
		border: make([]int64, s.Out), sums: make([]int64, s.Out), logits: make([]float32, s.Out),
	}
	for o := range h.border {
		h.border[o] = int64(s.OutSize*s.OutSize-s.InSize*s.InSize) * int64(max(c.Zero(o), 0))
	}
	return h
}

func (o *head) compute(p part) {
	classes := p.channels[0]
	if p.rows.From == p.rows.To || classes.From == classes.To {
		return
	}
	copy(o.sums[classes.From:classes.To], o.border[classes.From:classes.To])
	o.packed.Sums(o.sums, o.in.inside(), o.step.InSize, o.step.InSize, classes)
	for c := classes.From; c < classes.To; c++ {
		o.logits[c] = float32(float64(o.sums[c]) * float64(o.multiplier[c]))
	}
}

// codeSums sums the codes of each channel over the map. One worker does it all.
type codeSums struct {
	in   *buffer
	sums []int64
}

func (o *codeSums) compute(p part) {
	if p.rows.From == p.rows.To {
		return
	}
	src, pixels := o.in.inside(), o.in.size*o.in.size
	for c := range o.sums {
		o.sums[c] = 128 * int64(pixels) // bytes are codes minus 128
	}
	for y := range o.in.size {
		for x := range o.in.size {
			for c, b := range src.Data[y*src.Row+x*src.Pixel:][:len(o.sums)] {
				o.sums[c] += int64(b)
			}
		}
	}
}

// linearHead is a last convolution without a ReLU. The sum of its accumulators
// over the map is the accumulator of the summed inputs.
type linearHead struct {
	step   Step
	layer  *Layer
	inputs []int64 // the sum over the map by input channel
	logits []float32
}

func (o *linearHead) compute(p part) {
	classes := p.channels[0]
	if p.rows.From == p.rows.To {
		return
	}
	pixels := int64(o.step.OutSize * o.step.OutSize) // with padding, which adds the bias only
	for c := classes.From; c < classes.To; c++ {
		sum := pixels * int64(o.layer.Bias[c])
		for i, w := range o.layer.Weights[c*o.step.In:][:o.step.In] {
			sum += int64(w) * o.inputs[i]
		}
		o.logits[c] = float32(float64(sum) * float64(o.layer.Multiplier[c]))
	}
}

// clearBorder writes real zeros to the left and right of the given rows. The first
// and the last row include the border above and below.
func (b *buffer) clearBorder(rows kernels.Span) {
	if b.border == 0 {
		return
	}
	whole := b.whole()
	if rows.From == 0 {
		clearCodes(whole.Data[:b.border*whole.Row])
	}
	for y := rows.From + b.border; y < rows.To+b.border; y++ {
		row := whole.Data[y*whole.Row : (y+1)*whole.Row]
		clearCodes(row[:b.border*whole.Pixel])
		clearCodes(row[len(row)-b.border*whole.Pixel:])
	}
	if rows.To == b.size {
		clearCodes(whole.Data[(b.border+b.size)*whole.Row:])
	}
}

// clearCodes writes real zeros: code 0 is stored as -128.
func clearCodes(data []int8) {
	for i := range data {
		data[i] = math.MinInt8
	}
}
