package kernels

import "math"

// Map is a feature map inside a larger buffer: channel c of the pixel in row
// y and column x is Data[y*Row+x*Pixel+c].
type Map struct {
	Data  []int8
	Pixel int // bytes from a pixel to its right neighbour
	Row   int // bytes from a row to the next
}

// At returns the map that starts at row y, column x and channel c of m.
func (m Map) At(y, x, c int) Map {
	m.Data = m.Data[y*m.Row+x*m.Pixel+c:]
	return m
}

// Span is the range From…To-1.
type Span struct{ From, To int }

// Requantize converts an accumulator to a stored byte.
func Requantize(acc int32, m float32) int8 {
	v := min(max(float32(float32(acc)*m), 0), 255)
	// The float32 2^23 + v has no fraction bits: the sum rounds half to even.
	return int8(math.Float32bits(float32(v+1<<23)) - 128)
}

// RescaleTable returns a table from codes of one scale to codes of another,
// rounded half to even: table[code] = clamp(rne(code*ratio), 0, 255), where
// ratio is the scale of the codes divided by the new scale.
func RescaleTable(ratio float32) *[256]uint8 {
	ratio = min(ratio, 256) // saturates code 1 already; infinity would turn code 0 into a NaN
	var t [256]uint8
	for code := range t {
		t[code] = uint8(Requantize(int32(code), ratio)) ^ 0x80
	}
	return &t
}

// AddSaturated adds src to width pixels of a range of rows of dst, after a table has
// rescaled the codes of src to the scale of dst. Sums saturate at code 255.
func AddSaturated(dst, src Map, table *[256]uint8, channels, width int, rows Span) {
	for y := rows.From; y < rows.To; y++ {
		for x := range width {
			d, s := dst.At(y, x, 0).Data[:channels], src.At(y, x, 0).Data[:channels]
			for c := range d {
				code := int32(d[c]) + 128 + int32(table[uint8(s[c])^0x80])
				d[c] = int8(min(code, 255) - 128)
			}
		}
	}
}
