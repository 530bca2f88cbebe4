package trellis_test

import (
	"fmt"

	"halfmeg/model/trellis"
)

// The weights of two inputs and three outputs, [out][in], become indices, which a
// file stores, and weights again. Each input has a sequence of its own.
func ExampleIndices() {
	weights := []int8{
		6, -4,
		-3, 2,
		8, 7,
	}
	indices, ok := trellis.Indices(weights, 2)
	fmt.Println(indices, ok)
	ok = trellis.Numbers(indices, 2)
	fmt.Println(indices, ok)
	// Output:
	// [3 -2 -2 1 4 4] true
	// [6 -4 -3 2 8 7] true
}

// The numbers of the smallest indices in each state, and the state after an even or
// an odd index.
func ExampleNumber() {
	for state := range uint8(trellis.States) {
		fmt.Print(state, ":")
		for k := -2; k <= 2; k++ {
			fmt.Printf(" %2d", trellis.Number(state, k))
		}
		fmt.Printf(", then %d or %d\n", trellis.Next(state, 0), trellis.Next(state, 1))
	}
	// Output:
	// 0: -4 -2  0  2  4, then 0 or 1
	// 1: -3 -1  0  1  3, then 2 or 3
	// 2: -4 -2  0  2  4, then 5 or 4
	// 3: -3 -1  0  1  3, then 7 or 6
	// 4: -4 -2  0  2  4, then 1 or 0
	// 5: -3 -1  0  1  3, then 3 or 2
	// 6: -4 -2  0  2  4, then 4 or 5
	// 7: -3 -1  0  1  3, then 6 or 7
}
