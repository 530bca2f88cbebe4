package quant

import (
	"math"

	"halfmeg/kernels"
	"halfmeg/model"
	"halfmeg/quant/float"
)

// This file is the int8 simulator: what the engine computes, layer by layer,
// on codes 0…255 instead of the signed bytes of package kernels. The package
// comment explains why the engine is not used instead.

// codeMap is a feature map of codes 0…255, NHWC.
type codeMap struct {
	size, channels int
	data           []uint8
}

// integerLayer returns a quantized layer for the float convolution, whose sums of
// integers are exact up to 2^24. The biases, which may be larger, are
// left out: requantize and rescaleHead add them.
func integerLayer(l model.Layer) float.Layer {
	w := make([]float32, len(l.Weights))
	for i, v := range l.Weights {
		w[i] = float32(v)
	}
	return float.Layer{Weights: w, Bias: make([]float32, len(l.Bias))}
}

// requantize converts the accumulators of a group's layers to codes.
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

// rescaleHead converts the head's accumulators to real values, after its ReLU if
// it has one, in place: their mean over the map is the logit.
func rescaleHead(acc float.Map, l model.Layer, s model.Step) float.Map {
	pixels := float32(s.OutSize * s.OutSize)
	for i := range acc.Data {
		o := i % acc.Channels
		sum := int32(acc.Data[i]) + l.Bias[o]
		if !s.Linear {
			sum = max(sum, 0)
		}
		acc.Data[i] = float32(sum) * l.Multiplier[o] * pixels
	}
	return acc
}

// floats returns the codes times scale, in memory that grows as needed.
func (m codeMap) floats(memory *[]float32, scale float32) float.Map {
	out := newMap(memory, m.size, m.channels)
	float.FromBytes(out.Data, m.data, scale)
	return out
}

// add adds the codes of another map, rescaled by a table, and saturates.
func (m codeMap) add(src codeMap, table *[256]uint8) {
	for i, c := range src.data {
		m.data[i] = uint8(min(int(m.data[i])+int(table[c]), 255))
	}
}

// maxPool returns the maximum of 3x3 windows at stride 2, with outSize windows in
// each direction; windows that reach beyond the map (ceil mode) are cut off.
func (m codeMap) maxPool(outSize int) codeMap {
	out := codeMap{outSize, m.channels, make([]uint8, outSize*outSize*m.channels)}
	for y := range outSize {
		for x := range outSize {
			m.maxWindow(out.data[(y*outSize+x)*m.channels:][:m.channels], model.PoolStride*y, model.PoolStride*x)
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

// energies returns the energy of want and of got's error.
func energies(want, got float.Map) (signal, noise float64) {
	for i, w := range want.Data {
		d := float64(w) - float64(got.Data[i])
		signal += float64(float64(w) * float64(w))
		noise += float64(d * d)
	}
	return signal, noise
}

// decibels returns the ratio of the summed signal to the summed noise, in dB.
func decibels(signal, noise []float64) float64 {
	var s, n float64
	for i := range signal {
		s += signal[i]
		n += noise[i]
	}
	return 10 * math.Log10(s/n)
}
