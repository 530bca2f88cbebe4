package picture

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/png"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/image/bmp"
)

// jpegSpec describes a JPEG in which all samples of a block have the same value, so
// that the decoded picture is known exactly.
type jpegSpec struct {
	frame         byte // SOF marker, such as 0xc0 (baseline) or 0xc2 (progressive)
	precision     byte
	width, height int
	components    []component
	adobe         []byte // the colour transform for segment APP14; nil: no such segment
	exif          []byte // the data for segment APP1; nil: no such segment
}

type component struct {
	h, v   byte   // sampling factors
	blocks []byte // sample values in scan order; the last one repeats
}

func flat(h, v, value byte) component { return component{h, v, []byte{value}} }

// grey returns a baseline JPEG of one component.
func grey(width, height int, blocks ...byte) jpegSpec {
	return jpegSpec{frame: 0xc0, precision: 8, width: width, height: height, components: []component{{1, 1, blocks}}}
}

// file encodes the JPEG. Every quantizer step is 8, so that the DC coefficient of a
// block is its sample value minus 128. The DC categories 0…8 have the codes
// 0000…1000, the end of a block has the code 0.
func (s jpegSpec) file() []byte {
	out := []byte{0xff, 0xd8}
	segment := func(marker byte, content ...byte) {
		out = append(out, 0xff, marker)
		out = binary.BigEndian.AppendUint16(out, uint16(len(content)+2))
		out = append(out, content...)
	}
	if s.exif != nil {
		segment(0xe1, append([]byte("Exif\x00\x00"), s.exif...)...)
	}
	if s.adobe != nil {
		segment(0xee, append([]byte("Adobe\x00\x64\x00\x00\x00\x00"), s.adobe...)...)
	}
	segment(0xdb, append([]byte{0}, bytes.Repeat([]byte{8}, 64)...)...)
	frame := []byte{s.precision, byte(s.height >> 8), byte(s.height), byte(s.width >> 8), byte(s.width), byte(len(s.components))}
	scan := []byte{byte(len(s.components))}
	for i, c := range s.components {
		frame = append(frame, byte(i+1), c.h<<4|c.v, 0)
		scan = append(scan, byte(i+1), 0x00)
	}
	segment(0xc4, append([]byte{0x00, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, 0, 1, 2, 3, 4, 5, 6, 7, 8)...)
	segment(0xc4, 0x10, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
	segment(s.frame, frame...)
	last := byte(63)
	if s.frame == 0xc2 {
		last = 0 // DC coefficients only
	}
	segment(0xda, append(scan, 0, last, 0)...)
	out = append(out, s.scan()...)
	return append(out, 0xff, 0xd9)
}

// scan returns the entropy-coded data of all components, interleaved.
func (s jpegSpec) scan() []byte {
	var maxH, maxV byte = 1, 1
	if len(s.components) > 1 {
		for _, c := range s.components {
			maxH, maxV = max(maxH, c.h), max(maxV, c.v)
		}
	}
	mcuColumns := (s.width + 8*int(maxH) - 1) / (8 * int(maxH))
	mcuRows := (s.height + 8*int(maxV) - 1) / (8 * int(maxV))
	var w bitWriter
	previous, coded := make([]int, len(s.components)), make([]int, len(s.components))
	for range mcuColumns * mcuRows {
		for i, c := range s.components {
			blocks := int(c.h) * int(c.v)
			if len(s.components) == 1 {
				blocks = 1
			}
			for range blocks {
				v := int(c.blocks[min(coded[i], len(c.blocks)-1)]) - 128
				coded[i]++
				w.difference(v - previous[i])
				previous[i] = v
				if s.frame != 0xc2 {
					w.write(0, 1)
				}
			}
		}
	}
	w.write(0x7f, 7) // pad the last byte with ones
	return w.out
}

type bitWriter struct {
	out  []byte
	acc  uint32
	bits int
}

func (w *bitWriter) write(v uint32, bits int) {
	for bits--; bits >= 0; bits-- {
		w.acc = w.acc<<1 | v>>bits&1
		if w.bits++; w.bits == 8 {
			w.out = append(w.out, byte(w.acc))
			if byte(w.acc) == 0xff {
				w.out = append(w.out, 0)
			}
			w.acc, w.bits = 0, 0
		}
	}
}

// difference writes a DC difference: its category, then its bits.
func (w *bitWriter) difference(d int) {
	category := 0
	for m := max(d, -d); m > 0; m >>= 1 {
		category++
	}
	w.write(uint32(category), 4)
	if d < 0 {
		d += 1<<category - 1
	}
	w.write(uint32(d), category)
}

// exif returns a TIFF directory of two entries, the second of which is the
// orientation.
func exif(order binary.AppendByteOrder, value uint16) []byte {
	out := []byte("MM\x00*")
	if order == binary.AppendByteOrder(binary.LittleEndian) {
		out = []byte("II*\x00")
	}
	out = order.AppendUint32(out, 10)
	out = append(out, 0, 0) // the directory need not follow the header immediately
	out = order.AppendUint16(out, 2)
	entry := func(tag, kind uint16, count uint32, value uint16) {
		out = order.AppendUint16(out, tag)
		out = order.AppendUint16(out, kind)
		out = order.AppendUint32(out, count)
		out = order.AppendUint16(out, value)
		out = append(out, 0, 0)
	}
	entry(0x0100, 3, 1, 640)
	entry(tagOrientation, typeShort, 1, value)
	return order.AppendUint32(out, 0)
}

func pngFile(t testing.TB, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, png.Encode(&b, img))
	return b.Bytes()
}

// withChunk inserts a chunk after a PNG's header.
func withChunk(file []byte, kind string, content []byte) []byte {
	const header = 8 + 4 + 4 + 13 + 4 // signature, then IHDR
	chunk := binary.BigEndian.AppendUint32(nil, uint32(len(content)))
	chunk = append(append(chunk, kind...), content...)
	chunk = binary.BigEndian.AppendUint32(chunk, crc32.ChecksumIEEE(chunk[4:]))
	return append(append(bytes.Clone(file[:header]), chunk...), file[header:]...)
}

func bmpFile(t testing.TB, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, bmp.Encode(&b, img))
	return b.Bytes()
}

// gifFile returns an animation of 4x3 pixels. Its first frame covers 2x2 of them
// from (1, 1) and has one transparent pixel; its second has one colour.
func gifFile(t testing.TB) []byte {
	t.Helper()
	palette := color.Palette{color.RGBA{10, 20, 30, 255}, color.RGBA{200, 100, 50, 255}, color.RGBA{}}
	first := image.NewPaletted(image.Rect(1, 1, 3, 3), palette)
	copy(first.Pix, []byte{0, 1, 2, 0})
	second := image.NewPaletted(image.Rect(0, 0, 4, 3), palette)
	var b bytes.Buffer
	require.NoError(t, gif.EncodeAll(&b, &gif.GIF{
		Image: []*image.Paletted{first, second}, Delay: []int{1, 1}, Config: image.Config{Width: 4, Height: 3},
	}))
	return b.Bytes()
}
