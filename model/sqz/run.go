package sqz

import "halfmeg/model/sqz/internal/arith"

// decodeRun decodes the weights of a run and learns from them. It is the
// inverse of encodeWeight for weights in the order of scan.each. Decoding
// spends its time here: so the loop keeps the decoder's interval and the
// group's factors in registers, calls nothing, and has a branch for each
// decision.
func (m *weightModel) decodeRun(d *arith.Decoder, sc *scan, r run) {
	at := d.Interval()
	var bound uint64
	chances, sizes := &m.cells, &m.sizes
	for first := 0; first < len(r.weights); first += group {
		sum, end, by := 0, min(first+group, len(r.weights)), &sc.factors
		weights, similar, local, averages := r.weights[first:end], r.similar[first:end], r.local[first:end], r.averages[first:end]
		mean, spread, similarValue, similarMagnitude, row := by.mean, by.spread, by.similarValue, by.similarMagnitude, by.row
		for i := range weights {
			a, s := averages[i], int(similar[i])
			x := classify(local[i].value()+mean*a.mean+similarValue*s,
				local[i].magnitude()+row+spread*a.spread+similarMagnitude*abs(s))

			c := &chances[x.cell]
			chance := c.nonzero
			if at, bound = d.Cut(at, chance); at.Off >= bound {
				at, c.nonzero = at.Above(bound), chance.AfterZero()
				weights[i] = 0
				averages[i] = a.after(0, 0)
				continue
			}
			at, c.nonzero = at.Below(bound), chance.AfterOne()

			size := &sizes[x.magnitude()][0]
			chance = c.unexpected
			if at, bound = d.Cut(at, chance); at.Off < bound {
				at, c.unexpected = at.Below(bound), chance.AfterOne()
				size = &sizes[x.magnitude()][1]
				x.negative = ^x.negative
			} else {
				at, c.unexpected = at.Above(bound), chance.AfterZero()
			}

			n := uint(0) // bits of the magnitude behind its leading 1
			level := &size[0]
			for n < maxBits-1 {
				chance = level[0]
				if at, bound = d.Cut(at, chance); at.Off >= bound {
					at, level[0] = at.Above(bound), chance.AfterZero()
					break
				}
				at, level[0] = at.Below(bound), chance.AfterOne()
				n++
				level = &size[n]
			}
			magnitude := uint(1)
			if n > 0 {
				chance = level[1]
				if at, bound = d.Cut(at, chance); at.Off < bound {
					at, level[1] = at.Below(bound), chance.AfterOne()
					magnitude = 3
				} else {
					at, level[1] = at.Above(bound), chance.AfterZero()
					magnitude = 2
				}
			}
			if n > 1 {
				chance = level[magnitude&3]
				if at, bound = d.Cut(at, chance); at.Off < bound {
					at, level[magnitude&3] = at.Below(bound), chance.AfterOne()
					magnitude = 2*magnitude + 1
				} else {
					at, level[magnitude&3] = at.Above(bound), chance.AfterZero()
					magnitude = 2 * magnitude
				}
			}
			for ; n > 2; n-- {
				if at, bound = d.Cut(at, arith.Half); at.Off < bound {
					at, magnitude = at.Below(bound), 2*magnitude+1
				} else {
					at, magnitude = at.Above(bound), 2*magnitude
				}
			}
			sum += int(magnitude)
			w := (int(magnitude) ^ x.negative) - x.negative
			weights[i] = int8(w)
			averages[i] = a.after(w, int(magnitude))
		}
		sc.follow(sum, len(weights))
	}
	d.Continue(at)
}
