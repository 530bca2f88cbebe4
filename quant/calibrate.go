package quant

import (
	"context"
	"fmt"

	"halfmeg/internal/parallel"
	"halfmeg/kernels"
	"halfmeg/model"
	"halfmeg/quant/float"
	"halfmeg/quant/train"
)

// calibrator keeps, for every calibration picture, the input of the group that
// is quantized next: the float network's, and the codes that the quantized
// layers before it compute. measure collects the statistics of a group, advance
// moves on to the next.
type calibrator struct {
	input   model.Input
	workers int
	samples []sample

	scale     float64 // real value of one input code
	skipScale float64 // of one code of the bypassed module's input
}

// sample is the activations of one picture.
type sample struct {
	values float.Map // the group's input in the float network
	next   float.Map // its output there, from measure to advance
	codes  codeMap   // the group's input in the quantized network
	skip   *sample   // a bypassed module's input, until its output
}

func newCalibrator(n *float.Network, pictures [][]int8, workers int) *calibrator {
	c := &calibrator{input: n.Input, workers: workers, scale: 1, samples: make([]sample, len(pictures))}
	for i, p := range pictures {
		s := &c.samples[i]
		s.codes = codeMap{n.Topology.Size, 3, make([]uint8, len(p))}
		for j, b := range p {
			s.codes.data[j] = uint8(int(b) + 128)
		}
		s.values = s.codes.floats(new([]float32), 1)
	}
	return c
}

// workspace is the working memory of one worker.
type workspace struct {
	statsMemory
	codes  []float32 // a map of codes as numbers
	output []float32 // the output of a group, if it is not kept
	pooled []float32 // the same after its pool
}

// each calls work for every sample, on all workers. Calls for different
// samples must not write to the same memory.
func (c *calibrator) each(ctx context.Context, work func(i int, s *sample, w *workspace)) error {
	workspaces := make([]workspace, c.workers)
	return parallel.For(ctx, c.workers, len(c.samples), func(worker, i int) {
		work(i, &c.samples[i], &workspaces[worker])
	})
}

// eachShard calls work for every sample, on all workers; the samples of a shard
// in order, one after the other, so that the sums of a shard or a worker need no lock.
func (c *calibrator) eachShard(ctx context.Context, work func(worker, shard int, s *sample, w *workspace)) error {
	workspaces := make([]workspace, c.workers)
	return train.InShards(ctx, c.workers, shards, len(c.samples), func(worker, shard, i int) {
		work(worker, shard, &c.samples[i], &workspaces[worker])
	})
}

// groupStats are statistics of a group over all pictures.
type groupStats struct {
	inputs []*inputStats // by convolution
	output *histogram    // of the float network
}

// measure runs the float network through the group, keeps each picture's
// result for advance and returns the statistics.
func (c *calibrator) measure(ctx context.Context, g group, params []float.Layer) (*groupStats, error) {
	convs := make([]*float.Conv, len(g.convs))
	partial := make([]*partialStats, len(g.convs))
	for i, s := range g.convs {
		convs[i], partial[i] = float.NewConv(s, params[i]), newPartialStats(s)
	}
	pad := c.pad(g.convs[0])
	outputs := make([]*histogram, min(c.workers, shards, len(c.samples))) // InShards uses no more workers
	for i := range outputs {
		outputs[i] = newHistogram(g.channels())
	}
	err := c.eachShard(ctx, func(worker, shard int, s *sample, w *workspace) {
		in := layerInput{values: s.values, codes: s.codes.floats(&w.codes, 1), pad: pad}
		for j, conv := range convs {
			partial[j][shard].add(conv, g.convs[j], in, &w.statsMemory)
		}
		memory := &w.output
		if g.pool == nil {
			memory = new([]float32) // s.next keeps it
		}
		out := forward(g, convs, s.values, pad, memory, &w.scratch)
		if !g.convs[0].Linear {
			float.ReLU(out)
		}
		if g.bypass {
			float.Add(out, s.skip.values)
		}
		s.next = maxPool(g, out, new([]float32))
		outputs[worker].add(s.next)
		if !g.keepsInput {
			s.values = float.Map{} // these maps are most of the memory
		}
	})
	if err != nil {
		return nil, err
	}
	stats := &groupStats{output: outputs[0]}
	for _, h := range outputs[1:] {
		stats.output.merge(h)
	}
	if stats.output.overflow {
		return nil, fmt.Errorf("%s: activations of the float network exceed %g: check its weights and the input's mean and deviation", g.convs[0].Name, float64(maxActivation))
	}
	for _, p := range partial {
		stats.inputs = append(stats.inputs, p.total())
	}
	return stats, nil
}

// forward applies a group's convolutions, without a ReLU; each writes its
// channels of the result, which is in memory that grows as needed.
func forward(g group, convs []*float.Conv, in float.Map, pad []float32, memory *[]float32, scratch *float.Scratch) float.Map {
	out := newMap(memory, g.convs[0].OutSize, g.channels())
	for i, s := range g.convs {
		convs[i].Apply(out.Slice(s.Channel, s.Out), in, pad, scratch)
	}
	return out
}

// newMap returns a map with undefined values in memory that grows as needed.
func newMap(memory *[]float32, size, channels int) float.Map {
	return float.Map{Size: size, Channels: channels, Stride: channels, Data: resize(memory, size*size*channels)}
}

// pad is what a convolution reads outside its input: the byte nearest to the
// mean in conv1, which reads bytes, and zeros (nil) elsewhere.
func (c *calibrator) pad(s model.Step) []float32 {
	if s.Kind != model.Conv1 {
		return nil
	}
	mean := c.input.MeanBytes()
	return []float32{float32(mean[0]), float32(mean[1]), float32(mean[2])}
}

// maxPool applies a group's pool, if it has one; the result is then in memory that grows
// as needed.
func maxPool(g group, m float.Map, memory *[]float32) float.Map {
	if g.pool == nil {
		return m
	}
	out := newMap(memory, g.pool.OutSize, m.Channels)
	float.MaxPool(out, m)
	return out
}

// advance runs the quantized group on every picture's codes, which makes its
// output the next group's input. It returns the signal-to-noise ratio of the
// output against the float network, in dB.
func (c *calibrator) advance(ctx context.Context, g group, layers []model.Layer, e equalization) (float64, error) {
	convs := make([]*float.Conv, len(g.convs))
	for i, s := range g.convs {
		convs[i] = float.NewConv(s, integerLayer(layers[i]))
	}
	pad := c.pad(g.convs[0])
	scale := float64(layers[0].Scale)
	skipTable := kernels.RescaleTable(float32(c.skipScale / scale))
	signal, noise := make([]float64, len(c.samples)), make([]float64, len(c.samples))
	err := c.each(ctx, func(i int, s *sample, w *workspace) {
		acc := forward(g, convs, s.codes.floats(&w.codes, 1), pad, &w.output, &w.scratch)
		if g.convs[0].Kind == model.Conv10 {
			signal[i], noise[i] = energies(s.next, rescaleHead(acc, layers[0], g.convs[0]))
			return
		}
		e.apply(s.next)
		if g.pool != nil && !g.bypass { // requantize keeps the order: the pool may come first
			acc = maxPool(g, acc, &w.pooled)
		}
		codes := requantize(acc, layers)
		if g.bypass {
			codes.add(s.skip.codes, skipTable)
			if g.pool != nil {
				codes = codes.maxPool(g.pool.OutSize)
			}
		}
		signal[i], noise[i] = energies(s.next, codes.floats(&w.codes, float32(scale)))
		if g.keepsInput {
			s.skip = &sample{values: s.values, codes: s.codes}
		}
		s.values, s.next, s.codes = s.next, float.Map{}, codes
	})
	if g.keepsInput {
		c.skipScale = c.scale
	}
	c.scale = scale
	return decibels(signal, noise), err
}
