package sqz

// Sizes tells where the bytes of a file are. Parts are not bounded by whole
// bytes: each figure may be off by a few, but they add up to Total.
type Sizes struct {
	Frame  int // magic, version, length, checksum
	Header int // topology, input rule, source
	Labels int
	Layers []LayerSize // in the order of model.Network.Layers
	Total  int
}

// LayerSize is a convolution's share of the bytes.
type LayerSize struct {
	Name       string // the step's, e.g. "fire2/squeeze1x1"
	Parameters int    // biases, multipliers, scale
	Weights    int
}
