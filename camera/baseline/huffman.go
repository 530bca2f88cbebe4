package baseline

import "bytes"

// A Huffman table maps codes of 1 to 16 bits to symbols. A symbol has two halves of
// four bits: the number of zeros before the coefficient (0 for DC), and the number of
// bits that follow the code and are the coefficient (F.1.2).

const (
	lookupBits = 10 // of the first table
	maxCode    = 16 // bits of a code
	maxSize    = 11 // bits of a coefficient; 10 for AC in baseline, 11 for DC (F.1.2)
)

// entry is what a code stands for:
//
//	bits  0-4   bits to remove: the code's, plus the coefficient's if that is included
//	bits  5-8   bits of the coefficient that are still to be read; 0 if it is included
//	bits  9-16  how far to advance in the block: the zeros and the coefficient
//	bits 17-31  the coefficient, signed, if it is included
//
// 0 stands for a code that is longer than lookupBits.
type entry uint32

const (
	advanceShift = 9
	valueShift   = 17

	// endOfBlock is the advance of EOB, larger than any index after a run of zeros.
	endOfBlock = 128

	// invalid is the entry of a code that does not occur in a baseline JPEG.
	invalid entry = 1 << 31
)

func (e entry) remove() uint { return uint(e & 31) }
func (e entry) size() uint   { return uint(e >> 5 & 15) }
func (e entry) advance() int { return int(e >> advanceShift & 255) }
func (e entry) value() int32 { return int32(e) >> valueShift }

// special reports whether the entry is invalid or stands for a longer code.
func (e entry) special() bool { return e&31 == 0 }

// huffman is a Huffman table.
type huffman struct {
	defined    bool
	definition []byte // the content of its segment: the same one is not built again

	first   [1 << lookupBits]entry
	limit   [maxCode + 1]uint32 // by length: the first code that is longer, with 16 bits
	offset  [maxCode + 1]int    // by length: index of a symbol, minus its code
	symbols [256]byte
	isAC    bool
}

// define builds the table of a segment: class and number, the numbers of codes of 1 to
// 16 bits, and the symbols (C.2). It returns false if there are more codes than fit.
func (t *huffman) define(segment []byte) bool {
	if bytes.Equal(t.definition, segment) {
		t.defined = true
		return true
	}
	t.definition = append(t.definition[:0], segment...)
	t.isAC = segment[0]>>4 == 1
	counts, symbols := segment[1:1+maxCode], segment[1+maxCode:]
	copy(t.symbols[:], symbols)
	clear(t.first[:])
	code, index := 0, 0
	for length := 1; length <= maxCode; length++ {
		n := int(counts[length-1])
		if code+n > 1<<length {
			t.definition = t.definition[:0]
			return false
		}
		t.offset[length] = index - code
		if length <= lookupBits {
			for i := range n {
				t.fill(code+i, length, symbols[index+i])
			}
		}
		code, index = code+n, index+n
		t.limit[length] = uint32(code) << (maxCode - length)
		code <<= 1
	}
	t.defined = true
	return true
}

// fill sets the entries of a code in the first table.
func (t *huffman) fill(code, length int, symbol byte) {
	e := t.entryOf(symbol, length)
	free := lookupBits - length
	size := int(e.size())
	for i := range 1 << free {
		filled := e
		if size > 0 && size <= free { // the coefficient follows within the ten bits
			raw := i >> (free - size)
			filled = e&^(31|15<<5) | entry(length+size) | entry(extend(uint64(raw)<<(64-size), uint(size)))<<valueShift
		}
		t.first[code<<free|i] = filled
	}
}

// entryOf returns the entry of a symbol, without a coefficient.
func (t *huffman) entryOf(symbol byte, length int) entry {
	zeros, size := int(symbol>>4), int(symbol&15)
	advance := zeros + 1
	switch {
	case size > maxSize || !t.isAC && zeros > 0:
		return invalid
	case !t.isAC:
		advance = 0
	case symbol == 0:
		advance = endOfBlock
	case size == 0 && zeros < 15:
		return invalid // for progressive JPEGs
	}
	return entry(length) | entry(size)<<5 | entry(advance)<<advanceShift
}

// find returns the entry of the code at the start of bits, which is longer than
// lookupBits, or invalid. e is the special entry in the first table.
func (t *huffman) find(e entry, bits uint64) entry {
	if e == invalid {
		return invalid
	}
	code := uint32(bits >> (64 - maxCode))
	for length := lookupBits + 1; length <= maxCode; length++ {
		if code < t.limit[length] {
			return t.entryOf(t.symbols[(int(code>>(maxCode-length))+t.offset[length])&255], length)
		}
	}
	return invalid
}

// extend returns the coefficient at the start of bits. Its size is at least 1; one with a
// leading 0 is negative (F.2.2.1).
func extend(bits uint64, size uint) int32 {
	positive := int32(int64(bits) >> 63) // -1 or 0
	return int32(bits>>((64-size)&63)) + (-1<<(size&31)+1)&^positive
}
