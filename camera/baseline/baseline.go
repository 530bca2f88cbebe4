package baseline

import (
	"errors"
	"slices"

	"halfmeg/camera/pixel"
	"halfmeg/kernels/idct"
)

var (
	// ErrUnsupported is the error of a frame of an uncommon kind, or without a valid
	// header.
	ErrUnsupported = errors.New("not a baseline JPEG of a common kind")

	// ErrDamaged is the error of a frame whose data are not those of a whole picture.
	ErrDamaged = errors.New("the JPEG is truncated or damaged")
)

// Limits of a frame. More than 16 Mi pixels are rejected by package picture, too.
const (
	maxPixels = 16 << 20
	maxBytes  = 32 << 20 // of the decoded planes; larger ones need a check of the available memory
)

// Decoder decodes frames. The zero value is ready to use. It is not safe for concurrent
// use.
type Decoder struct {
	// MinSide is the smallest number of pixels that either side of the decoded picture
	// may have; frames are scaled down to 1/2, 1/4 or 1/8 as far as it allows. 0: not
	// scaled.
	MinSide int

	width, height int // of the frame, in pixels
	size          int // samples per side of a decoded block: 8, 4, 2 or 1
	mcusX, mcusY  int // MCUs per row, and rows of them
	interval      int // MCUs between restart markers; 0: no markers
	components    []component
	huffman       [2][4]huffman // [class, DC or AC][number]
	quantizers    [4][64]byte   // in zigzag order
	seen          header
	units         []unit
	bits          bitReader
	data          []byte // the planes
	strip         []byte // for the last row of blocks if the picture ends within it
	store         [3]component
}

// component is Y, Cb or Cr.
type component struct {
	id        byte
	h, v      int // blocks per MCU, horizontally and vertically
	quantizer byte
	dc, ac    *huffman

	blocks       int      // in a row of the plane; even, because some kernels transform pairs
	coefficients []int16  // of a row of MCUs: v rows of blocks
	steps        [64]step // by zigzag index
	last         int      // zigzag index of the last coefficient that is needed
	predictor    int32    // the DC coefficient of the block before
	plane        []byte   // where the next row of blocks is written
	stride       int      // bytes from one row of samples to the next
	rows         int      // of samples, left in the plane
}

// unit is a block of an MCU.
type unit struct {
	component *component
	first     int // index of the first MCU's block in the coefficients
}

// Decode decodes a frame that starts with the marker SOI. It returns the format and
// the planes, which are valid until the next call, and the number of bytes of the frame
// up to the end of its data, including the end marker if it has one: stale bytes of a
// driver's buffer may follow.
func (d *Decoder) Decode(frame []byte) (f pixel.Format, planes []byte, length int, err error) {
	scan, ok := d.readHeader(frame)
	if !ok {
		return pixel.Format{}, nil, 0, ErrUnsupported
	}
	f, ok = d.layOut(len(scan))
	if !ok {
		return pixel.Format{}, nil, 0, ErrUnsupported
	}
	rest, err := d.decodeScan(scan)
	if err != nil {
		return pixel.Format{}, nil, 0, err
	}
	return f, d.data[:f.Size()], len(frame) - len(rest), nil
}

// scaledSize returns the size of a decoded block: the smallest for which both sides of
// the picture have at least minSide pixels.
func scaledSize(width, height, minSide int) int {
	size := 8
	for minSide > 0 && size > 1 && scaled(min(width, height), size/2) >= minSide {
		size /= 2
	}
	return size
}

// scaled returns the length of a side in blocks of the given size, rounded up.
func scaled(side, size int) int { return (side*size + 7) / 8 }

// layOut decides the format and allocates the planes, unless the scan is too short for
// its picture: a block has at least two codes, each of at least one bit.
func (d *Decoder) layOut(scanLength int) (pixel.Format, bool) {
	luma := &d.components[0]
	blocksOfMCU, maxH, maxV := 0, 1, 1
	for i := range d.components {
		c := &d.components[i]
		blocksOfMCU += c.h * c.v
		maxH, maxV = max(maxH, c.h), max(maxV, c.v)
	}
	d.mcusX, d.mcusY = divideUp(d.width, 8*maxH), divideUp(d.height, 8*maxV)
	if int64(d.width)*int64(d.height) > maxPixels || d.mcusX*d.mcusY*blocksOfMCU > 4*scanLength {
		return pixel.Format{}, false
	}
	code, ok := d.fourCC()
	if !ok {
		return pixel.Format{}, false
	}
	d.size = scaledSize(d.width, d.height, d.MinSide)
	f := pixel.Format{FourCC: code, Width: scaled(d.width, d.size), Height: scaled(d.height, d.size)}

	// Strides are those of the blocks, so that whole blocks can be written. That of luma
	// is twice that of chroma where pixel.Format says so.
	last := &d.components[len(d.components)-1]
	stride := roundUp(d.mcusX*last.h, 2) * d.size
	f.Stride = stride * (luma.h / last.h)
	planes := f.Planes()
	total := 0
	for _, p := range planes {
		total += p.Stride * p.Rows
	}
	if total > maxBytes {
		return pixel.Format{}, false
	}
	d.data = slices.Grow(d.data[:0], total)[:total]
	d.strip = slices.Grow(d.strip[:0], f.Stride*d.size)[:f.Stride*d.size]
	d.units = d.units[:0]
	for i := range d.components {
		c := &d.components[i]
		c.plane, c.stride, c.rows = d.data[planes[i].Offset:][:planes[i].Stride*planes[i].Rows], planes[i].Stride, planes[i].Rows
		d.allocate(c)
	}
	return f, true
}

// fourCC returns the pixel format of the components, and false if there is none.
func (d *Decoder) fourCC() (pixel.FourCC, bool) {
	if len(d.components) == 1 {
		return pixel.GREY, true
	}
	y, cb, cr := &d.components[0], &d.components[1], &d.components[2]
	if cb.h != cr.h || cb.v != cr.v || y.h%cb.h != 0 || y.v%cb.v != 0 {
		return 0, false
	}
	switch [2]int{y.h / cb.h, y.v / cb.v} {
	case [2]int{1, 1}:
		return pixel.YUV444P, true
	case [2]int{2, 1}:
		return pixel.YUV422P, true
	case [2]int{2, 2}:
		return pixel.YU12, true
	}
	return 0, false
}

// allocate prepares a component's coefficients and quantizer steps, and adds its blocks
// to the MCU.
func (d *Decoder) allocate(c *component) {
	c.blocks = c.stride / d.size // so that no byte of the planes stays as it was
	n := c.v * c.blocks * d.size * d.size
	c.coefficients = slices.Grow(c.coefficients[:0], n+blockSpace)[:n+blockSpace]
	clear(c.coefficients)
	c.setSteps(d.size, &d.quantizers[c.quantizer])
	for v := range c.v {
		for h := range c.h {
			d.units = append(d.units, unit{c, v*c.blocks + h})
		}
	}
}

// transform writes the blocks of a row of MCUs to the planes.
func (d *Decoder) transform() {
	for i := range d.components {
		c := &d.components[i]
		n := c.blocks * d.size * d.size
		for v := range c.v {
			row := c.coefficients[v*n:][:n]
			switch {
			case c.rows >= d.size:
				idct.Row(c.plane, c.stride, d.size, row)
			case c.rows > 0: // the last rows of the picture end within these blocks
				idct.Row(d.strip, c.stride, d.size, row)
				copy(c.plane, d.strip[:c.rows*c.stride])
			default:
				clear(row)
			}
			written := min(c.rows, d.size)
			c.plane, c.rows = c.plane[written*c.stride:], c.rows-written
		}
	}
}

func divideUp(n, d int) int { return (n + d - 1) / d }

func roundUp(n, multiple int) int { return divideUp(n, multiple) * multiple }
