package arith

// Bit is the adaptive estimate of one context: how likely the next bit is to
// be 1. The zero value is an even chance with nothing seen yet.
//
// The upper 22 bits are the probability of a 1 less one half, in units of
// 2^-22; the lower 10 bits count the bits seen, up to a limit.
type Bit int32

const (
	// Bits is the precision of a probability: p stands for p/2^Bits.
	Bits = 22
	half = 1 << (Bits - 1)

	// MinP is the least probability of either bit: less would leave nothing
	// of a short interval for it.
	MinP = 64

	// reach is how far an estimate goes from one half.
	reach = half - MinP

	countBits = 32 - Bits
	countMask = 1<<countBits - 1

	// Limit is how many bits an estimate remembers, about, if nothing else is said.
	Limit = 400
)

// rates[k] is 2^16/(k+3/2), the share of the way to the next bit that an
// estimate goes after k bits.
var rates = func() (r [countMask + 1]int32) {
	for k := range r {
		r[k] = int32(2 << 16 / (2*k + 3))
	}
	return r
}()

// P is the probability of a 1, at least MinP and at most 2^Bits-MinP.
func (b Bit) P() uint32 { return uint32(half + int32(b)>>countBits) }

// Update moves the estimate towards a bit that was seen, and remembers about
// the last Limit bits.
func (b *Bit) Update(one bool) { b.Adapt(one, Limit) }

// Adapt is Update with another limit, of at most 1023.
func (b *Bit) Adapt(one bool, limit int32) {
	offset, count := int32(*b)>>countBits, int32(*b)&countMask
	target := int32(-reach)
	if one {
		target = reach
	}
	next := *b + Bit(int64(target-offset)*int64(rates[count])>>16<<countBits)
	if count < limit {
		next++
	}
	*b = next
}
