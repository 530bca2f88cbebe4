package importer

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"
)

// connect builds the graph. Caffe runs layers in the file's order and lets them
// overwrite their input in place (ReLU), so every write gets an edge of its own.
func (n *caffeNet) connect() error {
	g := &graph{}
	current := map[string]string{} // blob name -> edge of its latest write
	if len(n.inputs) > 0 {
		g.input = n.inputs[0]
	}
	for i, l := range n.layers {
		if len(l.bottom) == 0 {
			if g.input == "" && len(l.top) > 0 {
				g.input = l.top[0]
			}
			if err := n.data(l); err != nil {
				return err
			}
			continue
		}
		var in []string
		for _, b := range l.bottom {
			edge, known := current[b]
			if !known {
				edge = b
			}
			in = append(in, edge)
		}
		if l.kind == "Dropout" || l.kind == "Split" {
			for _, t := range l.top {
				current[t] = in[0]
			}
			continue
		}
		translated, err := l.node(in)
		if err != nil {
			return fmt.Errorf("layer %q (%s, offset %d): %w", l.name, l.kind, l.at, err)
		}
		if len(l.top) > 0 {
			translated.out = fmt.Sprintf("%s of layer %d", l.top[0], i)
			current[l.top[0]] = translated.out
		}
		g.nodes = append(g.nodes, translated)
	}
	if g.input == "" && len(g.nodes) > 0 {
		g.input = g.nodes[0].in[0]
	}
	n.graph = g
	return nil
}

// data reads the input size and preprocessing of a data or input layer.
func (n *caffeNet) data(l *caffeLayer) error {
	height, width, err := l.stated()
	if err != nil {
		return err
	}
	if n.size == 0 && n.nonSquare == [2]int{} {
		n.state(height, width)
	}
	var mean []float32
	scale, crop, meanFile := 1.0, uint64(0), ""
	err = l.transform.each(func(f field) (err error) { // TransformationParameter: (x - mean) * scale
		switch f.number {
		case 1:
			scale = f.float()
		case 3:
			crop = f.value
		case 4:
			meanFile = f.text()
		case 5:
			mean, err = f.floats(mean, float32Type, 3)
		}
		return err
	})
	if err != nil {
		return err
	}
	if crop > 0 && crop <= maxElements {
		n.state(int64(crop), int64(crop))
	}
	if meanFile != "" || len(mean) == 0 && scale == 1 {
		return nil // not stated, or a mean picture in another file
	}
	if !(scale > 0) {
		return fmt.Errorf("layer %q: scales the picture by %v; the factor must be positive", l.name, scale)
	}
	n.scaling = &scaling{where: fmt.Sprintf("layer %q", l.name)}
	for c := range 3 {
		n.scaling.std[c] = 1 / scale
		if len(mean) > 0 {
			n.scaling.mean[c] = float64(mean[min(c, len(mean)-1)])
		}
	}
	return nil
}

// stated returns the height and width of the pictures that a data or input layer
// provides, 0 if it does not state them.
func (l *caffeLayer) stated() (height, width int64, err error) {
	heightField, widthField := protowire.Number(0), protowire.Number(0)
	shapeField := protowire.Number(0)
	switch l.kind {
	case "Input":
		shapeField = 1
	case "DummyData":
		shapeField, heightField, widthField = 6, 4, 5
	case "MemoryData":
		heightField, widthField = 3, 4
	case "ImageData":
		heightField, widthField = 9, 10 // to which it resizes
	}
	err = l.param.each(func(f field) error {
		switch f.number {
		case shapeField:
			dims, err := blobShape(f.body)
			if len(dims) == 4 && height == 0 {
				height, width = dims[2], dims[3]
			}
			return err
		case heightField:
			height = cmp.Or(height, int64(f.value))
		case widthField:
			width = cmp.Or(width, int64(f.value))
		}
		return nil
	})
	return height, width, err
}

// isAffine reports whether a layer multiplies and shifts channels by parameters
// of its own.
func (l *caffeLayer) isAffine() bool {
	return len(l.blobs) > 0 && (l.kind == "BatchNorm" || l.kind == "Scale" || l.kind == "Bias")
}

// affine reads a BatchNorm, Scale or Bias layer.
func (l *caffeLayer) affine() (affine, error) {
	if l.kind == "BatchNorm" {
		return l.batchNorm()
	}
	err := l.param.each(func(f field) error { // ScaleParameter and BiasParameter
		switch v := int32(f.value); {
		case f.number == 1 && v != 1 && v != -3:
			return fmt.Errorf("applies to axis %d instead of the channels", v)
		case f.number == 2 && v != 1:
			return fmt.Errorf("applies to %d axes instead of the channels", v)
		}
		return nil
	})
	a := affine{axis: channelsFirst, params: l.blobs}
	switch {
	case l.kind == "Bias" && len(l.blobs) == 1:
		a.combine = summand(1)
	case l.kind == "Scale" && len(l.blobs) == 1:
		a.combine = product
	case l.kind == "Scale" && len(l.blobs) == 2:
		a.combine = func(v []float64) (float64, float64) { return v[0], v[1] }
	case err == nil:
		err = fmt.Errorf("has %d blobs", len(l.blobs))
	}
	return a, err
}

// batchNorm reads a BatchNorm layer: the sums of means and variances and their
// common divisor, then in NVIDIA's Caffe gamma and beta. BVLC's Caffe has these in
// a Scale layer.
func (l *caffeLayer) batchNorm() (affine, error) {
	epsilon := 1e-5
	err := l.param.each(func(f field) error {
		if f.number == 3 {
			epsilon = f.float()
		}
		return nil
	})
	if err == nil && len(l.blobs) != 3 && len(l.blobs) != 5 {
		err = fmt.Errorf("has %d blobs instead of mean, variance and their scale factor", len(l.blobs))
	}
	return affine{axis: channelsFirst, params: l.blobs, combine: func(v []float64) (float64, float64) {
		divisor := v[2]
		if divisor == 0 { // not trained: Caffe takes the sums as 0
			divisor = math.Inf(1)
		}
		factor, shift := 1/math.Sqrt(v[1]/divisor+epsilon), v[0]/divisor
		if len(v) == 5 {
			return factor * v[3], v[4] - float64(shift*factor*v[3])
		}
		return factor, -shift * factor
	}}, err
}

// node translates a layer to a node.
func (l *caffeLayer) node(in []string) (*node, error) {
	n := &node{kind: l.kind, name: l.name, where: fmt.Sprintf("offset %d", l.at), in: in}
	switch l.kind {
	case "Convolution":
		c, err := l.conv()
		if err != nil {
			return nil, err
		}
		n.op, n.weights, n.bias = opConv, c.weights, c.bias
		n.window, err = l.convolution()
		if s := c.weights.shape; err == nil && (len(s) != 4 || s[2] != n.kernel) {
			err = fmt.Errorf("kernel %d, but the weights are %s", n.kernel, dimensions(s))
		}
		return n, err
	case "ReLU":
		n.op = opRelu
		return n, l.param.each(func(f field) error {
			if f.number == 1 && f.float() != 0 {
				return fmt.Errorf("a leaky ReLU is not supported")
			}
			return nil
		})
	case "Pooling":
		return n, l.pooling(n)
	case "BatchNorm", "Scale", "Bias":
		if len(in) != 1 || !l.isAffine() {
			return n, nil // a product of two maps: graph.layout rejects it
		}
		n.op = opScale
		var err error
		n.affine, err = l.affine()
		return n, err
	case "Concat":
		n.op = opConcat
		return n, l.param.each(func(f field) error {
			if axis := int32(f.value); (f.number == 1 || f.number == 2) && axis != 1 && axis != -3 {
				return fmt.Errorf("joins along axis %d instead of the channels", axis)
			}
			return nil
		})
	case "Eltwise":
		n.op = opAdd
		return n, l.sum()
	case "Softmax", "SoftmaxWithLoss", "Accuracy", "ArgMax", "Silence", "Flatten", "Reshape":
		n.op = opTail
	}
	return n, nil
}

// caffeWindow collects a square window, which has several representations.
type caffeWindow struct{ kernel, stride, pad []int64 }

// window returns the window if all representations agree.
func (c *caffeWindow) window() (window, error) {
	var w window
	for _, s := range []struct {
		name   string
		values []int64
		to     *int
	}{{"kernel", c.kernel, &w.kernel}, {"stride", c.stride, &w.stride}, {"padding", c.pad, &w.pad[0]}} {
		if len(s.values) == 0 {
			continue
		}
		v := s.values[0]
		if slices.ContainsFunc(s.values, func(x int64) bool { return x != v }) || v < 0 || v > 1<<16 {
			return w, fmt.Errorf("%s %v is not supported; it must be square", s.name, s.values)
		}
		*s.to = int(v)
	}
	if w.stride == 0 {
		w.stride = 1
	}
	for i := range w.pad {
		w.pad[i] = w.pad[0]
	}
	return w, nil
}

// convolution reads a ConvolutionParameter.
func (l *caffeLayer) convolution() (window, error) {
	var c caffeWindow
	err := l.param.each(func(f field) (err error) {
		switch f.number {
		case 3, 9, 10:
			c.pad, err = f.ints(c.pad, maxRank)
		case 4, 11, 12:
			c.kernel, err = f.ints(c.kernel, maxRank)
		case 6, 13, 14:
			c.stride, err = f.ints(c.stride, maxRank)
		case 5, 18:
			var v []int64
			if v, err = f.ints(nil, maxRank); err == nil && slices.ContainsFunc(v, func(x int64) bool { return x != 1 }) {
				err = fmt.Errorf("groups or dilations %v are not supported", v)
			}
		}
		return err
	})
	if err != nil {
		return window{}, err
	}
	return c.window()
}

// pooling reads a PoolingParameter.
func (l *caffeLayer) pooling(n *node) error {
	const maximum, average = 0, 1 // PoolMethod
	var c caffeWindow
	method, isGlobal := uint64(maximum), false
	n.round = roundUp // Caffe's default, and the only mode of older versions
	err := l.param.each(func(f field) (err error) {
		switch f.number {
		case 1:
			method = f.value
		case 2, 5, 6:
			c.kernel, err = f.ints(c.kernel, maxRank)
		case 3, 7, 8:
			c.stride, err = f.ints(c.stride, maxRank)
		case 4, 9, 10:
			c.pad, err = f.ints(c.pad, maxRank)
		case 12:
			isGlobal = f.value != 0
		case 13:
			if f.value == 1 {
				n.round = roundDown
			}
		}
		return err
	})
	if err != nil {
		return err
	}
	if n.window, err = c.window(); err != nil {
		return err
	}
	switch {
	case method == maximum && !isGlobal:
		n.op = opMaxPool
	case method == average && (isGlobal || n.pad == [4]int{}):
		n.op = opGlobalAverage
	default:
		return fmt.Errorf("only max-pools and global averages are supported")
	}
	return nil
}

// sum verifies that an EltwiseParameter is a plain sum.
func (l *caffeLayer) sum() error {
	var coefficients []float32
	err := l.param.each(func(f field) (err error) {
		switch {
		case f.number == 1 && f.value != 1:
			err = fmt.Errorf("only a sum is supported")
		case f.number == 2:
			coefficients, err = f.floats(coefficients, float32Type, maxRank)
		}
		return err
	})
	if err == nil && slices.ContainsFunc(coefficients, func(w float32) bool { return w != 1 }) {
		err = fmt.Errorf("a sum with coefficients %v is not supported", coefficients)
	}
	return err
}
