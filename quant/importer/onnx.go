package importer

import (
	"errors"
	"fmt"
	"math"
)

// onnxModel is a ModelProto (onnx.proto of github.com/onnx/onnx) that is being
// read. Parameters are initializers or outputs of Constant nodes, possibly
// passed through Identity or Cast nodes.
type onnxModel struct {
	nodes     []*onnxNode
	constants map[string]*onnxTensor
	alias     map[string]string // output of a node without effect -> its input
	inputs    []onnxInput
}

// onnxInput is an input of the graph.
type onnxInput struct {
	name string
	size int // side of the picture; 0 if not fixed
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

// readONNX reads a model.
func readONNX(data []byte) (*file, error) {
	m := &onnxModel{constants: map[string]*onnxTensor{}, alias: map[string]string{}}
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
	return m.file()
}

// graph reads a GraphProto.
func (m *onnxModel) graph(g message) error {
	return g.each(func(f field) error {
		switch f.number {
		case 1:
			n, err := readNode(f.body)
			if err != nil {
				return err
			}
			m.nodes = append(m.nodes, n)
		case 5:
			t, err := readTensor(f.body)
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
func readNode(m message) (*onnxNode, error) {
	n := &onnxNode{at: m.at, attributes: map[string]*attribute{}}
	const limit = 256 // of inputs, outputs and attributes; SqueezeNet's nodes have a dozen
	err := m.each(func(f field) error {
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
			name, a, err := readAttribute(f.body)
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
		return nil, fmt.Errorf("node %q (%s, %s): %w", n.name, n.kind, m.where(), err)
	}
	return n, nil
}

// readAttribute reads an AttributeProto.
func readAttribute(m message) (name string, a *attribute, err error) {
	a = &attribute{}
	err = m.each(func(f field) (err error) {
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
			a.tensor, err = readTensor(f.body)
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

// readInput reads the name and, for square pictures, the side from a
// ValueInfoProto.
func readInput(m message) (onnxInput, error) {
	var in onnxInput
	var dims []int64
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
						if dims = append(dims, value); len(dims) > maxRank {
							return fmt.Errorf("%s: more than %d dimensions", dim.where(), maxRank)
						}
						return err
					})
				})
			})
		}
		return nil
	})
	if len(dims) == 4 && dims[2] == dims[3] {
		in.size = pictureSide(dims[2])
	}
	return in, err
}

// pictureSide returns a stated side, or 0 if it is out of range.
func pictureSide(v int64) int {
	if v < 0 || v > math.MaxInt32 {
		return 0
	}
	return int(v)
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

// file builds the graph: it resolves constants, drops nodes without effect and
// translates the others.
func (m *onnxModel) file() (*file, error) {
	var rest []*onnxNode
	for _, n := range m.nodes {
		switch {
		case len(n.out) == 0:
		case n.kind == "Constant":
			if a := n.attributes["value"]; a != nil && a.tensor != nil {
				a.tensor.name = n.out[0]
				m.constants[n.out[0]] = a.tensor
			}
		case (n.kind == "Identity" || n.kind == "Cast" || n.kind == "Dropout") && len(n.in) > 0:
			m.alias[n.out[0]] = n.in[0]
		default:
			rest = append(rest, n)
		}
	}
	f := &file{framework: unknownFramework, graph: &graph{}}
	for _, in := range m.inputs {
		if m.constants[in.name] == nil { // old opsets list the initializers too
			if f.graph.input != "" {
				return nil, fmt.Errorf("the graph has two inputs, %q and %q", f.graph.input, in.name)
			}
			f.graph.input, f.size = in.name, in.size
		}
	}
	for _, from := range rest {
		n, err := m.node(from)
		if err != nil {
			return nil, fmt.Errorf("node %q (%s, offset %d): %w", from.name, from.kind, from.at, err)
		}
		f.graph.nodes = append(f.graph.nodes, n)
	}
	return f, nil
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
