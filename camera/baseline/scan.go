package baseline

import (
	"bytes"
	"encoding/binary"

	"halfmeg/camera/internal/jpegsegment"
	"halfmeg/kernels/idct"
)

// step is how a coefficient is stored: its quantizer step with idct.FractionBits
// fraction bits, shifted left by 8, and in the lower bits its place in the block.
type step int32

// zigzag is the order of coefficients (figure A.6): 8 times the vertical frequency plus
// the horizontal one.
var zigzag = [64]byte{
	0, 1, 8, 16, 9, 2, 3, 10,
	17, 24, 32, 25, 18, 11, 4, 5,
	12, 19, 26, 33, 40, 48, 41, 34,
	27, 20, 13, 6, 7, 14, 21, 28,
	35, 42, 49, 56, 57, 50, 43, 36,
	29, 22, 15, 23, 30, 37, 44, 51,
	58, 59, 52, 45, 38, 31, 39, 46,
	53, 60, 61, 54, 47, 55, 62, 63,
}

// lastIndex returns the index in zigzag order of the last coefficient that a block of
// the given size needs: the one with the highest frequencies.
func lastIndex(size int) int {
	return [...]int{1: 0, 2: 4, 4: 24, 8: 63}[size]
}

// setSteps sets the steps. A coefficient that the size does not need is stored as zero in
// the place of the last one that it needs, which is decoded later.
func (c *component) setSteps(size int, quantizers *[64]byte) {
	last := lastIndex(size)
	for i, at := range zigzag {
		u, v := int(at&7), int(at>>3)
		factor := step(quantizers[i]) << (idct.FractionBits + 8)
		if u >= size || v >= size {
			u, v, factor = size-1, size-1, 0
		}
		c.steps[i] = factor | step(idct.Index(size, u, v))
	}
	c.last = last
}

// blockSpace is the number of int16 that a block's array may reach beyond its own.
const blockSpace = 64

// bitReader reads the bits of an interval.
type bitReader struct {
	data []byte // the interval without stuffed zeros, followed by zeros
	end  int    // its length
	pos  int    // bytes loaded; may exceed end
	bits uint64 // the next bits, from the highest down
	n    uint   // valid bits in it
}

// padding is the number of zeros after an interval.
const padding = 8

// minBits is the number of bits that the longest code and its coefficient need.
const minBits = maxCode + maxSize

// next starts an interval at src, and returns what follows its data: a marker, or
// nothing.
func (r *bitReader) next(src []byte) []byte {
	data := r.data[:0]
	for {
		i := bytes.IndexByte(src, 0xff)
		if i < 0 || i+1 == len(src) {
			data = append(data, src...)
			src = nil
			break
		}
		if src[i+1] != 0 {
			data = append(data, src[:i]...)
			src = src[i:]
			break
		}
		data = append(data, src[:i+1]...)
		src = src[i+2:]
	}
	r.end, r.pos, r.bits, r.n = len(data), 0, 0, 0
	r.data = append(data, make([]byte, padding)...)
	return src
}

// overrun reports whether more bits were read than the interval has.
func (r *bitReader) overrun() bool { return r.used() > r.end }

// used returns the number of bytes that were read, the last one perhaps in part.
func (r *bitReader) used() int { return (8*r.pos - int(r.n) + 7) / 8 }

const (
	// maxExtra is the number of bytes that may be left over in an interval. Logitech's
	// C270 and C910 leave up to 9 before a restart marker.
	maxExtra = 16

	// maxZeros is the number of zero bytes that an interval may end with, if it has no
	// code of zeros for the end of a block.
	maxZeros = 64
)

// whole reports whether the interval that was decoded is the encoder's. Otherwise it was
// truncated and continues with stale bytes or with zeros of the driver's buffer.
// endsInZeros: a code of zeros may end a block.
func (r *bitReader) whole(endsInZeros bool) bool {
	if r.overrun() {
		return false
	}
	data, used := r.data[:r.end], r.used()
	if !endsInZeros && used-len(bytes.TrimRight(data[:used], "\x00")) > maxZeros {
		return false
	}
	rest := data[used:]
	if i := bytes.Index(rest, []byte("\r\n--")); i >= 0 { // the boundary of a multipart stream
		rest = rest[:i]
	}
	return len(rest)-bytes.Count(rest, []byte{0})-bytes.Count(rest, []byte{0xff}) <= maxExtra
}

// block decodes a block. Its coefficients must be zero before. It returns false if the
// block is not valid, or if its sum is too large for idct.Row and for any picture. The
// loops for DC, AC and skipped coefficients are unrolled by hand: each needs only a part of
// the steps from a code to its coefficient.
func (r *bitReader) block(c *component, out *[64]int16) bool {
	bits, n := r.bits, r.n
	if n < minBits {
		bits, n = r.refill(bits, n)
	}
	e := c.dc.first[bits>>(64-lookupBits)]
	if e.special() {
		if e = c.dc.find(e, bits); e == invalid {
			return false
		}
	}
	bits <<= e.remove()
	n -= e.remove()
	value := e.value()
	if size := e.size(); size != 0 {
		value = extend(bits, size)
		bits <<= size
		n -= size
	}
	c.predictor += value
	dc := c.predictor * int32(c.steps[0]>>8)
	out[0] = int16(dc)
	sum := max(dc, -dc)

	k := 0
	for k < c.last {
		if n < minBits {
			bits, n = r.refill(bits, n)
		}
		e := c.ac.first[bits>>(64-lookupBits)]
		if e.special() {
			if e = c.ac.find(e, bits); e == invalid {
				return false
			}
		}
		bits <<= e.remove()
		n -= e.remove()
		value := e.value()
		if size := e.size(); size != 0 {
			value = extend(bits, size)
			bits <<= size
			n -= size
		}
		k += e.advance()
		if k > c.last {
			break
		}
		s := c.steps[k&63]
		ac := value * int32(s>>8)
		out[s&63] = int16(ac)
		sum += max(ac, -ac)
	}
	for k < 63 { // coefficients that are not needed
		if n < minBits {
			bits, n = r.refill(bits, n)
		}
		e := c.ac.first[bits>>(64-lookupBits)]
		if e.special() {
			if e = c.ac.find(e, bits); e == invalid {
				return false
			}
		}
		length := e.remove() + e.size()
		bits <<= length
		n -= length
		k += e.advance()
	}
	r.bits, r.n = bits, n
	return (k == 63 || k >= endOfBlock) && sum <= idct.MaxSum
}

// refill loads as many bytes as fit. Bits after the valid ones may already be set, to the
// same values.
func (r *bitReader) refill(bits uint64, n uint) (uint64, uint) {
	if r.pos < r.end {
		bits |= binary.BigEndian.Uint64(r.data[r.pos:]) >> (n & 63)
	}
	r.pos += int(63-n) / 8
	return bits, n | 56
}

// decodeScan decodes the blocks of the scan, and returns what follows the picture.
func (d *Decoder) decodeScan(scan []byte) (rest []byte, err error) {
	rest = d.bits.next(scan)
	d.resetPredictors()
	luma := d.components[0].ac
	endsInZeros := luma.first[0].advance() == endOfBlock
	left, marker := d.interval, byte(jpegsegment.RST0)
	for range d.mcusY {
		for x := range d.mcusX {
			if d.interval > 0 {
				if left == 0 {
					rest = skipFill(rest)
					if !d.bits.whole(endsInZeros) || !isMarker(rest, marker) {
						return nil, ErrDamaged
					}
					rest = d.bits.next(rest[2:])
					d.resetPredictors()
					left = d.interval
					marker = jpegsegment.RST0 | (marker+1)&7
				}
				left--
			}
			if !d.decodeMCU(x) {
				return nil, ErrDamaged
			}
		}
		if d.bits.overrun() {
			return nil, ErrDamaged
		}
		d.transform()
	}
	if !endsPicture(rest) {
		return nil, ErrUnsupported
	}
	if !d.bits.whole(endsInZeros) {
		return nil, ErrDamaged
	}
	return skipEnd(rest), nil
}

// decodeMCU decodes the blocks of the MCU in column x.
func (d *Decoder) decodeMCU(x int) bool {
	for i := range d.units {
		u := &d.units[i]
		c := u.component
		at := idct.Offset(d.size, u.first+x*c.h)
		if !d.bits.block(c, (*[64]int16)(c.coefficients[at:])) {
			return false
		}
	}
	return true
}

func (d *Decoder) resetPredictors() {
	for i := range d.components {
		d.components[i].predictor = 0
	}
}

// isMarker reports whether data starts with a marker.
func isMarker(data []byte, marker byte) bool {
	return len(data) >= 2 && data[0] == 0xff && data[1] == marker
}

// skipFill returns data without fill bytes before a marker (B.1.1.2).
func skipFill(data []byte) []byte {
	for len(data) >= 2 && data[0] == 0xff && data[1] == 0xff {
		data = data[1:]
	}
	return data
}

// skipEnd returns what follows the end marker and fill bytes before it. Without an end
// marker it returns data as they are.
func skipEnd(data []byte) []byte {
	i := 0
	for i < len(data) && data[i] == 0xff {
		i++
	}
	if i > 0 && i < len(data) && data[i] == jpegsegment.EOI {
		return data[i+1:]
	}
	return data
}

// endsPicture reports whether no other scan follows: data are empty or their first
// marker is EOI, or SOI of stale data in a driver's buffer.
func endsPicture(data []byte) bool {
	for len(data) >= 2 {
		i := bytes.IndexByte(data, 0xff)
		if i < 0 || i+1 >= len(data) {
			break
		}
		switch marker := data[i+1]; {
		case marker == jpegsegment.EOI || marker == jpegsegment.SOI:
			return true
		case marker == 0 || marker >= jpegsegment.RST0 && marker <= jpegsegment.RST7:
			data = data[i+2:]
		case marker == 0xff:
			data = data[i+1:]
		default:
			return false
		}
	}
	return true
}
