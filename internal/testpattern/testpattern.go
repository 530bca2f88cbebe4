// Package testpattern provides a synthetic network input for benchmarks and for
// tests that compare results bit by bit.
package testpattern

// Frame returns an input of shape [size][size][3] that contains every byte
// value. The golden logits in model/pretrained depend on its bytes. Timings do
// not: no instruction of the kernels takes longer for some values than for
// others.
func Frame(size int) []int8 {
	frame := make([]int8, size*size*3)
	for i := range frame {
		x, y, channel := i/3%size, i/3/size, i%3
		frame[i] = int8((x*(3+channel) ^ y*5) & 255)
	}
	return frame
}
