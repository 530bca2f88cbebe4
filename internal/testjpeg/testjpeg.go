// Package testjpeg writes baseline JPEGs as cameras do, for tests: with any
// subsampling, with restart markers, without Huffman tables. Package image/jpeg writes
// 4:2:0 only.
package testjpeg

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/jpeg"
	"math"
)

// Config is what a JPEG is like.
type Config struct {
	Width, Height int
	H, V          int // sampling factors of Y; those of Cb and Cr are ChromaH and ChromaV
	ChromaH       int // 1 if 0
	ChromaV       int // 1 if 0
	Grey          bool
	Quality       int // 1…100, as of libjpeg
	Restart       int // MCUs between restart markers; 0: none
	NoTables      bool
}

// Colour returns Y, Cb and Cr, 0…255, of a pixel. It is called for pixels beyond the
// picture's edges, too.
type Colour func(x, y int) [3]float64

// The tables of ITU-T T.81, Annex K, in rows; and the order of coefficients.
var (
	steps = [2][64]int{{
		16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51, 87, 80, 62,
		18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92, 49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
	}, {
		17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99, 24, 26, 56, 99, 99, 99, 99, 99, 47, 66, 99, 99, 99, 99, 99, 99,
		99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
	}}
	zigzag [64]int
)

func init() {
	for i, d := 0, 0; d < 15; d++ { // diagonals, alternately upwards and downwards
		for j := max(0, d-7); j <= min(d, 7); j++ {
			u, v := j, d-j
			if d%2 == 1 {
				u, v = v, u
			}
			zigzag[i] = 8*v + u
			i++
		}
	}
}

// code is a Huffman code.
type code struct{ bits, length uint }

// writer writes the bits of a scan.
type writer struct {
	out  []byte
	bits uint64
	n    uint
}

func (w *writer) write(bits, n uint) {
	w.bits, w.n = w.bits<<n|uint64(bits), w.n+n
	for ; w.n >= 8; w.n -= 8 {
		b := byte(w.bits >> (w.n - 8))
		w.out = append(w.out, b)
		if b == 0xff {
			w.out = append(w.out, 0)
		}
	}
}

// flush fills the last byte with ones.
func (w *writer) flush() {
	if w.n > 0 {
		w.write(1<<(8-w.n)-1, 8-w.n)
	}
}

// component is Y, Cb or Cr while it is encoded.
type component struct {
	h, v, table int // sampling factors; number of its tables
	stepX       int // pixels of a sample
	stepY       int
	predictor   int
}

// Encode returns a JPEG.
func Encode(c Config, colour Colour) []byte {
	c.ChromaH, c.ChromaV = max(c.ChromaH, 1), max(c.ChromaV, 1)
	components := []component{{h: c.H, v: c.V}, {h: c.ChromaH, v: c.ChromaV, table: 1}, {h: c.ChromaH, v: c.ChromaV, table: 1}}
	maxH, maxV := c.H, c.V
	if c.Grey {
		components = []component{{h: 1, v: 1}}
		maxH, maxV = 1, 1
	}
	for i := range components {
		components[i].stepX, components[i].stepY = maxH/components[i].h, maxV/components[i].v
	}
	quantizers := quantizersOf(c.Quality)
	tables := typicalTables()
	w := writer{out: head(c, components, quantizers, tables)}
	codes := codesOf(tables)
	mcusX, mcusY := (c.Width+8*maxH-1)/(8*maxH), (c.Height+8*maxV-1)/(8*maxV)
	for m := range mcusX * mcusY {
		if c.Restart > 0 && m > 0 && m%c.Restart == 0 {
			w.flush()
			w.out = append(w.out, 0xff, 0xd0|byte(m/c.Restart-1)&7)
			for i := range components {
				components[i].predictor = 0
			}
		}
		for i := range components {
			p := &components[i]
			for b := range p.h * p.v {
				x, y := (m%mcusX*p.h+b%p.h)*8, (m/mcusX*p.v+b/p.h)*8
				w.block(p, transform(samples(p, i, x, y, colour), &quantizers[p.table]), &codes)
			}
		}
	}
	w.flush()
	return append(w.out, 0xff, 0xd9)
}

// head returns everything before the scan's data.
func head(c Config, components []component, quantizers [2][64]int, tables []byte) []byte {
	out := []byte{0xff, 0xd8}
	for i, q := range quantizers {
		out = append(out, 0xff, 0xdb, 0, 67, byte(i))
		for _, at := range zigzag {
			out = append(out, byte(q[at]))
		}
	}
	out = append(out, 0xff, 0xc0, 0, byte(8+3*len(components)), 8)
	out = binary.BigEndian.AppendUint16(out, uint16(c.Height))
	out = binary.BigEndian.AppendUint16(out, uint16(c.Width))
	out = append(out, byte(len(components)))
	for i, p := range components {
		out = append(out, byte(i+1), byte(p.h<<4|p.v), byte(p.table))
	}
	if c.Restart > 0 {
		out = append(out, 0xff, 0xdd, 0, 4)
		out = binary.BigEndian.AppendUint16(out, uint16(c.Restart))
	}
	if !c.NoTables {
		out = append(out, tables...)
	}
	out = append(out, 0xff, 0xda, 0, byte(6+2*len(components)), byte(len(components)))
	for i, p := range components {
		out = append(out, byte(i+1), byte(p.table*0x11))
	}
	return append(out, 0, 63, 0)
}

// quantizersOf scales the tables as libjpeg does.
func quantizersOf(quality int) (q [2][64]int) {
	scale := 200 - 2*quality
	if quality < 50 {
		scale = 5000 / quality
	}
	for t := range q {
		for i, s := range steps[t] {
			q[t][i] = min(max((s*scale+50)/100, 1), 255)
		}
	}
	return q
}

// typicalTables returns the segment DHT of the tables of Annex K.3, as package
// image/jpeg writes it: DC and AC of Y, DC and AC of chroma.
func typicalTables() []byte {
	var file bytes.Buffer
	if err := jpeg.Encode(&file, image.NewNRGBA(image.Rect(0, 0, 1, 1)), nil); err != nil {
		panic(err) // a Buffer returns no error
	}
	segment := file.Bytes()[bytes.Index(file.Bytes(), []byte{0xff, 0xc4}):]
	return segment[:2+int(binary.BigEndian.Uint16(segment[2:]))]
}

// codesOf assigns the codes of a segment DHT: [class][number][symbol].
func codesOf(segment []byte) (codes [2][2][256]code) {
	for tables := segment[4:]; len(tables) > 0; {
		next, symbols := uint(0), tables[17:]
		for bits := uint(1); bits <= 16; bits++ {
			for range tables[bits] {
				codes[tables[0]>>4][tables[0]&15][symbols[0]] = code{next, bits}
				next, symbols = next+1, symbols[1:]
			}
			next <<= 1
		}
		tables = symbols
	}
	return codes
}

// samples returns the block at (x, y), in samples of a component, less 128.
func samples(p *component, i, x, y int, colour Colour) (s [64]float64) {
	for at := range s {
		for py := range p.stepY {
			for px := range p.stepX {
				s[at] += colour((x+at%8)*p.stepX+px, (y+at/8)*p.stepY+py)[i]
			}
		}
		s[at] = s[at]/float64(p.stepX*p.stepY) - 128
	}
	return s
}

// cosines are [frequency][sample], orthonormal.
var cosines = func() (c [8][8]float64) {
	for u := range c {
		for x := range c[u] {
			c[u][x] = math.Cos(float64((2*x+1)*u)*math.Pi/16) / 2
			if u == 0 {
				c[u][x] = math.Sqrt(1. / 8)
			}
		}
	}
	return c
}()

// transform returns the quantized coefficients (ITU-T T.81, A.3.3).
func transform(s [64]float64, q *[64]int) (out [64]int) {
	var rows [64]float64
	for y := range 8 {
		for u := range 8 {
			for x := range 8 {
				rows[8*y+u] += s[8*y+x] * cosines[u][x]
			}
		}
	}
	for v := range 8 {
		for u := range 8 {
			sum := 0.0
			for y := range 8 {
				sum += rows[8*y+u] * cosines[v][y]
			}
			out[8*v+u] = int(math.Round(sum / float64(q[8*v+u])))
		}
	}
	return out
}

// block writes a block (ITU-T T.81, F.1.2).
func (w *writer) block(p *component, b [64]int, codes *[2][2][256]code) {
	w.symbol(codes[0][p.table], 0, b[0]-p.predictor)
	p.predictor = b[0]
	zeros := 0
	for _, at := range zigzag[1:] {
		if b[at] == 0 {
			zeros++
			continue
		}
		for ; zeros > 15; zeros -= 16 {
			w.code(codes[1][p.table][0xf0])
		}
		w.symbol(codes[1][p.table], zeros, b[at])
		zeros = 0
	}
	if zeros > 0 {
		w.code(codes[1][p.table][0])
	}
}

func (w *writer) code(c code) {
	if c.length == 0 {
		panic("testjpeg: the tables lack a code")
	}
	w.write(c.bits, c.length)
}

// symbol writes a coefficient after a number of zeros.
func (w *writer) symbol(codes [256]code, zeros, v int) {
	size := uint(0)
	for ; max(v, -v)>>size > 0; size++ {
	}
	w.code(codes[zeros<<4|int(size)])
	if v < 0 {
		v += 1<<size - 1
	}
	w.write(uint(v), size)
}
