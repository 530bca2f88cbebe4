package sqz

import "halfmeg/model/sqz/internal/arith"

// newWeightModel starts from the chances that a two-sided geometric
// distribution has, in which each magnitude is less likely than the one before
// by a factor t. Its mean magnitude is m if t = (sqrt(1+m²)-1)/m, for which
// (m²+m)/(m²+2m+2) is close enough. Good chances from the start are worth a
// lot: they need not adapt quickly, and so may adapt well.
func newWeightModel() *weightModel {
	m := new(weightModel)
	for x := range m.sizes {
		const whole, unit = 1 << arith.Bits, one * fine
		mean := min(uint64(9+2*(x%4))<<(x/4)>>4, 1<<7*unit) // the middle of the class
		t := mean * (mean + unit) << arith.Bits / (mean*mean + 2*unit*mean + 2*unit*unit)
		for c := x; c < cells; c += magnitudes {
			m.cells[c] = cell{arith.ChanceOf(2 * t * whole / (whole + t)), arith.ChanceOf(whole / 2)}
		}
		var s size
		for n := range maxBits {
			// t is the chance that the magnitude is larger by another 2^n.
			half := arith.ChanceOf(t * whole / (whole + t))
			s[n][0] = arith.ChanceOf(t)
			s[n+1][1] = half
			if n+2 <= maxBits {
				s[n+2][2], s[n+2][3] = half, half
			}
			t = t * t >> arith.Bits
		}
		m.sizes[x] = [2]size{s, s}
	}
	return m
}
