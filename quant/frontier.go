package quant

import (
	"context"
	"fmt"
	"math"

	"halfmeg/internal/parallel"
	"halfmeg/kernels"
	"halfmeg/model"
	"halfmeg/quant/float"
)

// frontier is where the calibration stands: for every picture, the input of
// the next group of layers, as the float network has it and as the quantized
// layers before it really produce it.
type frontier struct {
	input   model.Input
	workers int
	samples []sample

	scale     float64 // real value of one code
	skipScale float64 // the same of the bypassed module's input
}

// sample is one picture's activations at the frontier.
type sample struct {
	values, next float.Map // of the float network: before the group, and after it
	codes        codeMap
	skip         *sample // a bypassed module's input, until its output
}

// codeMap is a feature map of codes 0…255, NHWC.
type codeMap struct {
	size, channels int
	data           []uint8
}

func newFrontier(n *float.Network, pictures [][]int8, workers int) *frontier {
	f := &frontier{input: n.Input, workers: workers, scale: 1, samples: make([]sample, len(pictures))}
	for i, p := range pictures {
		s := &f.samples[i]
		s.values = float.NewMap(n.Topology.Size, 3)
		s.codes = codeMap{n.Topology.Size, 3, make([]uint8, len(p))}
		for j, b := range p {
			s.codes.data[j] = uint8(int(b) + 128)
			s.values.Data[j] = float32(int(b) + 128)
		}
	}
	return f
}

// each runs work for every sample on all workers. Work for different samples
// must not share what it writes.
func (f *frontier) each(ctx context.Context, work func(i int, s *sample, scratch *float.Scratch)) error {
	return f.share(ctx, len(f.samples), func(i int, scratch *float.Scratch) {
		work(i, &f.samples[i], scratch)
	})
}

// eachLane runs work for every sample on all workers, one sample of a lane
// after the other: sums of a lane need no lock and have one order.
func (f *frontier) eachLane(ctx context.Context, work func(lane int, s *sample, scratch *float.Scratch)) error {
	return f.share(ctx, momentLanes, func(lane int, scratch *float.Scratch) {
		for i := lane; i < len(f.samples) && ctx.Err() == nil; i += momentLanes {
			work(lane, &f.samples[i], scratch)
		}
	})
}

// share hands out n pieces of work to the frontier's workers.
func (f *frontier) share(ctx context.Context, n int, work func(i int, scratch *float.Scratch)) error {
	scratch := make([]float.Scratch, f.workers)
	return parallel.For(ctx, f.workers, n, func(worker, i int) { work(i, &scratch[worker]) })
}

// stats is what a group's inputs and outputs look like over all pictures.
type stats struct {
	inputs []*moments // one a convolution
	values *histogram // of the group's output
}

// measure runs the float network through the group, keeps each picture's
// result for advance and returns the statistics.
func (f *frontier) measure(ctx context.Context, g group, params []float.Layer) (*stats, error) {
	convs := make([]*float.Conv, len(g.convs))
	inputs := make([]*lanes, len(g.convs))
	for i, s := range g.convs {
		convs[i], inputs[i] = float.NewConv(s, params[i]), newLanes(s)
	}
	pad := f.pad(g.convs[0])
	st := &stats{values: newHistogram(g.channels())}
	err := f.eachLane(ctx, func(lane int, s *sample, scratch *float.Scratch) {
		codes := s.codes.values()
		for j, c := range convs {
			inputs[j].sums[lane].add(c, g.convs[j], s.values, codes, pad, scratch)
		}
		out := f.forward(g, convs, s.values, pad, scratch)
		float.ReLU(out)
		if g.bypass {
			float.Add(out, s.skip.values)
		}
		s.next = poolFloat(g, out)
		st.values.add(s.next)
		if !g.keepsInput {
			s.values = float.Map{} // these maps are most of the memory
		}
	})
	if err != nil {
		return nil, err
	}
	if st.values.beyond.Load() {
		return nil, fmt.Errorf("%s: the float network's activations pass %g: its weights or its input's scale are wrong", g.convs[0].Name, float64(maxActivation))
	}
	for _, l := range inputs {
		st.inputs = append(st.inputs, l.total())
	}
	return st, nil
}

// forward applies a group's convolutions side by side.
func (f *frontier) forward(g group, convs []*float.Conv, in float.Map, pad []float32, scratch *float.Scratch) float.Map {
	out := float.NewMap(g.convs[0].OutSize, g.channels())
	for i, s := range g.convs {
		convs[i].Apply(out.Slice(s.Channel, s.Out), in, pad, scratch)
	}
	return out
}

// pad is what a convolution reads outside its input: for conv1, which reads
// bytes, the one nearest to the mean; elsewhere zeros.
func (f *frontier) pad(s model.Step) []float32 {
	if s.Kind != model.Conv1 {
		return nil
	}
	mean := f.input.MeanBytes()
	return []float32{float32(mean[0]), float32(mean[1]), float32(mean[2])}
}

func poolFloat(g group, m float.Map) float.Map {
	if g.pool == nil {
		return m
	}
	out := float.NewMap(g.pool.OutSize, m.Channels)
	float.MaxPool(out, m)
	return out
}

// largest is the largest value of the group's output.
func (s *stats) largest() float64 {
	largest := 0.0
	for c := range s.values.channels {
		largest = max(largest, s.values.channel(c).largest())
	}
	return largest
}

// advance runs the quantized group on every picture's codes, moves the
// frontier behind it and returns the signal-to-noise ratio of the result
// against the float network, in dB.
func (f *frontier) advance(ctx context.Context, g group, layers []model.Layer, e equalization) (float64, error) {
	convs := make([]*float.Conv, len(g.convs))
	for i, s := range g.convs {
		convs[i] = float.NewConv(s, wholeNumbers(layers[i]))
	}
	scale := float64(layers[0].Scale)
	bypass := kernels.RescaleTable(float32(f.skipScale / scale))
	signal, noise := make([]float64, len(f.samples)), make([]float64, len(f.samples))
	err := f.each(ctx, func(i int, s *sample, scratch *float.Scratch) {
		acc := f.forward(g, convs, s.codes.values(), f.pad(g.convs[0]), scratch)
		if g.convs[0].Kind == model.Conv10 {
			signal[i], noise[i] = compare(s.next, rescale(acc, layers[0], g.convs[0]))
			return
		}
		e.apply(s.next)
		codes := requantize(acc, layers)
		if g.bypass {
			codes.add(s.skip.codes, bypass)
		}
		codes = codes.pool(g.pool)
		signal[i], noise[i] = compare(s.next, codes.scaled(float32(scale)))
		if g.keepsInput {
			s.skip = &sample{values: s.values, codes: s.codes}
		}
		s.values, s.next, s.codes = s.next, float.Map{}, codes
	})
	if g.keepsInput {
		f.skipScale = f.scale
	}
	f.scale = scale
	return ratio(signal, noise), err
}

// wholeNumbers is a quantized layer for the float convolution, whose sums of
// whole numbers are exact up to 2^24. The biases, which may be larger, are
// added afterwards.
func wholeNumbers(l model.Layer) float.Layer {
	w := make([]float32, len(l.Weights))
	for i, v := range l.Weights {
		w[i] = float32(v)
	}
	return float.Layer{Weights: w, Bias: make([]float32, len(l.Bias))}
}

// requantize takes the accumulators of a group to codes.
func requantize(acc float.Map, layers []model.Layer) codeMap {
	out := codeMap{acc.Size, acc.Channels, make([]uint8, len(acc.Data))}
	for at := 0; at < len(acc.Data); {
		for _, l := range layers {
			for o, b := range l.Bias {
				out.data[at] = uint8(kernels.Requantize(int32(acc.Data[at])+b, l.Multiplier[o])) ^ 0x80
				at++
			}
		}
	}
	return out
}

// rescale takes the head's accumulators to real values, after their ReLU.
func rescale(acc float.Map, l model.Layer, s model.Step) float.Map {
	pixels := float32(s.OutSize * s.OutSize)
	for i := range acc.Data {
		o := i % acc.Channels
		acc.Data[i] = float32(max(int32(acc.Data[i])+l.Bias[o], 0)) * l.Multiplier[o] * pixels
	}
	return acc
}

// values is the codes as float32 whole numbers.
func (m codeMap) values() float.Map { return m.scaled(1) }

// scaled is the codes' real values.
func (m codeMap) scaled(scale float32) float.Map {
	out := float.NewMap(m.size, m.channels)
	for i, c := range m.data {
		out.Data[i] = float32(c) * scale
	}
	return out
}

// add adds another map's codes after a table has rescaled them.
func (m codeMap) add(src codeMap, table *[256]uint8) {
	for i, c := range src.data {
		m.data[i] = uint8(min(int(m.data[i])+int(table[c]), 255))
	}
}

// pool is the 3x3 maximum, two pixels apart.
func (m codeMap) pool(s *model.Step) codeMap {
	if s == nil {
		return m
	}
	out := codeMap{s.OutSize, m.channels, make([]uint8, s.OutSize*s.OutSize*m.channels)}
	for y := range s.OutSize {
		for x := range s.OutSize {
			m.maxWindow(out.data[(y*s.OutSize+x)*m.channels:][:m.channels], 2*y, 2*x)
		}
	}
	return out
}

func (m codeMap) maxWindow(dst []uint8, top, left int) {
	for y := top; y < min(top+model.PoolKernel, m.size); y++ {
		for x := left; x < min(left+model.PoolKernel, m.size); x++ {
			for c, v := range m.data[(y*m.size+x)*m.channels:][:m.channels] {
				dst[c] = max(dst[c], v)
			}
		}
	}
}

// compare is the energy of want and of the difference.
func compare(want, got float.Map) (signal, noise float64) {
	for i, w := range want.Data {
		d := float64(w) - float64(got.Data[i])
		signal += float64(float64(w) * float64(w))
		noise += float64(d * d)
	}
	return signal, noise
}

// ratio is 10 log10 of the summed signal over the summed noise.
func ratio(signal, noise []float64) float64 {
	var s, n float64
	for i := range signal {
		s += signal[i]
		n += noise[i]
	}
	return 10 * math.Log10(s/n)
}
