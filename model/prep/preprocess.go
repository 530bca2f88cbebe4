package prep

import (
	"fmt"

	"halfmeg/camera/pixel"
	"halfmeg/model"
)

// Preprocessor converts pictures to a network's input. It keeps its filters and
// buffers: as long as the source's format and size stay the same, it allocates
// nothing. It is not safe for concurrent use.
type Preprocessor struct {
	in     model.Input
	source sourceFormat // what the filters and buffers are for
	rgb    rgbResizer
	yuv    yuvResizer

	// The output is computed row by row along the rows of the source, from the top
	// of the source. Rotation and mirroring turn these into the following.
	bottomUp bool   // the first row is the output's last
	column   []int8 // buffer for a row that is a column of the output, else nil
}

// sourceFormat is all of a picture that filters and buffers depend on.
type sourceFormat struct {
	fourCC        pixel.FourCC
	width, height int
	matrix        pixel.Matrix
	valueRange    pixel.Range
	rotate        int
	mirror        bool
}

// NewPreprocessor returns a Preprocessor for the given rule.
func NewPreprocessor(in model.Input) (*Preprocessor, error) {
	if err := in.Validate(); err != nil {
		return nil, err
	}
	return &Preprocessor{in: in}, nil
}

// Run converts a picture of any size. dst has shape [Size][Size][3], channels in
// the network's order; each value is a byte minus 128. Only what the centre crop
// keeps is computed. The result has the same bits on every machine.
func (p *Preprocessor) Run(dst []int8, src pixel.Image) error {
	size := p.in.Size
	if need := 3 * size * size; len(dst) != need {
		return fmt.Errorf("the network's input has %d bytes, not %d", need, len(dst))
	}
	if err := src.Validate(); err != nil {
		return err
	}
	s := sourceFormat{src.FourCC, src.Width, src.Height, src.Matrix, src.Range, src.Rotate, src.Mirror}
	if s != p.source {
		p.configure(s)
	}
	p.rgb.reset()
	for i := range size {
		y := i
		if p.bottomUp { // resizers need the source's rows from the top
			y = size - 1 - i
		}
		if p.column != nil {
			p.resizeRow(p.column, &src, y)
			writeColumn(dst, p.column, y)
		} else {
			p.resizeRow(dst[3*size*y:][:3*size], &src, y)
		}
	}
	return nil
}

// resizeRow computes output row y.
func (p *Preprocessor) resizeRow(dst []int8, src *pixel.Image, y int) {
	if src.FourCC.IsYCbCr() {
		p.yuv.resizeRow(dst, src, y)
	} else {
		p.rgb.resizeRow(dst, src, y)
	}
}

// writeColumn writes pixels to column x of a square output.
func writeColumn(dst, pixels []int8, x int) {
	for i, at := 0, 3*x; i < len(pixels); i, at = i+3, at+len(pixels) {
		out, in := dst[at:at+3], pixels[i:i+3]
		out[0], out[1], out[2] = in[0], in[1], in[2]
	}
}

// configure computes filters and allocates buffers for a source format.
func (p *Preprocessor) configure(s sourceFormat) {
	p.source = s
	transposed := s.rotate == 90 || s.rotate == 270
	width, height := s.width, s.height // of the oriented picture
	if transposed {
		width, height = height, width
	}
	w, h := scaledSize(p.in, width, height)
	x := outputAxis{w, cropOffset(p.in, w), p.in.Size, (s.rotate == 90 || s.rotate == 180) != s.mirror}
	y := outputAxis{h, cropOffset(p.in, h), p.in.Size, s.rotate == 180 || s.rotate == 270}
	horizontal, vertical := x, y // along the rows and columns of the source
	p.column = nil
	if transposed {
		horizontal, vertical = y, x
		p.column = make([]int8, 3*p.in.Size)
	}
	p.bottomUp = vertical.reversed
	if s.fourCC.IsYCbCr() {
		p.yuv.configure(s, horizontal, vertical, p.in.Order)
	} else {
		p.rgb.configure(s, horizontal, vertical, p.in.Order)
	}
}

// scaledSize returns the size to which a source is scaled before the crop. With
// model.Crop the long side is rounded down, as torchvision's Resize does.
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

// cropOffset returns where the centre crop starts along a scaled side. An odd
// margin is halved as Caffe does, rounding down, or as torchvision's CenterCrop
// does, rounding half to even.
func cropOffset(in model.Input, scaled int64) int64 {
	margin := scaled - int64(in.Size)
	if in.Fit == model.Crop {
		return divideHalfEven(margin, 2)
	}
	return margin / 2
}
