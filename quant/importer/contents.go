package importer

// contents is what a weight file says, whatever its format.
type contents struct {
	format  string
	style   style
	size    int      // side of the input in pixels; 0: not said
	scaling *scaling // nil: not said, or by nodes of the graph
	graph   *graph   // how the layers are tied; nil when the file carries parameters alone
	convs   []conv   // without a graph: the convolutions
}

// style is the tradition a file comes from, whose conventions fill its gaps.
type style uint8

const (
	undecided style = iota
	caffe
	torchvision
)

// scaling is what a file says it does to its input: (x-mean)/std in the
// network's channel order, where x may count bytes or go from 0 to 1.
type scaling struct {
	mean, std [3]float64
	where     string // who says it
}

// conv is a convolution in a file.
type conv struct {
	name    string
	window  window // zero without a graph
	weights *tensor
	bias    *tensor // nil: none, that is zeros
}

// window is how a convolution or a pool looks at its input.
type window struct {
	kernel int
	stride int
	pad    [4]int // top, left, bottom, right
}

// layout finds the family's network in the file, by its graph or by the
// names of its layers.
func (c *contents) layout() (*layout, error) {
	if c.graph == nil {
		l, err := arrange(c.convs)
		if err != nil {
			return nil, err
		}
		l.scaling = c.scaling
		return l, l.check()
	}
	l, err := c.graph.layout()
	if err != nil {
		return nil, err
	}
	if l.scaling == nil {
		l.scaling = c.scaling
	}
	return l, l.check()
}
