package importer

import (
	"fmt"
	"math"
	"regexp"
	"slices"

	"halfmeg/model"
)

// caffeName opens a name that only Caffe's SqueezeNet and its offspring use;
// torchvisionName is part of those that PyTorch's exporter keeps.
var (
	caffeName       = regexp.MustCompile(`^fire\d+/squeeze1x1`)
	torchvisionName = regexp.MustCompile(`(^|\.)features\.\d+\.`)
)

// tradition settles whose conventions hold. A format mostly tells; an ONNX
// file may come from anywhere: names tell, then the input's size, which in
// Caffe is 227 and in torchvision's tradition 224.
func (b *builder) tradition() (style, Recipe) {
	if b.file.style != undecided {
		return b.file.style, RecipeAssumed
	}
	named := func(e *regexp.Regexp) bool {
		return slices.ContainsFunc(b.found.convs(), func(c *conv) bool {
			return e.MatchString(c.name) || e.MatchString(c.weights.name)
		})
	}
	switch {
	case named(caffeName) || !named(torchvisionName) && b.file.size == 227:
		return caffe, RecipeAssumed
	case named(torchvisionName) || b.file.size == 224:
		return torchvision, RecipeAssumed
	default:
		return torchvision, RecipeUnknown
	}
}

// conventional is the style's own preprocessing and what it is called.
func (b *builder) conventional() (model.Input, string) {
	if b.style == caffe {
		return model.CaffeInput(), "Caffe"
	}
	return model.TorchvisionInput(), "torchvision"
}

// size settles the side of the input.
func (b *builder) size() int {
	usual, whose := b.conventional()
	said := b.file.size
	switch {
	case b.want.size > 0:
		return b.want.size
	case b.style == caffe && b.file.format == formatONNX && said == 224:
		// Caffe2's converter wrote 224 whatever the network was trained on.
		b.assume("-size", "input side %d, as %s trains it, though the graph says %d", usual.Size, whose, said)
		return usual.Size
	case said > 0:
		return said
	default:
		b.assume("-size", "input side %d, as %s has it", usual.Size, whose)
		return usual.Size
	}
}

// input settles the preprocessing for a side: by the flags, then by the file,
// then by convention, which trust speaks of.
func (b *builder) input(size int, trust Recipe) (model.Input, Recipe) {
	in, whose := b.conventional()
	b.fit(&in, size, whose)
	usual := in.Order
	order := b.order(&in, whose)
	if in.Order != usual { // the conventional values follow their colours
		slices.Reverse(in.Mean[:])
		slices.Reverse(in.Std[:])
	}
	scale := b.scale(&in, whose)
	switch {
	case order && scale:
		return in, RecipeStated
	case scale:
		return in, RecipeAssumed
	}
	return in, trust
}

// fit settles how a picture becomes a square of the given side.
func (b *builder) fit(in *model.Input, size int, whose string) {
	if b.want.fit != nil {
		in.Fit = *b.want.fit
	}
	switch {
	case in.Fit == model.Direct:
		in.Resize = 0
	case b.want.resize > 0:
		in.Resize = b.want.resize
	case size != 224 && size != 227: // 256 goes with both; another side keeps the proportion
		in.Resize = int(math.Round(float64(size*in.Resize) / float64(in.Size)))
	}
	in.Size = size
	if b.want.fit != nil && (in.Fit == model.Direct || b.want.resize > 0) {
		return
	}
	to := fmt.Sprintf("squashed to %dx%d", in.Resize, in.Resize)
	if in.Fit == model.Crop {
		to = fmt.Sprintf("scaled to a short side of %d", in.Resize)
	}
	b.assume("-fit, -resize", "a picture is %s, then its centre is cut to %dx%d, as %s has it", to, size, size, whose)
}

// order settles the channel order and tells whether the flags say it. Means
// that the file states speak too: photographs have more red than blue.
func (b *builder) order(in *model.Input, whose string) (stated bool) {
	if b.want.order != nil {
		in.Order = *b.want.order
		return true
	}
	if s := b.found.scaling; s != nil && s.mean[0] != s.mean[2] {
		in.Order = model.RGB
		if s.mean[0] < s.mean[2] {
			in.Order = model.BGR
		}
		b.assume("-order", "channel order %s, for red has the greater mean in photographs", in.Order)
		return false
	}
	b.assume("-order", "channel order %s, as %s has it", in.Order, whose)
	return false
}

// scale settles mean and standard deviation and tells whether both are stated.
func (b *builder) scale(in *model.Input, whose string) (stated bool) {
	s := b.found.scaling
	if s != nil {
		in.Mean, in.Std = b.bytes(s)
	}
	if b.want.mean != nil {
		in.Mean = *b.want.mean
	} else if s == nil {
		b.assume("-mean", "mean %s in bytes, as %s has it", triple(in.Mean), whose)
	}
	if b.want.std != nil {
		in.Std = *b.want.std
	} else if s == nil {
		b.assume("-std", "standard deviation %s in bytes, as %s has it", triple(in.Std), whose)
	}
	return s != nil || b.want.mean != nil && b.want.std != nil
}

// bytes is a file's scaling in bytes. Mean and deviation of a picture's bytes
// lie far above 1; no greater than 1, they are of a picture that goes from 0 to 1.
func (b *builder) bytes(s *scaling) (mean, std [3]float32) {
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
		b.assume("-mean, -std", "%s scales a picture from 0 to 1, not bytes: mean %s, standard deviation %s in bytes",
			s.where, triple(mean), triple(std))
	}
	return mean, std
}

// triple prints three channels' values.
func triple(v [3]float32) string { return fmt.Sprintf("%.6g,%.6g,%.6g", v[0], v[1], v[2]) }
