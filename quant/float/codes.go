package float

import "halfmeg/model"

// Codes makes a network compute with the numbers of an int8 network: it reads
// bytes, and every convolution but the head rounds its output to codes 0…255.
// Backward passes gradients through every code but 0 as if nothing were rounded
// or clipped (the straight-through estimator: Bengio et al., arXiv:1308.3432).
// The comment of package quant explains why the engine is not used instead.
type Codes struct {
	Pad    []float32 // bytes outside the picture, by channel
	Scales []float32 // real value of one code, by tensor of the graph
}

// NewCodedForward is NewForward of a network that computes with codes. It
// ignores the mean and deviation of the network's Input.
func NewCodedForward(n *Network, c *Codes) (*Forward, error) {
	f, err := NewForward(n)
	if err != nil {
		return nil, err
	}
	f.codes = c
	return f, nil
}

// pad is what a step reads outside its input; nil means zeros.
func (f *Forward) pad(s model.Step) []float32 {
	if f.codes == nil || s.Kind != model.Conv1 {
		return nil
	}
	return f.codes.Pad
}

// round rounds a map to the codes of a tensor; a float network's stays as it is.
func (f *Forward) round(m Map, tensor int) {
	if f.codes == nil {
		return
	}
	scale := f.codes.Scales[tensor]
	inverse := 1 / scale
	for i := range m.Size * m.Size {
		pixel := m.Data[i*m.Stride : i*m.Stride+m.Channels]
		for c, v := range pixel {
			pixel[c] = min(float32(float32(v*inverse)+roundBias)-roundBias, 255) * scale
		}
	}
}

// roundBias is 1.5*2^23: adding and subtracting it rounds a float32 below 2^22
// in magnitude to an integer, half to even.
const roundBias = 3 << 22
