package arith

import "errors"

// ErrTruncated says that a stream ends before all its bits are decoded.
var ErrTruncated = errors.New("the coded data ends too early")

// Decoder reads a stream. Make it with NewDecoder. Whatever the bytes are, it
// gives bits for ever; Err tells when they are no longer those of the stream.
type Decoder struct {
	in  []byte
	pos int // bytes taken; goes on counting past the end of in
	at  Interval
}

// Interval is where in the stream a decoder is. A loop that decodes many bits
// keeps it in registers: it takes the interval out of the decoder with
// Decoder.Interval, cuts it for each bit with Decoder.Cut, goes on with the
// part that Below or Above gives, and in the end puts it back with
// Decoder.Continue. Both numbers are less than 2^32; they have 64 bits for
// fewer conversions.
type Interval struct {
	Off uint64 // the stream's number less the interval's lower end
	Len uint64 // the interval's length, as in Encoder
}

// Below is the part of an interval below a bound: that of a 1.
func (i Interval) Below(bound uint64) Interval { return Interval{i.Off, bound} }

// Above is the part of an interval above a bound: that of a 0.
func (i Interval) Above(bound uint64) Interval { return Interval{i.Off - bound, i.Len - bound} }

// lookAhead is how many bytes past its end a whole stream makes the decoder take.
const lookAhead = 2

// NewDecoder starts reading the stream that in holds.
func NewDecoder(in []byte) *Decoder {
	d := &Decoder{in: in, at: Interval{Len: 1<<32 - 1}}
	for range 2 {
		d.at.Off = d.at.Off<<16 | d.next()
	}
	return d
}

// Interval is the decoder's place in the stream.
func (d *Decoder) Interval() Interval { return d.at }

// Continue makes the decoder go on at an interval.
func (d *Decoder) Continue(at Interval) { d.at, _ = d.Cut(at, 0) }

// Cut makes an interval long enough for the next bit and returns it with the
// bound at which a chance cuts it: the bit is 1 if Off is less. It is small
// enough for the compiler to inline.
func (d *Decoder) Cut(i Interval, c Chance) (Interval, uint64) {
	if i.Len < minRange {
		i = Interval{i.Off<<16 | d.next(), i.Len << 16}
	}
	return i, i.Len * uint64(c) >> Bits
}

// Bit decodes a bit with its context's estimate and updates that.
func (d *Decoder) Bit(b *Bit) int {
	bit := d.BitP(b.P())
	b.Update(bit != 0)
	return bit
}

// BitP decodes a bit that is 1 with probability p/2^Bits, MinP <= p <= 2^Bits-MinP.
func (d *Decoder) BitP(p uint32) int {
	at, bit := d.at, 0
	if bound := at.Len * uint64(p) >> Bits; at.Off < bound {
		at, bit = at.Below(bound), 1
	} else {
		at = at.Above(bound)
	}
	d.Continue(at)
	return bit
}

// Raw decodes n bits, n <= 32, that were coded with Encoder.Raw.
func (d *Decoder) Raw(n int) uint32 {
	at, v := d.at, uint32(0)
	var bound uint64
	for range n {
		v <<= 1
		if at, bound = d.Cut(at, Half); at.Off < bound {
			at = at.Below(bound)
			v++
		} else {
			at = at.Above(bound)
		}
	}
	d.Continue(at)
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

// next takes two bytes; past the end they are zeros.
func (d *Decoder) next() uint64 {
	pos := d.pos
	d.pos += 2
	if pos < len(d.in)-1 {
		return uint64(d.in[pos])<<8 | uint64(d.in[pos+1])
	}
	return 0
}
