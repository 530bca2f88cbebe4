package arith

// Encoder writes a stream. Create it with NewEncoder.
type Encoder struct {
	out []byte
	low uint32 // lower end of the interval, without the bytes already in out
	rng uint32 // range, at least minRange between bits
}

// minRange is the range below which the coder shifts two bytes out or in.
const minRange = 1 << 16

// NewEncoder starts a stream that is appended to out.
func NewEncoder(out []byte) *Encoder { return &Encoder{out: out, rng: 1<<32 - 1} }

// Counted encodes a bit, 0 or 1, with an adaptive probability and updates it.
func (e *Encoder) Counted(c *CountedProb, bit int) {
	e.Bit(c.P(), bit)
	c.UpdateLimit(bit != 0, defaultLimit)
}

// Shift encodes a bit with an adaptive probability and updates it.
func (e *Encoder) Shift(s *ShiftProb, one bool) {
	if one {
		e.Bit(uint32(*s), 1)
		*s = s.AfterOne()
	} else {
		e.Bit(uint32(*s), 0)
		*s = s.AfterZero()
	}
}

// Bit encodes a bit, 0 or 1, that is 1 with probability p/2^ProbBits;
// 64 <= p <= 2^ProbBits-64.
func (e *Encoder) Bit(p uint32, bit int) {
	bound := uint32(uint64(e.rng) * uint64(p) >> ProbBits)
	if bit != 0 {
		e.rng = bound
	} else {
		e.add(bound)
		e.rng -= bound
	}
	if e.rng < minRange {
		e.shiftOut()
	}
}

// Raw encodes the lowest n bits of v, n <= 32, highest first, with probability
// 1/2 each.
func (e *Encoder) Raw(v uint32, n int) {
	for n--; n >= 0; n-- {
		e.Bit(halfProb, int(v>>n)&1)
	}
}

// Len returns the number of bytes output so far.
func (e *Encoder) Len() int { return len(e.out) }

// Finish ends the stream and returns it, appended to what NewEncoder was given.
func (e *Encoder) Finish() []byte {
	e.add(minRange - 1)
	e.shiftOut()
	return e.out
}

// add raises the lower end of the interval. A carry out of low propagates into
// the bytes already output. It cannot leave them, as the interval is within
// [0, 1).
func (e *Encoder) add(v uint32) {
	e.low += v
	if e.low >= v {
		return
	}
	for i := len(e.out) - 1; ; i-- {
		e.out[i]++
		if e.out[i] != 0 {
			return
		}
	}
}

// shiftOut outputs the two leading bytes of the lower end.
func (e *Encoder) shiftOut() {
	e.out = append(e.out, byte(e.low>>24), byte(e.low>>16))
	e.low <<= 16
	e.rng <<= 16
}
