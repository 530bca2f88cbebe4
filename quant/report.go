package quant

// LayerReport describes how one convolution was quantized.
type LayerReport struct {
	Name          string
	Range         float32 // the largest activation that has a code: 255 * scale
	WeightSNR     float64 // signal to rounding noise of the weights, in dB
	ActivationSNR float64 // of the layer's output against the float network's, after a pool that follows, in dB

	Target []float64 // weights before rounding, [out][depth]
	Steps  []float64 // step size of each output channel's weights, in the unit of Target
}

// SNR returns the signal-to-noise ratio of int8 weights against the layer's target,
// in dB.
func (l *LayerReport) SNR(weights []int8) float64 {
	depth := len(weights) / len(l.Steps)
	var signal, noise float64
	for i, w := range l.Target {
		d := w - float64(float64(weights[i])*l.Steps[i/depth])
		signal += float64(w * w)
		noise += float64(d * d)
	}
	return decibels([]float64{signal}, []float64{noise})
}
