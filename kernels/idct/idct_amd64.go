//go:build !noasm

package idct

// constants are those of the assembly, in the order of its offsets, each in the eight lanes
// of a vector.
var constants = func() (v [9 * 8]int16) {
	for i, c := range [...]int16{cos2, sin2, sqrt2, cos1, sin1, cos3, sin3, outputRound, -0x7f80} {
		for lane := range 8 {
			v[8*i+lane] = c
		}
	}
	return v
}()
