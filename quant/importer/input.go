package importer

import (
	"fmt"
	"math"
	"regexp"
	"slices"

	"halfmeg/model"
)

// Names of layers or tensors that reveal the framework: caffeName is used by
// Caffe's SqueezeNet and networks converted from it, torchvisionName is kept
// by PyTorch's exporters.
var (
	caffeName       = regexp.MustCompile(`^fire\d+/squeeze1x1`)
	torchvisionName = regexp.MustCompile(`(^|\.)features\.\d+\.`)
)

// inferFramework decides whose conventions apply. Most formats settle it. An
// ONNX file may come from either framework: its names decide, then its input
// size, which is 227 in Caffe and 224 in torchvision.
func (b *builder) inferFramework() framework {
	if b.file.framework != unknownFramework {
		return b.file.framework
	}
	named := func(e *regexp.Regexp) bool {
		return slices.ContainsFunc(b.found.convs(), func(c *conv) bool {
			return e.MatchString(c.name) || e.MatchString(c.weights.name)
		})
	}
	if named(caffeName) || !named(torchvisionName) && b.file.size == 227 {
		return caffe
	}
	return torchvision
}

// conventional returns the framework's preprocessing and its name.
func (b *builder) conventional() (model.Input, string) {
	if b.framework == caffe {
		return model.CaffeInput(), "Caffe"
	}
	return model.TorchvisionInput(), "torchvision"
}

// size returns the side of the input. A network for non-square pictures is
// accepted only with a side that the user chose.
func (b *builder) size() (int, error) {
	usual, source := b.conventional()
	stated, nonSquare := b.file.size, b.file.nonSquare
	switch {
	case b.opts.size > 0:
		if nonSquare != [2]int{} {
			b.assume("-size", "input side %d, although the file states %dx%d (height x width)", b.opts.size, nonSquare[0], nonSquare[1])
		}
		return b.opts.size, nil
	case nonSquare != [2]int{}:
		return 0, fmt.Errorf("the file states an input of %dx%d pixels (height x width); only square inputs are supported: "+
			"export the network for a square input, or choose a side with -size", nonSquare[0], nonSquare[1])
	case b.framework == caffe && b.file.format == formatONNX && stated == 224:
		// Caffe2's converter wrote 224 whatever the network was trained on.
		b.assume("-size", "input side %d, as in %s, although the graph states %d", usual.Size, source, stated)
		return usual.Size, nil
	case stated > 0:
		return stated, nil
	default:
		b.assume("-size", "input side %d, as in %s", usual.Size, source)
		return usual.Size, nil
	}
}

// input returns the preprocessing for an input of the given side: from the
// options, then from the file, then by convention.
func (b *builder) input(size int) model.Input {
	in, source := b.conventional()
	b.fit(&in, size, source)
	usual := in.Order
	b.order(&in, source)
	if in.Order != usual { // the conventional values move with their channels
		slices.Reverse(in.Mean[:])
		slices.Reverse(in.Std[:])
	}
	b.normalize(&in, source)
	return in
}

// fit decides how a picture is resized to a square of the given side.
func (b *builder) fit(in *model.Input, size int, source string) {
	if b.opts.fit != nil {
		in.Fit = *b.opts.fit
	}
	switch {
	case in.Fit == model.Direct:
		in.Resize = 0
	case b.opts.resize > 0:
		in.Resize = b.opts.resize
	case size != 224 && size != 227: // both are cut from 256; keep that ratio for other sides
		in.Resize = in.Sized(size).Resize
	}
	in.Size = size
	if b.opts.fit != nil && (in.Fit == model.Direct || b.opts.resize > 0) {
		return
	}
	resize := fmt.Sprintf("squashed to %dx%d", in.Resize, in.Resize)
	if in.Fit == model.Crop {
		resize = fmt.Sprintf("scaled to a short side of %d", in.Resize)
	}
	b.assume("-fit, -resize", "pictures are %s and cropped to the central %dx%d, as in %s", resize, size, size, source)
}

// order decides the channel order. Without the option, it compares the red and
// blue means in the file: photographs contain more red than blue.
func (b *builder) order(in *model.Input, source string) {
	if b.opts.order != nil {
		in.Order = *b.opts.order
		return
	}
	if s := b.found.scaling; s != nil && s.mean[0] != s.mean[2] {
		in.Order = model.RGB
		if s.mean[0] < s.mean[2] {
			in.Order = model.BGR
		}
		b.assume("-order", "channel order %s, because red has the greater mean in photographs", in.Order)
		return
	}
	b.assume("-order", "channel order %s, as in %s", in.Order, source)
}

// normalize sets mean and standard deviation.
func (b *builder) normalize(in *model.Input, source string) {
	s := b.found.scaling
	if s != nil {
		in.Mean, in.Std = b.inBytes(s)
	}
	if b.opts.mean != nil {
		in.Mean = *b.opts.mean
	} else if s == nil {
		b.assume("-mean", "mean %s in bytes, as in %s", triple(in.Mean), source)
	}
	if b.opts.std != nil {
		in.Std = *b.opts.std
	} else if s == nil {
		b.assume("-std", "standard deviation %s in bytes, as in %s", triple(in.Std), source)
	}
}

// inBytes converts a scaling to bytes 0…255. The mean and deviation of bytes
// are far above 1; if all are at most 1, the network reads fractions 0…1.
func (b *builder) inBytes(s *scaling) (mean, std [3]float32) {
	unit := 255.0
	for c := range 3 {
		if math.Abs(s.mean[c]) > 1 || s.std[c] > 1 {
			unit = 1
		}
	}
	for c := range 3 {
		mean[c], std[c] = float32(s.mean[c]*unit), float32(s.std[c]*unit)
	}
	if unit > 1 {
		b.assume("-mean, -std", "%s normalizes fractions 0…1 rather than bytes: mean %s, standard deviation %s in bytes",
			s.where, triple(mean), triple(std))
	}
	return mean, std
}

// triple formats the values of three channels.
func triple(v [3]float32) string { return fmt.Sprintf("%.6g,%.6g,%.6g", v[0], v[1], v[2]) }
