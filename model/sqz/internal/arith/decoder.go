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
// Decoder.Interval, narrows it bit by bit as Bit does or the package's
// comment says, makes it long enough again with Decoder.Fill each time, and in
// the end puts it back with Decoder.Continue. Both numbers are less than 2^32;
// they have 64 bits for fewer conversions.
type Interval struct {
	Off uint64 // the stream's number less the interval's lower end
	Len uint64 // the interval's length, as in Encoder
}

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

// Continue makes the decoder go on at a place that Fill has returned.
func (d *Decoder) Continue(at Interval) { d.at = at }

// Bit decodes a bit with its context's estimate and updates that. It has no
// branch, and so suits bits that nobody foresees and on which no other
// decision hangs. It is small enough for the compiler to inline.
func (i Interval) Bit(c *Chance) (Interval, bool) {
	p := uint64(*c)
	bound := i.Len * p >> Bits
	one := i.Off < bound
	off, length, after := i.Off-bound, i.Len-bound, p-p>>pace
	if one {
		off, length, after = i.Off, bound, p+(p^whole)>>pace
	}
	*c = Chance(after)
	return Interval{off, length}, one
}

// Fill makes an interval long enough for the next bit, after one bit.
func (d *Decoder) Fill(i Interval) Interval {
	if i.Len < minRange {
		i = Interval{i.Off<<16 | d.next(), i.Len << 16}
	}
	return i
}

// Bit decodes a bit with its context's estimate and updates that.
func (d *Decoder) Bit(b *Bit) int {
	bit := d.BitP(b.P())
	b.Update(bit != 0)
	return bit
}

// BitP decodes a bit that is 1 with probability p/2^Bits, MinP <= p <= 2^Bits-MinP.
func (d *Decoder) BitP(p uint32) int {
	i := d.at
	bound := i.Len * uint64(p) >> Bits
	if i.Off < bound {
		d.at = d.Fill(Interval{i.Off, bound})
		return 1
	}
	d.at = d.Fill(Interval{i.Off - bound, i.Len - bound})
	return 0
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

// next takes two bytes; past the end they are zeros.
func (d *Decoder) next() uint64 {
	pos := d.pos
	d.pos += 2
	if pos < len(d.in)-1 {
		return uint64(d.in[pos])<<8 | uint64(d.in[pos+1])
	}
	return 0
}
