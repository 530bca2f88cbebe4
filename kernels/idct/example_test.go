package idct_test

import (
	"fmt"

	"halfmeg/kernels/idct"
)

// Two blocks are scaled to 2x2 samples. The first has the mean 128+80/8; in the second
// the left half is brighter than the right one.
func ExampleRow() {
	const size, blocks = 2, 2
	coefficients := make([]int16, blocks*size*size)
	coefficients[idct.Offset(size, 0)+idct.Index(size, 0, 0)] = 80 << idct.FractionBits
	coefficients[idct.Offset(size, 1)+idct.Index(size, 1, 0)] = 160 << idct.FractionBits
	const stride = size * blocks
	samples := make([]byte, size*stride)
	idct.Row(samples, stride, size, coefficients)
	fmt.Printf("%d\n", samples[:stride])
	fmt.Printf("%d\n", samples[stride:])
	// Output:
	// [138 138 148 108]
	// [138 138 148 108]
}
