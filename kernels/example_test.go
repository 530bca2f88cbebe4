package kernels_test

import (
	"fmt"

	"halfmeg/kernels"
)

// A 1x1 convolution from two channels to one, over a map of 2x2 pixels: the first
// channel less the second, plus 10. The difference of the last pixel is negative
// and becomes 0, as after a ReLU.
func ExampleConv_Block() {
	conv := kernels.NewConv(kernels.ConvSpec{
		In: 2, Out: 1, Kernel: 1, Stride: 1,
		Weights:    []int8{2, -2},
		Bias:       []int32{20},
		Multiplier: []float32{0.5},
	})
	codes := []uint8{
		100, 0, 100, 90,
		255, 5, 0, 200,
	}
	src := kernels.Map{Data: make([]int8, len(codes)), Pixel: 2, Row: 4}
	for i, code := range codes {
		src.Data[i] = int8(int(code) - 128)
	}
	dst := kernels.Map{Data: make([]int8, 4), Pixel: 1, Row: 2}
	conv.Block(dst, src, 2, kernels.Span{From: 0, To: 2}, kernels.Span{From: 0, To: 1})
	for _, stored := range dst.Data {
		fmt.Println(int(stored) + 128)
	}
	// Output:
	// 110
	// 20
	// 255
	// 0
}

// Halves are rounded to even, and codes are clamped. The stored byte is the code
// minus 128.
func ExampleRequantize() {
	for _, acc := range []int32{3, 5, 1000, -7} {
		fmt.Println(int(kernels.Requantize(acc, 0.5)) + 128)
	}
	// Output:
	// 2
	// 2
	// 255
	// 0
}
