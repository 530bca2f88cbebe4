package float

import "math"

// fma returns x*y + z, rounded once. In float64 the product is exact. The sum is rounded
// to odd there: if it is not exact and even, it becomes its odd neighbour on the side of
// the exact sum. Rounding that to float32 has the result of rounding the exact sum (Boldo
// and Melquiond, "Emulation of FMA and correctly rounded sums: proved algorithms using
// rounding to odd", section 3).
//
// math.FMA in float64 would not do: its result is rounded again, to float32.
func fma(x, y, z float32) float32 {
	a, b := float64(x)*float64(y), float64(z)
	sum := a + b
	// The error of the sum (Knuth, The Art of Computer Programming, volume 2, 4.2.2,
	// theorem B). The conversions forbid that the compiler fuses.
	part := float64(sum - a)
	missing := float64(a-float64(sum-part)) + float64(b-part)
	bits := math.Float64bits(sum)
	switch {
	case bits&1 == 1 || missing == 0 || missing != missing: // NaN if the sum is infinite
	case (missing > 0) == (sum > 0):
		sum = math.Float64frombits(bits + 1)
	default:
		sum = math.Float64frombits(bits - 1)
	}
	return float32(sum)
}
