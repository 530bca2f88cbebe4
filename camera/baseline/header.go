package baseline

import (
	"bytes"
	"encoding/binary"

	"halfmeg/camera/internal/jpegsegment"
	"halfmeg/camera/internal/jpegtables"
)

// header is what the segments before the scan have defined.
type header struct {
	frame      bool    // SOF
	huffman    bool    // any Huffman table
	quantizers [4]bool // by number
	jfif       bool
	rgb        bool // Adobe's segment says that the components are not YCbCr
}

// readHeader reads the segments up to the first scan, and returns what follows the
// header of the scan.
func (d *Decoder) readHeader(frame []byte) (scan []byte, ok bool) {
	d.seen, d.interval = header{}, 0
	for class := range d.huffman {
		for i := range d.huffman[class] {
			d.huffman[class][i].defined = false
		}
	}
	for s := range jpegsegment.All(frame) {
		switch s.Marker {
		case jpegsegment.SOF0, jpegsegment.SOF1:
			ok = d.readFrame(s.Data)
		case jpegsegment.DHT:
			d.seen.huffman = true
			ok = d.readHuffman(s.Data)
		case jpegsegment.DQT:
			ok = d.readQuantizers(s.Data)
		case jpegsegment.DRI:
			if ok = len(s.Data) == 2; ok {
				d.interval = int(binary.BigEndian.Uint16(s.Data))
			}
		case jpegsegment.APP0:
			d.seen.jfif = bytes.HasPrefix(s.Data, []byte("JFIF\x00"))
			ok = true
		case jpegsegment.APP14:
			const transform = 11 // offset; 0: the components are RGB
			if bytes.HasPrefix(s.Data, []byte("Adobe")) && len(s.Data) > transform {
				d.seen.rgb = s.Data[transform] == 0
			}
			ok = true
		case jpegsegment.SOS:
			return d.readScanHeader(frame[s.Offset+2:])
		default:
			ok = s.Marker > jpegsegment.APP0 && s.Marker <= jpegsegment.APP15 || s.Marker == jpegsegment.COM
		}
		if !ok {
			return nil, false
		}
	}
	return nil, false
}

// readFrame reads a frame header (B.2.2): precision, height, width, and for each
// component its number, its sampling factors and its quantization table.
func (d *Decoder) readFrame(data []byte) bool {
	if d.seen.frame || len(data) < 6 || data[0] != 8 {
		return false
	}
	d.seen.frame = true
	d.height, d.width = int(binary.BigEndian.Uint16(data[1:])), int(binary.BigEndian.Uint16(data[3:]))
	n := int(data[5])
	if d.width == 0 || d.height == 0 || n != 1 && n != 3 || len(data) != 6+3*n {
		return false
	}
	d.components = d.store[:n]
	for i := range d.components {
		c, spec := &d.components[i], data[6+3*i:]
		c.id, c.h, c.v, c.quantizer = spec[0], int(spec[1]>>4), int(spec[1]&15), spec[2]
		if n == 1 {
			c.h, c.v = 1, 1 // never subsampled (A.2.2)
		}
		if c.h < 1 || c.h > 2 || c.v < 1 || c.v > 2 || int(c.quantizer) >= len(d.quantizers) {
			return false
		}
		for _, other := range d.components[:i] {
			if other.id == c.id {
				return false
			}
		}
	}
	return true
}

// readQuantizers reads quantization tables (B.2.4.1). The steps of baseline JPEGs have
// eight bits.
func (d *Decoder) readQuantizers(data []byte) bool {
	for len(data) > 0 {
		i := int(data[0])
		if i >= len(d.quantizers) || len(data) < 1+64 {
			return false
		}
		d.quantizers[i] = [64]byte(data[1:])
		d.seen.quantizers[i] = true
		data = data[1+64:]
	}
	return true
}

// readHuffman reads Huffman tables (B.2.4.2).
func (d *Decoder) readHuffman(data []byte) bool {
	for len(data) > 0 {
		const head = 1 + 16
		if len(data) < head || data[0]>>4 > 1 || data[0]&15 > 3 {
			return false
		}
		symbols := 0
		for _, n := range data[1:head] {
			symbols += int(n)
		}
		if symbols == 0 || symbols > 256 || len(data) < head+symbols {
			return false
		}
		if !d.huffman[data[0]>>4][data[0]&15].define(data[:head+symbols]) {
			return false
		}
		data = data[head+symbols:]
	}
	return true
}

// readScanHeader reads a scan header (B.2.3) after its marker, and returns what
// follows. The scan must have all components, in their order.
func (d *Decoder) readScanHeader(data []byte) (scan []byte, ok bool) {
	if !d.seen.frame {
		return nil, false
	}
	n := len(d.components)
	length := 6 + 2*n
	if len(data) < length || int(binary.BigEndian.Uint16(data)) != length || int(data[2]) != n {
		return nil, false
	}
	if !d.seen.huffman && !d.readTypicalHuffman() {
		return nil, false
	}
	for i := range d.components {
		c, spec := &d.components[i], data[3+2*i:]
		dc, ac := spec[1]>>4, spec[1]&15
		if spec[0] != c.id || dc > 3 || ac > 3 || !d.seen.quantizers[c.quantizer] {
			return nil, false
		}
		c.dc, c.ac = &d.huffman[0][dc], &d.huffman[1][ac]
		if !c.dc.defined || !c.ac.defined {
			return nil, false
		}
	}
	return data[length:], !d.isRGB()
}

// readTypicalHuffman defines the tables that cameras without tables use.
func (d *Decoder) readTypicalHuffman() bool {
	for s := range jpegsegment.All(jpegtables.File) {
		if !d.readHuffman(s.Data) {
			return false
		}
	}
	return true
}

// isRGB reports whether the components are red, green and blue, as package image/jpeg
// decides it.
func (d *Decoder) isRGB() bool {
	if len(d.components) == 1 || d.seen.jfif {
		return false
	}
	return d.seen.rgb || d.components[0].id == 'R' && d.components[1].id == 'G' && d.components[2].id == 'B'
}
