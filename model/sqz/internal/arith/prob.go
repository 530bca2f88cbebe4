package arith

const (
	// ProbBits is the precision of a probability: p stands for p/2^ProbBits.
	ProbBits = 22
	halfProb = 1 << (ProbBits - 1)

	// minProb is the smallest probability of either bit. With range >= 2^16
	// it leaves each bit a part of at least length 1.
	minProb = 64
)

// A CountedProb is the adaptive probability of a 1 in one context. It adapts
// quickly at first and slowly later. The zero value is a probability of 1/2
// with no bits seen.
//
// The upper 22 bits are the probability less 1/2, in units of 2^-22. The lower
// 10 bits count the bits seen, up to the limit.
type CountedProb int32

const (
	countBits = 32 - ProbBits
	countMask = 1<<countBits - 1

	// maxOffset is the largest distance of a CountedProb from 1/2.
	maxOffset = halfProb - minProb

	// defaultLimit is the window of Encoder.Counted and Decoder.Counted, in bits.
	defaultLimit = 400
)

// rates[k] is 2^16/(k+3/2), the adaptation rate after k bits.
var rates = func() (r [countMask + 1]int32) {
	for k := range r {
		r[k] = int32(2 << 16 / (2*k + 3))
	}
	return r
}()

// P returns the probability of a 1, in minProb..2^ProbBits-minProb.
func (c CountedProb) P() uint32 { return uint32(halfProb + int32(c)>>countBits) }

// UpdateLimit adapts to a bit with a window of about limit bits, at most 1023.
func (c *CountedProb) UpdateLimit(one bool, limit int32) {
	offset, count := int32(*c)>>countBits, int32(*c)&countMask
	target := int32(-maxOffset)
	if one {
		target = maxOffset
	}
	next := *c + CountedProb(int64(target-offset)*int64(rates[count])>>16<<countBits)
	if count < limit {
		next++
	}
	*c = next
}

// A ShiftProb is the adaptive probability of a 1 in one context, in units of
// 2^-ProbBits. It adapts at a constant rate, at the cost of a shift and an
// add.
type ShiftProb uint32

const (
	// shiftRate is the adaptation rate: 2^-shiftRate of the distance per bit.
	shiftRate = 7
	maxProb   = 1<<ProbBits - 1

	// minShiftProb is the fixed point of AfterZero, and maxProb-minShiftProb
	// that of AfterOne. It must be at least minProb.
	minShiftProb = 1<<shiftRate - 1

	// Half is the probability of a raw bit.
	Half ShiftProb = halfProb
)

// NewShiftProb returns p/2^ProbBits, clamped to the range of a ShiftProb.
func NewShiftProb(p uint64) ShiftProb {
	return ShiftProb(max(minShiftProb, min(maxProb-minShiftProb, p)))
}

// AfterOne returns the estimate adapted to a 1.
func (s ShiftProb) AfterOne() ShiftProb {
	p := uint64(s)
	return ShiftProb(p + (p^maxProb)>>shiftRate)
}

// AfterZero returns the estimate adapted to a 0.
func (s ShiftProb) AfterZero() ShiftProb {
	p := uint64(s)
	return ShiftProb(p - p>>shiftRate)
}
