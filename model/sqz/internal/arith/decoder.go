package arith

import "errors"

// ErrTruncated says that a stream ends before all its bits are decoded.
var ErrTruncated = errors.New("the coded data ends too early")

// Decoder reads a stream. Make it with NewDecoder. Whatever the bytes are, it
// gives bits for ever; Err tells when they are no longer those of the stream.
type Decoder struct {
	in  []byte
	pos int    // bytes taken; goes on counting past the end of in
	off uint32 // the stream's number less the interval's lower end
	rng uint32 // the interval's length, as in Encoder
}

// lookAhead is how many bytes past its end a whole stream makes the decoder take.
const lookAhead = 3

// NewDecoder starts reading the stream that in holds.
func NewDecoder(in []byte) *Decoder {
	d := &Decoder{in: in, rng: 1<<32 - 1}
	for range 4 {
		d.off = d.off<<8 | d.next()
	}
	return d
}

// Bit decodes a bit with its context's estimate and updates that. It is BitP
// written out, which the compiler would not inline here, where decoding
// spends its time.
func (d *Decoder) Bit(b *Bit) int {
	bound := uint32(uint64(d.rng) * uint64(b.P()) >> Bits)
	bit, off, rng := 1, d.off, bound
	if off >= bound {
		bit, off, rng = 0, off-bound, d.rng-bound
	}
	b.Update(bit, Limit)
	for rng < minRange {
		off, rng = off<<8|d.next(), rng<<8
	}
	d.off, d.rng = off, rng
	return bit
}

// BitP decodes a bit that is 1 with probability p/2^Bits, 0 < p < 2^Bits.
func (d *Decoder) BitP(p uint32) int {
	bound := uint32(uint64(d.rng) * uint64(p) >> Bits)
	bit, off, rng := 1, d.off, bound
	if off >= bound {
		bit, off, rng = 0, off-bound, d.rng-bound
	}
	for rng < minRange {
		off, rng = off<<8|d.next(), rng<<8
	}
	d.off, d.rng = off, rng
	return bit
}

// Raw decodes n bits, n <= 32, that were coded with Encoder.Raw.
func (d *Decoder) Raw(n int) uint32 {
	var v uint32
	for range n {
		v = v<<1 | uint32(d.BitP(half))
	}
	return v
}

// Pos is the number of bytes that the bits decoded so far have used, about.
func (d *Decoder) Pos() int { return min(d.pos, len(d.in)) }

// Err is ErrTruncated if bits were decoded that the stream does not hold.
// After it, they mean nothing.
func (d *Decoder) Err() error {
	if d.pos > len(d.in)+lookAhead {
		return ErrTruncated
	}
	return nil
}

// AtEnd tells whether the stream ends with the last bit decoded.
func (d *Decoder) AtEnd() bool { return d.pos == len(d.in)+lookAhead }

// next takes a byte; past the end they are zeros.
func (d *Decoder) next() uint32 {
	pos := uint(d.pos)
	d.pos++
	if pos < uint(len(d.in)) {
		return uint32(d.in[pos])
	}
	return 0
}
