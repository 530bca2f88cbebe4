package arith

// Encoder writes a stream. Make it with NewEncoder.
type Encoder struct {
	out []byte
	low uint32 // the interval's lower end, without the bytes already in out
	rng uint32 // the interval's length, at least minRange between bits
}

// minRange is the length below which two bytes of the interval are settled.
const minRange = 1 << 16

// NewEncoder starts a stream that is appended to out.
func NewEncoder(out []byte) *Encoder { return &Encoder{out: out, rng: 1<<32 - 1} }

// Bit codes a bit, 0 or 1, with its context's estimate and updates that.
func (e *Encoder) Bit(b *Bit, bit int) {
	e.BitP(b.P(), bit)
	b.Update(bit != 0)
}

// Chance codes a bit with its context's estimate and updates that.
func (e *Encoder) Chance(c *Chance, one bool) {
	if one {
		e.BitP(uint32(*c), 1)
		*c = c.AfterOne()
	} else {
		e.BitP(uint32(*c), 0)
		*c = c.AfterZero()
	}
}

// BitP codes a bit, 0 or 1, that is 1 with probability p/2^Bits, MinP <= p <= 2^Bits-MinP.
func (e *Encoder) BitP(p uint32, bit int) {
	bound := uint32(uint64(e.rng) * uint64(p) >> Bits)
	if bit != 0 {
		e.rng = bound
	} else {
		e.advance(bound)
		e.rng -= bound
	}
	if e.rng < minRange {
		e.shift()
	}
}

// Raw codes the lowest n bits of v, n <= 32, highest first, each at the cost of one bit.
func (e *Encoder) Raw(v uint32, n int) {
	for n--; n >= 0; n-- {
		e.BitP(half, int(v>>n)&1)
	}
}

// Len is the number of bytes out so far.
func (e *Encoder) Len() int { return len(e.out) }

// Finish ends the stream and returns it, behind what NewEncoder was given.
func (e *Encoder) Finish() []byte {
	e.advance(minRange - 1)
	e.shift()
	return e.out
}

// advance moves the interval's lower end up. A carry out of low goes into
// the bytes already written; it always ends there, for the whole interval
// lies below 1.
func (e *Encoder) advance(by uint32) {
	e.low += by
	if e.low >= by {
		return
	}
	for i := len(e.out) - 1; ; i-- {
		e.out[i]++
		if e.out[i] != 0 {
			return
		}
	}
}

// shift moves the leading two bytes of the interval out.
func (e *Encoder) shift() {
	e.out = append(e.out, byte(e.low>>24), byte(e.low>>16))
	e.low <<= 16
	e.rng <<= 16
}
