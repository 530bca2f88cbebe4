package importer

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// onnxModel is a ModelProto (onnx.proto of github.com/onnx/onnx) that is being
// read. Parameters are initializers or outputs of Constant nodes, possibly
// passed through Identity or Cast nodes.
type onnxModel struct {
	nodes     []*onnxNode
	constants map[string]*onnxTensor
	alias     map[string]string    // output of a node without effect -> its input
	producers map[string]*onnxNode // by output
	shapes    map[string]bool      // edges that carry shapes of maps, not maps
	inputs    []onnxInput
	external  *externalFiles
}

// onnxInput is an input of the graph.
type onnxInput struct {
	name string
	dims []int64 // 0 where not fixed
}

// picture returns height and width of the input, 0 where not fixed.
func (in *onnxInput) picture() (height, width int64) {
	d := in.dims
	switch {
	case len(d) != 4:
		return 0, 0
	case d[3] == 3 && d[1] != 3: // NHWC, as TensorFlow has it
		return d[1], d[2]
	}
	return d[2], d[3]
}

// onnxNode is a NodeProto.
type onnxNode struct {
	kind, name string
	at         int // offset in the file
	in, out    []string
	attributes map[string]*attribute
}

// attribute is an AttributeProto.
type attribute struct {
	float  float64
	int    int64
	text   string
	ints   []int64
	floats []float32
	tensor *onnxTensor
}

// readONNX reads a model. external provides the files that hold tensors outside
// the model.
func readONNX(data []byte, external *externalFiles) (*file, error) {
	m := &onnxModel{constants: map[string]*onnxTensor{}, alias: map[string]string{}, producers: map[string]*onnxNode{},
		shapes: map[string]bool{}, external: external}
	found := false
	err := message{data: data}.each(func(f field) error {
		if f.number != 7 {
			return nil
		}
		if found {
			return fmt.Errorf("%s: a second graph", f.body.where())
		}
		found = true
		return m.graph(f.body)
	})
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, errors.New("no graph: the file is damaged, truncated or not ONNX")
	}
	f, err := m.file()
	if err == nil {
		f.external = external.size()
	}
	return f, err
}

// graph reads a GraphProto.
func (m *onnxModel) graph(g message) error {
	return g.each(func(f field) error {
		switch f.number {
		case 1:
			n, err := m.readNode(f.body)
			if err != nil {
				return err
			}
			m.nodes = append(m.nodes, n)
		case 5:
			t, err := m.readTensor(f.body)
			if err != nil {
				return err
			}
			m.constants[t.name] = t
		case 11:
			in, err := readInput(f.body)
			if err != nil {
				return err
			}
			m.inputs = append(m.inputs, in)
		case 15:
			return fmt.Errorf("%s: sparse initializers are not supported", f.body.where())
		}
		if len(m.nodes) > maxItems || len(m.constants) > maxItems || len(m.inputs) > maxItems {
			return fmt.Errorf("%s: more than %d nodes or tensors", f.body.where(), maxItems)
		}
		return nil
	})
}

// readNode reads a NodeProto.
func (m *onnxModel) readNode(body message) (*onnxNode, error) {
	n := &onnxNode{at: body.at, attributes: map[string]*attribute{}}
	const limit = 256 // of inputs, outputs and attributes; SqueezeNet's nodes have a dozen
	err := body.each(func(f field) error {
		switch f.number {
		case 1:
			n.in = append(n.in, f.text())
		case 2:
			n.out = append(n.out, f.text())
		case 3:
			n.name = f.text()
		case 4:
			n.kind = f.text()
		case 5:
			name, a, err := m.readAttribute(f.body)
			if err != nil {
				return err
			}
			n.attributes[name] = a
		}
		if len(n.in)+len(n.out)+len(n.attributes) > limit {
			return fmt.Errorf("more than %d inputs, outputs and attributes", limit)
		}
		return nil
	})
	if n.name == "" && len(n.out) > 0 {
		n.name = n.out[0] // names are optional: use the edge
	}
	if err != nil {
		return nil, fmt.Errorf("node %q (%s, %s): %w", n.name, n.kind, body.where(), err)
	}
	return n, nil
}

// readAttribute reads an AttributeProto.
func (m *onnxModel) readAttribute(body message) (name string, a *attribute, err error) {
	a = &attribute{}
	err = body.each(func(f field) (err error) {
		switch f.number {
		case 1:
			name = f.text()
		case 2:
			a.float = f.float()
		case 3:
			a.int = int64(f.value)
		case 4:
			a.text = f.text()
		case 5:
			a.tensor, err = m.readTensor(f.body)
		case 7:
			a.floats, err = f.floats(a.floats, float32Type, maxItems)
		case 8:
			a.ints, err = f.ints(a.ints, maxItems)
		}
		return err
	})
	if err != nil {
		err = fmt.Errorf("attribute %q: %w", name, err)
	}
	return name, a, err
}

// readInput reads the name and the dimensions from a ValueInfoProto.
func readInput(m message) (onnxInput, error) {
	var in onnxInput
	err := m.each(func(f field) error {
		switch f.number {
		case 1:
			in.name = f.text()
		case 2: // TypeProto.tensor_type.shape.dim.dim_value
			return f.body.inside(1, func(tensorType message) error {
				return tensorType.inside(2, func(shape message) error {
					return shape.inside(1, func(dim message) error {
						value := int64(0)
						err := dim.each(func(f field) error {
							if f.number == 1 {
								value = int64(f.value)
							}
							return nil
						})
						if in.dims = append(in.dims, value); len(in.dims) > maxRank {
							return fmt.Errorf("%s: more than %d dimensions", dim.where(), maxRank)
						}
						return err
					})
				})
			})
		}
		return nil
	})
	return in, err
}

// inside calls visit for every message in the field of the given number.
func (m message) inside(number int, visit func(message) error) error {
	return m.each(func(f field) error {
		if int(f.number) != number {
			return nil
		}
		return visit(f.body)
	})
}

// withoutEffect are the operators that return their first input at inference, in
// some data type.
var withoutEffect = []string{"Identity", "Cast", "CastLike", "Dropout"}

// file builds the graph: it resolves constants, drops nodes without effect and
// translates the others.
func (m *onnxModel) file() (*file, error) {
	var rest []*onnxNode
	for _, n := range m.nodes {
		switch {
		case len(n.out) == 0:
		case isQuantized(n.kind):
			return nil, n.fail(errQuantized)
		case n.kind == "Constant":
			if t := n.value(); t != nil {
				m.constants[n.out[0]] = t
			}
		case slices.Contains(withoutEffect, n.kind) && len(n.in) > 0:
			m.alias[n.out[0]] = n.in[0]
		default:
			m.producers[n.out[0]] = n
			rest = append(rest, n)
		}
	}
	f := &file{framework: unknownFramework, graph: &graph{}}
	if err := m.input(f); err != nil {
		return nil, err
	}
	rest = m.foldConstants(rest)
	rest = m.dropShapes(rest)
	dropped, err := m.mergeMeans(rest)
	if err != nil {
		return nil, err
	}
	for _, from := range rest {
		if dropped[from] {
			continue
		}
		n, err := m.node(from)
		if err != nil {
			return nil, from.fail(err)
		}
		f.graph.nodes = append(f.graph.nodes, n)
	}
	return f, nil
}

func (n *onnxNode) fail(err error) error {
	return fmt.Errorf("node %q (%s, offset %d): %w", n.name, n.kind, n.at, err)
}

// errQuantized rejects a network of integers: its weights are rounded already.
var errQuantized = errors.New("the network is already quantized: use the float network it was made from")

// isQuantized reports whether an operator computes with quantized numbers.
func isQuantized(kind string) bool {
	for _, prefix := range []string{"QLinear", "QuantizeLinear", "DequantizeLinear", "DynamicQuantize", "ConvInteger", "MatMulInteger", "QGemm"} {
		if strings.HasPrefix(kind, prefix) {
			return true
		}
	}
	return false
}

// input finds the picture among the inputs, to which old opsets add the
// initializers.
func (m *onnxModel) input(f *file) error {
	for _, in := range m.inputs {
		if m.constants[in.name] != nil {
			continue
		}
		if f.graph.input != "" {
			return fmt.Errorf("the graph has two inputs, %q and %q", f.graph.input, in.name)
		}
		f.graph.input = in.name
		f.state(in.picture())
	}
	return nil
}

// edge follows nodes without effect back to the origin of a value. Exporters
// chain few of them; the limit stops cycles.
func (m *onnxModel) edge(name string) string {
	for range 16 {
		from, ok := m.alias[name]
		if !ok {
			break
		}
		name = from
	}
	return name
}

// constant returns input i of a node if it is a constant, otherwise nil.
func (m *onnxModel) constant(n *onnxNode, i int) *onnxTensor {
	if i >= len(n.in) {
		return nil
	}
	return m.constants[m.edge(n.in[i])]
}
