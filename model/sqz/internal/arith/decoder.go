package arith

import "errors"

var errTruncated = errors.New("the coded data ends too early")

// Decoder reads a stream. Create it with NewDecoder. Decoding never fails:
// past the end of the stream it returns garbage, and Err reports it.
type Decoder struct {
	in    []byte
	pos   int // bytes read; keeps counting past the end of in
	state State
}

// State is the arithmetic state of a decoder. A loop that decodes many bits
// keeps it in registers: it takes the state out with Decoder.State, calls
// Decoder.Split and then One or Zero for each bit, and puts the state back with
// Decoder.SetState. Both fields are below 2^32; 64 bits save conversions.
type State struct {
	Offset uint64 // the coded number less the lower end of the interval
	Range  uint64 // the length of the interval, as in Encoder
}

// One returns the state after a 1: the part of the interval below bound.
func (s State) One(bound uint64) State { return State{s.Offset, bound} }

// Zero returns the state after a 0: the part of the interval above bound.
func (s State) Zero(bound uint64) State { return State{s.Offset - bound, s.Range - bound} }

// lookahead is the number of bytes that a decoder reads past the end of a
// complete stream.
const lookahead = 2

// NewDecoder starts reading the stream in.
func NewDecoder(in []byte) *Decoder {
	d := &Decoder{in: in, state: State{Range: 1<<32 - 1}}
	for range 2 {
		d.state.Offset = d.state.Offset<<16 | d.next()
	}
	return d
}

// State returns the arithmetic state, for Split.
func (d *Decoder) State() State { return d.state }

// SetState sets the arithmetic state after a series of Splits.
func (d *Decoder) SetState(s State) { d.state, _ = d.Split(s, 0) }

// Split renormalises the state and returns it with the bound at which a
// probability splits its interval: the bit is 1 if Offset < bound. It is small
// enough to be inlined.
func (d *Decoder) Split(s State, p ShiftProb) (State, uint64) {
	if s.Range < minRange {
		s = State{s.Offset<<16 | d.next(), s.Range << 16}
	}
	return s, s.Range * uint64(p) >> ProbBits
}

// Counted decodes a bit with an adaptive probability and updates it.
func (d *Decoder) Counted(c *CountedProb) int {
	bit := d.Bit(c.P())
	c.UpdateLimit(bit != 0, defaultLimit)
	return bit
}

// Bit decodes a bit that is 1 with probability p/2^ProbBits;
// 64 <= p <= 2^ProbBits-64.
func (d *Decoder) Bit(p uint32) int {
	s, bit := d.state, 0
	if bound := s.Range * uint64(p) >> ProbBits; s.Offset < bound {
		s, bit = s.One(bound), 1
	} else {
		s = s.Zero(bound)
	}
	d.SetState(s)
	return bit
}

// Raw decodes n bits, n <= 32, that were encoded with Encoder.Raw.
func (d *Decoder) Raw(n int) uint32 {
	s, v := d.state, uint32(0)
	var bound uint64
	for range n {
		v <<= 1
		if s, bound = d.Split(s, Half); s.Offset < bound {
			s = s.One(bound)
			v++
		} else {
			s = s.Zero(bound)
		}
	}
	d.SetState(s)
	return v
}

// Pos returns about how many bytes the bits decoded so far have used.
func (d *Decoder) Pos() int { return min(d.pos, len(d.in)) }

// Err returns an error if more bits were decoded than the stream holds. The
// bits decoded past its end are garbage.
func (d *Decoder) Err() error {
	if d.pos > len(d.in)+lookahead {
		return errTruncated
	}
	return nil
}

// AtEnd reports whether the stream ends with the last bit decoded.
func (d *Decoder) AtEnd() bool { return d.pos == len(d.in)+lookahead }

// next reads two bytes; past the end they are zero.
func (d *Decoder) next() uint64 {
	pos := d.pos
	d.pos += 2
	if pos < len(d.in)-1 {
		return uint64(d.in[pos])<<8 | uint64(d.in[pos+1])
	}
	return 0
}
