package importer

import (
	"errors"
	"fmt"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"
)

// caffeFields are the field numbers in caffe.proto (github.com/BVLC/caffe) of
// V1LayerParameter (NetParameter.layers) or LayerParameter (NetParameter.layer,
// called V2 here), as far as they are read.
type caffeFields struct {
	name, kind, bottom, top, blobs          protowire.Number
	concat, convolution, eltwise, transform protowire.Number
	pooling, relu, input                    protowire.Number
	batchNorm, scale, bias                  protowire.Number // 0 in V1, which has no such layers
	memory, images, dummy                   protowire.Number // data layers that state a size
}

var (
	caffeV1 = caffeFields{name: 4, kind: 5, bottom: 2, top: 3, blobs: 6,
		concat: 9, convolution: 10, eltwise: 24, transform: 36, pooling: 19, relu: 30,
		memory: 22, images: 15, dummy: 26}
	caffeV2 = caffeFields{name: 1, kind: 2, bottom: 3, top: 4, blobs: 7,
		concat: 104, convolution: 106, eltwise: 110, transform: 100, pooling: 121, relu: 123, input: 143,
		batchNorm: 139, scale: 142, bias: 141, memory: 119, images: 115, dummy: 109}
)

// caffeV1Kinds maps V1LayerParameter.LayerType to the names of V2.
var caffeV1Kinds = map[uint64]string{
	1: "Accuracy", 3: "Concat", 4: "Convolution", 5: "Data", 6: "Dropout", 8: "Flatten", 12: "ImageData",
	17: "Pooling", 18: "ReLU", 20: "Softmax", 21: "SoftmaxWithLoss", 22: "Split", 25: "Eltwise",
	29: "MemoryData", 30: "ArgMax", 32: "DummyData", 36: "Silence",
}

// caffeLayer is a layer, as far as it is read.
type caffeLayer struct {
	name, kind string
	at         int // offset in the file
	bottom     []string
	top        []string
	blobs      []*tensor
	// param is the message of the layer's kind, e.g. ConvolutionParameter;
	// transform is the TransformationParameter of a data layer.
	param, transform message
}

// readCaffe reads a NetParameter. Files written by Caffe carry the graph; others
// were stripped to the convolutions' names and blobs.
func readCaffe(data []byte) (*file, error) {
	n := &caffeNet{file: file{framework: caffe}}
	err := message{data: data}.each(func(f field) error {
		switch f.number {
		case 2:
			return n.layer(f.body, caffeV1)
		case 100:
			return n.layer(f.body, caffeV2)
		case 3:
			n.inputs = append(n.inputs, f.text())
			return n.checkCount(len(n.inputs))
		case 4: // input_dim: batch, channels, height, width
			dims, err := f.ints(n.inputDims, maxItems)
			n.inputDims = dims
			return err
		case 8:
			return n.inputShape(f.body)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return n.finish()
}

// caffeNet is a NetParameter that is being read.
type caffeNet struct {
	file
	layers    []*caffeLayer
	inputs    []string
	inputDims []int64
}

func (n *caffeNet) checkCount(count int) error {
	if count > maxItems {
		return fmt.Errorf("more than %d layers", maxItems)
	}
	return nil
}

// inputShape reads a BlobShape of an input. The first input is the picture.
func (n *caffeNet) inputShape(m message) error {
	dims, err := blobShape(m)
	if len(n.inputDims) == 0 {
		n.inputDims = dims
	}
	return err
}

func blobShape(m message) (dims []int64, err error) {
	err = m.each(func(f field) error {
		if f.number == 1 {
			dims, err = f.ints(dims, maxRank)
			return err
		}
		return nil
	})
	return dims, err
}

// layer reads a LayerParameter or V1LayerParameter.
func (n *caffeNet) layer(m message, number caffeFields) error {
	l := &caffeLayer{at: m.at}
	params := map[protowire.Number]message{}
	err := m.each(func(f field) error {
		switch f.number {
		case number.name:
			l.name = f.text()
		case number.kind:
			l.kind = f.text()
			if f.kind == protowire.VarintType {
				l.kind = caffeV1Kinds[f.value]
				if l.kind == "" {
					l.kind = fmt.Sprintf("V1 type %d", f.value)
				}
			}
		case number.bottom:
			l.bottom = append(l.bottom, f.text())
		case number.top:
			l.top = append(l.top, f.text())
		case number.blobs:
			t, err := caffeBlob(f.body)
			if err != nil {
				return err
			}
			l.blobs = append(l.blobs, t)
		case number.transform:
			l.transform = f.body
		case number.convolution, number.pooling, number.concat, number.eltwise, number.relu, number.input,
			number.batchNorm, number.scale, number.bias, number.memory, number.images, number.dummy:
			params[f.number] = f.body
		}
		return n.checkCount(len(l.bottom) + len(l.top) + len(l.blobs))
	})
	if err != nil {
		return fmt.Errorf("layer %q: %w", l.name, err)
	}
	l.param = params[map[string]protowire.Number{"Convolution": number.convolution, "Pooling": number.pooling,
		"Concat": number.concat, "Eltwise": number.eltwise, "ReLU": number.relu, "Input": number.input,
		"BatchNorm": number.batchNorm, "Scale": number.scale, "Bias": number.bias,
		"MemoryData": number.memory, "ImageData": number.images, "DummyData": number.dummy}[l.kind]]
	for i, t := range l.blobs {
		t.name = fmt.Sprintf("%s blob %d", l.name, i)
	}
	n.layers = append(n.layers, l)
	return n.checkCount(len(n.layers))
}

// Values of BlobProto.raw_data_type in NVIDIA's Caffe (github.com/NVIDIA/caffe),
// which since 0.16 writes raw_data instead of data or double_data.
var caffeRawTypes = map[uint64]dtype{0: float64Type, 1: float32Type, 2: float16Type}

// caffeBlob reads a BlobProto: its shape, in the legacy or current fields. The
// values are read later.
func caffeBlob(m message) (*tensor, error) {
	var dims, legacy []int64
	err := m.each(func(f field) (err error) {
		switch f.number {
		case 1, 2, 3, 4: // num, channels, height, width
			legacy = append(legacy, int64(f.value))
		case 7:
			dims, err = blobShape(f.body)
		}
		return err
	})
	if err == nil && dims == nil {
		dims = legacy
	}
	t := &tensor{where: m.where()}
	if err == nil {
		t.shape, err = toShape(dims)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: blob: %w", m.where(), err)
	}
	t.load = func() ([]float32, error) {
		var v []float32
		var raw []byte
		rawType, typed := otherType, false
		err := m.each(func(f field) (err error) {
			switch f.number {
			case 5:
				v, err = f.floats(v, float32Type, t.count())
			case 8:
				v, err = f.floats(v, float64Type, t.count())
			case 10:
				rawType, typed = caffeRawTypes[f.value], true
			case 12:
				raw = f.body.data
			}
			return err
		})
		if err != nil || len(v) > 0 || raw == nil {
			return v, err
		}
		if !typed {
			rawType = map[int]dtype{8: float64Type, 4: float32Type, 2: float16Type}[len(raw)/t.count()]
		}
		if size := rawType.size(); size > 0 && len(raw) != t.count()*size {
			return nil, fmt.Errorf("%d bytes of raw_data (NVIDIA's Caffe), expected %d", len(raw), t.count()*size)
		}
		return rawType.decode(raw)
	}
	return t, nil
}

// finish turns the layers into a graph or, if they are not connected, into
// convolutions.
func (n *caffeNet) finish() (*file, error) {
	f := &n.file
	if d := n.inputDims; len(d) >= 4 { // of several inputs, the first is the picture
		f.state(d[2], d[3])
	}
	connected := false
	for _, l := range n.layers {
		connected = connected || len(l.bottom) > 0
	}
	if connected {
		return f, n.connect()
	}
	for _, l := range n.layers {
		if len(l.blobs) == 0 {
			continue
		}
		if l.isAffine() && len(f.convs) > 0 {
			if err := f.convs[len(f.convs)-1].append(l); err != nil {
				return nil, err
			}
			continue
		}
		c, err := l.conv()
		if err != nil {
			return nil, err
		}
		f.convs = append(f.convs, c)
	}
	if len(f.convs) == 0 {
		return nil, errors.New("no layers with parameters: expected a .caffemodel, not a description of a network")
	}
	return f, nil
}

// append adds a normalization to the convolution before it in a file without
// connections. Caffe writes layers in the order in which they run, but two of a
// kind may belong to two convolutions before them.
func (c *conv) append(l *caffeLayer) error {
	a, err := l.affine()
	if err == nil && slices.Contains(c.folded, l.kind) {
		err = fmt.Errorf("it is the second one after the convolution %q, and the file does not state what it reads: "+
			"save the network with its connections", c.name)
	}
	if err != nil {
		return fmt.Errorf("layer %q (%s, offset %d): %w", l.name, l.kind, l.at, err)
	}
	c.affines, c.folded = append(c.affines, a), append(c.folded, l.kind)
	return nil
}

// conv returns the layer as a convolution.
func (l *caffeLayer) conv() (conv, error) {
	if l.kind != "Convolution" || len(l.blobs) > 2 || len(l.blobs) == 0 {
		return conv{}, fmt.Errorf("layer %q (%s, offset %d) with %d blobs is not a convolution, and no other layer of SqueezeNet has parameters",
			l.name, l.kind, l.at, len(l.blobs))
	}
	c := conv{name: l.name, weights: l.blobs[0]}
	if len(l.blobs) == 2 {
		c.bias = l.blobs[1]
	}
	return c, nil
}
