package importer

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// tensor is an array in a file. Its values are read on demand, after its shape
// is verified, so that wrong sizes in a file do not allocate memory.
type tensor struct {
	name  string
	where string // offset or key in the file, for error messages
	shape []int
	load  func() ([]float32, error) // values in row-major order

	empty   bool // a dimension is 0; shape is nil
	integer bool // not floating-point numbers
}

// String names the tensor in error messages.
func (t *tensor) String() string {
	return fmt.Sprintf("tensor %q (%s, %s)", t.name, dimensions(t.shape), t.where)
}

func dimensions(shape []int) string {
	if len(shape) == 0 {
		return "a scalar"
	}
	texts := make([]string, len(shape))
	for i, d := range shape {
		texts[i] = strconv.Itoa(d)
	}
	return strings.Join(texts, "x")
}

// count returns the number of values.
func (t *tensor) count() int {
	n := 1
	for _, d := range t.shape {
		n *= d
	}
	return n
}

// values reads the tensor and verifies that it is complete and finite.
func (t *tensor) values() ([]float32, error) {
	v, err := t.load()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", t, err)
	}
	if len(v) != t.count() {
		return nil, fmt.Errorf("%s: has %d values", t, len(v))
	}
	for i, x := range v {
		if math.IsNaN(float64(x)) || math.IsInf(float64(x), 0) {
			return nil, fmt.Errorf("%s: value %d is %v", t, i, x)
		}
	}
	return v, nil
}

// Limits of shapes, so that products of dimensions cannot overflow an int.
const (
	maxRank     = 8
	maxElements = maxFile
)

// toShape validates the dimensions that a file states.
func toShape(dims []int64) ([]int, error) {
	if len(dims) > maxRank {
		return nil, fmt.Errorf("has %d dimensions; at most %d are supported", len(dims), maxRank)
	}
	shape, count := make([]int, len(dims)), int64(1)
	for i, d := range dims {
		if d < 1 || d > maxElements || count*d > maxElements {
			return nil, fmt.Errorf("has an impossible shape %v", dims)
		}
		count *= d
		shape[i] = int(d)
	}
	return shape, nil
}

// dtype is the data type of a tensor in a file.
type dtype uint8

const (
	otherType dtype = iota // integers and others that are not weights
	float32Type
	float64Type
	float16Type
	bfloat16Type
)

var dtypeSizes = [...]int{0, 4, 8, 2, 2}

// size returns the bytes of a value, 0 for otherType.
func (d dtype) size() int { return dtypeSizes[d] }

var errNotFloat = errors.New("does not hold floating-point numbers")

// decode reads consecutive little-endian values.
func (d dtype) decode(raw []byte) ([]float32, error) {
	size := d.size()
	if size == 0 {
		return nil, errNotFloat
	}
	v := make([]float32, len(raw)/size)
	for i := range v {
		v[i] = d.at(raw, i)
	}
	return v, nil
}

// at returns value i.
func (d dtype) at(raw []byte, i int) float32 {
	switch d {
	case float32Type:
		return math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
	case float64Type:
		return float32(math.Float64frombits(binary.LittleEndian.Uint64(raw[8*i:])))
	case float16Type:
		return fromHalf(binary.LittleEndian.Uint16(raw[2*i:]))
	default:
		return fromBfloat(binary.LittleEndian.Uint16(raw[2*i:]))
	}
}

// fromBfloat widens a bfloat16: the upper half of a float32.
func fromBfloat(bits uint16) float32 { return math.Float32frombits(uint32(bits) << 16) }

// fromHalf widens an IEEE 754 binary16 exactly.
func fromHalf(bits uint16) float32 {
	sign := uint32(bits&0x8000) << 16
	exponent, fraction := uint32(bits>>10&31), uint32(bits&1023)
	switch exponent {
	case 0: // zero and subnormal numbers: fraction * 2^-24
		return math.Float32frombits(sign | math.Float32bits(float32(fraction)/(1<<24)))
	case 31: // infinity and NaN
		return math.Float32frombits(sign | 0x7f800000 | fraction<<13)
	default: // the exponent's bias grows from 15 to 127
		return math.Float32frombits(sign | (exponent+112)<<23 | fraction<<13)
	}
}
