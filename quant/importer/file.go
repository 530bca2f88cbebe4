package importer

import "math"

// file is what a reader extracts from a weights file, in any format.
type file struct {
	format    string
	framework framework
	size      int       // side of the input in pixels; 0 if not stated
	nonSquare [2]int    // height and width of the input, if stated and different
	scaling   *scaling  // nil if not stated, or if nodes of the graph scale the input
	graph     *graph    // nil if the file holds parameters only
	convs     []conv    // the convolutions, if there is no graph
	metadata  *metadata // nil unless package exporter wrote the file
	external  int       // bytes of weights in other files
	read      []string  // which of several parts was read and what was skipped, one line each
	assumed   []string  // assumptions that no flag overrides
}

// state notes the size of the input that the file states, 0 where it leaves it
// open. Only the last statement counts.
func (f *file) state(height, width int64) {
	h, w := pictureSide(height), pictureSide(width)
	f.size, f.nonSquare = 0, [2]int{}
	switch {
	case h == w || w == 0:
		f.size = h
	case h == 0:
		f.size = w
	default:
		f.nonSquare = [2]int{h, w}
	}
}

// pictureSide returns a stated side, or 0 if it is out of range.
func pictureSide(v int64) int {
	if v < 0 || v > math.MaxInt32 {
		return 0
	}
	return int(v)
}

// framework is where a network was trained. Its conventions fill in what the
// file does not state.
type framework uint8

const (
	unknownFramework framework = iota
	caffe
	torchvision
)

// scaling is the normalization of the input that a file states: (x-mean)/std
// in the network's channel order. x is a byte or a fraction from 0 to 1.
type scaling struct {
	mean, std [3]float64
	where     string // the node or layer that states it
}

// conv is a convolution of a file.
type conv struct {
	name    string
	window  window // zero if there is no graph
	weights *tensor
	bias    *tensor  // nil means zeros
	affines []affine // what follows before the ReLU, in order
	folded  []string // the kinds of layers that became affines, if there is no graph
}

// window is the geometry of a convolution or a pool.
type window struct {
	kernel int
	stride int
	pad    [4]int // top, left, bottom, right
}

// layout recognises SqueezeNet in the file, by its graph or by the names of
// its layers.
func (f *file) layout() (*layout, error) {
	if f.graph == nil {
		l, err := arrange(f.convs)
		if err != nil {
			return nil, err
		}
		l.scaling = f.scaling
		return l, l.check()
	}
	l, err := f.graph.layout()
	if err != nil {
		return nil, err
	}
	if l.scaling == nil {
		l.scaling = f.scaling
	}
	return l, l.check()
}
