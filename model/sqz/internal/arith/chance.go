package arith

// Chance is an estimate that starts from what is likely beforehand and moves
// at a steady pace, with less work than a Bit: the probability of a 1 in units of 2^-Bits.
type Chance uint32

const (
	// pace says how far a Chance moves with each bit: 2^-pace of the way.
	pace  = 7
	whole = 1<<Bits - 1

	// minChance is where a Chance comes to a halt on its way to 0, and whole
	// less this on its way to whole. It must not be less than MinP.
	minChance = 1<<pace - 1

	// Half is the chance of a raw bit.
	Half Chance = half
)

// ChanceOf is the estimate nearest to a probability of p/2^Bits.
func ChanceOf(p uint64) Chance { return Chance(max(minChance, min(whole-minChance, p))) }

// AfterOne is the estimate after a 1.
func (c Chance) AfterOne() Chance {
	p := uint64(c)
	return Chance(p + (p^whole)>>pace)
}

// AfterZero is the estimate after a 0.
func (c Chance) AfterZero() Chance {
	p := uint64(c)
	return Chance(p - p>>pace)
}
