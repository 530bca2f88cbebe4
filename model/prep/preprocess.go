package prep

import (
	"fmt"

	"halfmeg/camera/pixel"
	"halfmeg/model"
)

// Preprocessor turns pictures into a network's input. It keeps its tables
// and buffers from frame to frame: while the source's format and size stay
// the same a frame allocates nothing. For one goroutine at a time.
type Preprocessor struct {
	in      model.Input
	planned layout // what the tables are for
	rgb     rgbResizer
	yuv     yuvResizer
	upwards bool   // the source's rows, from the first, make the output's from the last
	turned  []int8 // a row of pixels that becomes a column, if rows do
}

// layout is all that the tables depend on.
type layout struct {
	fourCC        pixel.FourCC
	width, height int
	matrix        pixel.Matrix
	colourRange   pixel.Range
	rotate        int
	mirror        bool
}

// NewPreprocessor makes a Preprocessor for the given rule.
func NewPreprocessor(in model.Input) (*Preprocessor, error) {
	if err := in.Validate(); err != nil {
		return nil, err
	}
	return &Preprocessor{in: in}, nil
}

// Run fits a picture of any size to the network's input: dst has shape
// [Size][Size][3], channels in the network's order, each value a byte minus
// 128. Only what the centre crop keeps is computed. The result has the same
// bits on every machine.
func (p *Preprocessor) Run(dst []int8, src pixel.Image) error {
	size := p.in.Size
	if need := 3 * size * size; len(dst) != need {
		return fmt.Errorf("the network's input has %d bytes, not %d", need, len(dst))
	}
	if err := src.Validate(); err != nil {
		return err
	}
	l := layout{src.FourCC, src.Width, src.Height, src.Matrix, src.Range, src.Rotate, src.Mirror}
	if l != p.planned {
		p.plan(l)
	}
	p.rgb.begin()
	for i := range size {
		at := i
		if p.upwards {
			at = size - 1 - i
		}
		if p.turned != nil {
			p.row(p.turned, &src, at)
			writeColumn(dst, p.turned, at)
		} else {
			p.row(dst[3*size*at:][:3*size], &src, at)
		}
	}
	return nil
}

// row computes the pixels of the output that lie along the source's rows.
func (p *Preprocessor) row(dst []int8, src *pixel.Image, at int) {
	if src.FourCC == pixel.RGB24 || src.FourCC == pixel.BGR24 {
		p.rgb.row(dst, src, at)
	} else {
		p.yuv.row(dst, src, at)
	}
}

// writeColumn writes pixels to column x of a square output.
func writeColumn(dst, pixels []int8, x int) {
	for i, at := 0, 3*x; i < len(pixels); i, at = i+3, at+len(pixels) {
		out, in := dst[at:at+3], pixels[i:i+3]
		out[0], out[1], out[2] = in[0], in[1], in[2]
	}
}

// plan makes the tables and buffers for sources of the given layout.
func (p *Preprocessor) plan(l layout) {
	p.planned = l
	quarter := l.rotate == 90 || l.rotate == 270
	width, height := l.width, l.height
	if quarter {
		width, height = height, width
	}
	w, h := scaledSize(p.in, width, height)
	across := side{w, cropOffset(p.in, w), p.in.Size, (l.rotate == 90 || l.rotate == 180) != l.mirror}
	down := side{h, cropOffset(p.in, h), p.in.Size, l.rotate == 180 || l.rotate == 270}
	alongRows, alongColumns := across, down
	p.turned = nil
	if quarter {
		alongRows, alongColumns = down, across
		p.turned = make([]int8, 3*p.in.Size)
	}
	p.upwards = alongColumns.reversed
	if l.fourCC == pixel.RGB24 || l.fourCC == pixel.BGR24 {
		p.rgb.plan(l, alongRows, alongColumns, p.in.Order)
	} else {
		p.yuv.plan(l, alongRows, alongColumns, p.in.Order)
	}
}

// scaledSize is the size to which a whole source is scaled before the crop. With
// Crop the long side is rounded down, as torchvision's Resize does.
func scaledSize(in model.Input, width, height int) (w, h int64) {
	side := int64(in.Resize)
	switch in.Fit {
	case model.Squash:
		return side, side
	case model.Crop:
		short := int64(min(width, height))
		return int64(width) * side / short, int64(height) * side / short
	default:
		return int64(in.Size), int64(in.Size)
	}
}

// cropOffset is where the centre crop begins along a scaled side. When it
// cannot be in the middle, Caffe rounds down and torchvision half to even.
func cropOffset(in model.Input, scaled int64) int64 {
	margin := scaled - int64(in.Size)
	if in.Fit == model.Crop {
		return divideHalfEven(margin, 2)
	}
	return margin / 2
}
