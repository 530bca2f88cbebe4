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
func classify(value, magnitude int32) class {
	m := uint32(max(magnitude, 1))
	// The magnitude's class is 4 times its length plus the two bits behind its leading 1.
	zeros := uint32(bits.LeadingZeros32(m)) & 31
	v := int(value)
	negative := v >> (bits.UintSize - 1)
	return class{
		valueSizes[bits.LeadingZeros64(uint64(v^negative))] + uint(4*32-4+m<<zeros>>29-4*zeros),
		negative,
	}
}

// valueSizes[z] is the part of the cell's number that a value with z leading
// zeros in 64 bits makes: how many bits it has in units of 1/4, at most 7.
var valueSizes = func() (t [65]uint) {
	const quarter = 11 // bits of one*fine/4
	for zeros := range t {
		t[zeros] = uint(max(0, min(values-1, 64-quarter-zeros))) * magnitudes
	}
	return t
}()
