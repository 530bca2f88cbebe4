package sqz

import "halfmeg/model/sqz/internal/arith"

// decodeRun decodes the weights of a run, learns from them and returns the sum
// of their magnitudes. It is the inverse of encodeWeight for weights in the
// order of scan.each. Decoding spends its time here: so the loop keeps the
// decoder's interval and the group's factors in registers, and the decisions
// of which others hang are written out as branches.
func (m *weightModel) decodeRun(d *arith.Decoder, sc *scan, r run) (total int) {
	weights := r.weights
	similar, local, averages := r.similar[:len(weights)], r.local[:len(weights)], r.averages[:len(weights)]
	at := d.Interval()
	for first := 0; first < len(weights); first += group {
		sum, end, by := 0, min(first+group, len(weights)), &sc.factors
		mean, spread, similarValue, similarMagnitude, row := by.mean, by.spread, by.similarValue, by.similarMagnitude, by.row
		for i := first; i < end; i++ {
			a, s := &averages[i], int32(similar[i])
			x := classify(
				local[i].value()+mean*a.mean+similarValue*s,
				local[i].magnitude()+row+spread*a.spread+similarMagnitude*abs(s))

			c := &m.cells[x.cell%cells]
			chance := c.nonzero
			bound := at.Len * uint64(chance) >> arith.Bits
			if at.Off >= bound {
				c.nonzero = chance.AfterZero()
				at.Off, at.Len = at.Off-bound, at.Len-bound
				at = d.Fill(at)
				weights[i] = 0
				a.learn(0, 0)
				continue
			}
			c.nonzero = chance.AfterOne()
			at.Len = bound
			at = d.Fill(at)

			size := &m.sizes[x.magnitude()][0]
			var bit bool
			at, bit = at.Bit(&c.unexpected)
			if bit {
				size = &m.sizes[x.magnitude()][1]
				x.negative = ^x.negative
			}
			at = d.Fill(at)

			magnitude := 1
			chance = size[0]
			bound = at.Len * uint64(chance) >> arith.Bits
			if at.Off >= bound {
				size[0] = chance.AfterZero()
				at.Off, at.Len = at.Off-bound, at.Len-bound
				at = d.Fill(at)
			} else {
				size[0] = chance.AfterOne()
				at.Len = bound
				at = d.Fill(at)
				n := uint(1)
				for n < maxBits-1 {
					longer := &size[4*n%uint(len(size))]
					chance := *longer
					bound := at.Len * uint64(chance) >> arith.Bits
					if at.Off >= bound {
						*longer = chance.AfterZero()
						at.Off, at.Len = at.Off-bound, at.Len-bound
						at = d.Fill(at)
						break
					}
					*longer = chance.AfterOne()
					at.Len = bound
					at = d.Fill(at)
					n++
				}
				at, bit = at.Bit(&size[(4*n+1)%uint(len(size))])
				magnitude = 2
				if bit {
					magnitude = 3
				}
				at = d.Fill(at)
				if n > 1 {
					at, bit = at.Bit(&size[(4*n+uint(magnitude))%uint(len(size))])
					magnitude <<= 1
					if bit {
						magnitude++
					}
					at = d.Fill(at)
				}
				for j := uint(2); j < n; j++ {
					bound := at.Len >> 1
					magnitude <<= 1
					if at.Off < bound {
						at.Len = bound
						magnitude++
					} else {
						at.Off, at.Len = at.Off-bound, at.Len-bound
					}
					at = d.Fill(at)
				}
			}
			sum += magnitude
			w := (magnitude ^ x.negative) - x.negative
			weights[i] = int8(w)
			a.learn(w, magnitude)
		}
		sc.follow(sum, end-first)
		total += sum
	}
	d.Continue(at)
	return total
}
