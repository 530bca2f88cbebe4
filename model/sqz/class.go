package sqz

import "math/bits"

// class says which estimates a weight is coded with.
type class struct {
	cell     uint // by the expected value's size, and the expected magnitude
	negative int  // -1 if the expected value is negative, or else 0
}

const (
	magnitudes = 4 * 32 // classes of magnitude, four to an octave
	values     = 8      // classes of the value's size
	cells      = values * magnitudes
)

// magnitude is the part of the cell's number that the expected magnitude makes.
func (x class) magnitude() uint { return x.cell % magnitudes }

// classify makes a class of a value and a magnitude in units of 1/(fine*one).
// The value's is how many bits it has in units of 1/4, at most 7, and the
// magnitude's is 4 times its length plus the two bits behind its leading 1.
// Time counts: so both lengths are what their leading zeros leave of 64, all
// constants are one, and no table is looked up.
func classify(value, magnitude int) class {
	const (
		quarter = 11                        // bits of one*fine/4
		least   = 64 - quarter - values + 1 // leading zeros of the largest values
		offset  = (64-quarter)*magnitudes + 4*64 - 4
	)
	negative := value >> (bits.UintSize - 1)
	v, m := uint64(value^negative|1<<(quarter-1)), uint64(max(magnitude, 1))
	zerosV, zerosM := uint(max(least, bits.LeadingZeros64(v))), uint(bits.LeadingZeros64(m))
	return class{(uint(m<<(zerosM&63)>>61) + offset%cells - zerosM*4 - zerosV*magnitudes) % cells, negative}
}
