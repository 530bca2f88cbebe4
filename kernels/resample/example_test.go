package resample_test

import (
	"fmt"

	"halfmeg/kernels/resample"
)

// Halve a grey picture of 4x2 pixels by averaging 2x2 at a time.
func Example() {
	picture := []byte{
		10, 20, 100, 200,
		30, 40, 100, 200,
	}
	const half = 1 << (resample.TapBits - 1)

	line := make([]uint16, 4+resample.Slack)
	resample.Vertical(line[:4], picture, 4, []uint16{half, half})

	const width = 2
	filter := resample.NewFilter(1, 2, []int{0, 2}, []uint16{half, half, half, half})
	samples := make([]uint16, width+resample.Slack)
	filter.Apply(samples, line)
	for _, s := range samples[:width] {
		fmt.Println(s >> resample.SampleBits)
	}

	// Grey to R, G, B: no chroma, and a stored byte is the value minus 128.
	matrix := resample.Matrix{Y: 1 << resample.FactorBits}
	for i := range matrix.Bias {
		matrix.Bias[i] = -128 << resample.SumBits
	}
	pixels := make([]int8, 3*width)
	chroma := make([]uint16, width)
	matrix.Convert(pixels, samples[:width], chroma, chroma)
	fmt.Println(pixels)
	// Output:
	// 25
	// 150
	// [-103 -103 -103 22 22 22]
}
