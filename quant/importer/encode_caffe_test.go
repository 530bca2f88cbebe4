package importer

import (
	"fmt"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"
)

// caffeWriter encodes layers in one version of the format.
type caffeWriter struct {
	caffeFields
	caffeVariant
	layers []pb
}

// caffeVariant selects among the ways to encode a network.
type caffeVariant struct {
	raw     int64   // raw_data of this type plus one, as NVIDIA's Caffe writes it
	norm    string  // batch normalization: "scale" (two layers), "bias" (three), or "five" blobs as in NVIDIA's Caffe
	divisor float32 // of the sums in BatchNorm
	data    pb      // the data layer; nil means that of training
}

var caffeKindNumbers = func() map[string]int64 {
	m := map[string]int64{}
	for number, name := range caffeV1Kinds {
		m[name] = int64(number)
	}
	return m
}()

func (w *caffeWriter) v1() bool { return w.name == caffeV1.name }

func (w *caffeWriter) layer(kind, name string, bottom, top []string, more pb) {
	l := pb{}.text(w.name, name)
	if w.v1() {
		l = l.int(w.kind, caffeKindNumbers[kind])
	} else {
		l = l.text(w.kind, kind)
	}
	for _, b := range bottom {
		l = l.text(w.bottom, b)
	}
	for _, t := range top {
		l = l.text(w.top, t)
	}
	w.layers = append(w.layers, append(l, more...))
}

// blob encodes a BlobProto, with the legacy shape fields in V1 files.
func (w *caffeWriter) blob(shape []int64, values []float32) pb {
	if w.raw > 0 {
		t := pb{}.bytes(7, pb{}.ints(1, shape...)).int(10, w.raw-1)
		return t.bytes(12, encode(caffeRawTypes[uint64(w.raw-1)], values))
	}
	if !w.v1() {
		return pb{}.bytes(7, pb{}.ints(1, shape...)).bytes(5, encode(float32Type, values))
	}
	b, legacy := pb{}, []int64{1, 1, 1, 1}
	copy(legacy[4-len(shape):], shape)
	for i, d := range legacy {
		b = b.int(protowire.Number(i+1), d)
	}
	return b.bytes(5, encode(float32Type, values))
}

// caffe encodes a sample as a NetParameter, with its graph or stripped to the
// convolutions.
func (s *sample) caffe(version caffeFields, connected bool) []byte {
	return s.caffeAs(version, connected, caffeVariant{})
}

func (s *sample) caffeAs(version caffeFields, connected bool, variant caffeVariant) []byte {
	w := &caffeWriter{caffeFields: version, caffeVariant: variant}
	edge := "data"
	if w.data != nil {
		w.layers = append(w.layers, w.data)
	} else if connected {
		transform := pb{}.float(1, 0.5).int(3, int64(s.topology.Size)).float(5, 104).float(5, 117).float(5, 123)
		w.layer("Data", "data", nil, []string{"data", "label"}, pb{}.bytes(w.transform, transform))
	}
	for i, step := range s.steps {
		last := i == len(s.steps)-1
		if connected && (last || i%3 == 1) {
			if number := (i + 2) / 3; slices.Contains(s.topology.PoolAfter, number) {
				pool := fmt.Sprintf("pool%d", number)
				w.layer("Pooling", pool, []string{edge}, []string{pool}, pb{}.bytes(w.pooling, pb{}.int(2, 3).int(3, 2)))
				edge = pool
			}
		}
		blobs := pb{}.bytes(w.blobs, w.blob(s.shape(i), s.weights[i])).bytes(w.blobs, w.blob([]int64{int64(step.Out)}, s.bias[i]))
		if !connected {
			w.layer("Convolution", step.Name, nil, nil, blobs)
			w.normalize(s, i, "")
			continue
		}
		edge = w.conv(s, i, edge, blobs)
	}
	if connected {
		w.layer("Pooling", "average", []string{edge}, []string{"average"}, pb{}.bytes(w.pooling, pb{}.int(1, 1).int(12, 1)))
		w.layer("SoftmaxWithLoss", "loss", []string{"average", "label"}, []string{"loss"}, nil)
	}
	net := pb{}.text(1, "test")
	for _, l := range w.layers {
		if w.v1() {
			net = net.bytes(2, l)
		} else {
			net = net.bytes(100, l)
		}
	}
	return net
}

// conv encodes a convolution, its in-place ReLU and, at the end of a fire module,
// the concatenation. It returns the edge that the next convolution reads.
func (w *caffeWriter) conv(s *sample, i int, edge string, blobs pb) string {
	step := s.steps[i]
	param := pb{}.int(1, int64(step.Out)).int(3, int64(step.Pad)).int(4, int64(step.Kernel)).int(6, int64(step.Stride))
	name := step.Name
	w.layer("Convolution", name, []string{edge}, []string{name}, append(blobs, pb{}.bytes(w.convolution, param)...))
	w.normalize(s, i, name)
	if !step.Linear {
		w.layer("ReLU", name+"/relu", []string{name}, []string{name}, nil)
	}
	squeeze := func() string { return s.steps[i-i%3+1].Name } // of this module
	switch {
	case i == 0 || i == len(s.steps)-1:
		return name
	case i%3 == 1: // Caffe inserts a Split where a blob is read twice
		w.layer("Split", name+"_split", []string{name}, []string{name + "_0", name + "_1"}, nil)
		return name + "_0"
	case i%3 == 2:
		return squeeze() + "_1"
	}
	module := fmt.Sprintf("fire%d", i)
	w.layer("Concat", module, []string{s.steps[i-1].Name, name}, []string{module}, nil)
	if !s.topology.Fires[step.Fire].Bypass {
		return module
	}
	before := fmt.Sprintf("fire%d", i-3)
	if number := i / 3; slices.Contains(s.topology.PoolAfter, number) {
		before = fmt.Sprintf("pool%d", number)
	}
	w.layer("Eltwise", module+"_sum", []string{before, module}, []string{module + "_sum"}, pb{}.bytes(w.eltwise, pb{}.int(1, 1)))
	return module + "_sum"
}

// normalize encodes the batch normalization after a convolution, in place.
func (w *caffeWriter) normalize(s *sample, i int, edge string) {
	if w.norm == "" {
		return
	}
	var edges []string
	if edge != "" {
		edges = []string{edge}
	}
	blobs := func(values ...[]float32) (more pb) {
		for _, v := range values {
			more = more.bytes(w.blobs, w.blob([]int64{int64(len(v))}, v))
		}
		return more
	}
	times := func(v []float32) []float32 {
		sums := slices.Clone(v)
		for j := range sums {
			sums[j] *= w.divisor
		}
		return sums
	}
	n, name := s.norms[i], s.steps[i].Name
	norm := blobs(times(n[normMean]), times(n[normVariance]), []float32{w.divisor})
	param := pb{}.bytes(w.batchNorm, pb{}.int(1, 1).float(3, normEpsilon))
	switch w.norm {
	case "five":
		w.layer("BatchNorm", name+"/bn", edges, edges, append(append(norm, blobs(n[normGamma], n[normBeta])...), param...))
	case "bias":
		w.layer("BatchNorm", name+"/bn", edges, edges, append(norm, param...))
		w.layer("Scale", name+"/scale", edges, edges, blobs(n[normGamma]))
		w.layer("Bias", name+"/bias", edges, edges, blobs(n[normBeta]))
	default:
		w.layer("BatchNorm", name+"/bn", edges, edges, norm)
		w.layer("Scale", name+"/scale", edges, edges, append(blobs(n[normGamma], n[normBeta]), pb{}.bytes(w.scale, pb{}.int(1, 1).int(4, 1))...))
	}
}
