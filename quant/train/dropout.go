package train

import (
	"math"
	"math/rand/v2"
)

// dropout fills mask with the factors of inverted dropout (Srivastava et al., JMLR
// 15, 2014, section 10): 0 with probability rate, or else what keeps the mean,
// 1/(1-rate). The rate is rounded to a multiple of 1/65536, so that one random
// number decides on four elements.
func dropout(mask []float32, rate float64, random *rand.Rand) {
	threshold := uint64(math.Round(rate * 65536))
	factors := [2]float32{0, float32(65536 / float64(65536-threshold))}
	bits := uint64(0)
	for i := range mask {
		if i%4 == 0 {
			bits = random.Uint64()
		}
		kept := 0
		if bits&0xffff >= threshold {
			kept = 1
		}
		mask[i] = factors[kept]
		bits >>= 16
	}
}
