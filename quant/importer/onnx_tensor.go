package importer

import (
	"errors"
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
)

// onnxTensor is a TensorProto: floating-point weights, or integers that
// parameterize a node.
type onnxTensor struct {
	tensor
	body message
	kind int64 // DataType
}

// The values of TensorProto.DataType in onnx.proto that are read.
const (
	onnxFloat    = 1
	onnxInt64    = 7
	onnxFloat16  = 10
	onnxDouble   = 11
	onnxBfloat16 = 16
)

var onnxTypes = map[int64]dtype{
	onnxFloat: float32Type, onnxDouble: float64Type, onnxFloat16: float16Type, onnxBfloat16: bfloat16Type,
}

var errExternal = errors.New("its values are in another file (external data): save the model as a single file, " +
	"in Python onnx.save(onnx.load(PATH), OUT)")

// readTensor reads the shape of a TensorProto. The values are read later.
func readTensor(m message) (*onnxTensor, error) {
	t := &onnxTensor{body: m}
	t.where = m.where()
	var dims []int64
	external := false
	err := m.each(func(f field) (err error) {
		switch f.number {
		case 1:
			dims, err = f.ints(dims, maxRank)
		case 2:
			t.kind = int64(f.value)
		case 8:
			t.name = f.text()
		case 13:
			external = true
		case 14:
			external = external || f.value == 1
		}
		return err
	})
	if err == nil && len(dims) == 1 && dims[0] == 0 { // an empty list, as for optional inputs of Resize
		dims = nil
	}
	if err == nil {
		t.shape, err = toShape(dims)
	}
	if err != nil {
		return nil, fmt.Errorf("tensor %q (%s): %w", t.name, t.where, err)
	}
	t.load = func() ([]float32, error) {
		if external {
			return nil, errExternal
		}
		return t.floats()
	}
	return t, nil
}

// floats reads the values from raw_data or from the field of their data type.
func (t *onnxTensor) floats() ([]float32, error) {
	kind := onnxTypes[t.kind]
	if kind == otherType {
		return nil, fmt.Errorf("data type %d: %w", t.kind, errNotFloat)
	}
	var v []float32
	err := t.body.each(func(f field) (err error) {
		switch {
		case f.number == 9 && f.kind == protowire.BytesType: // raw_data
			if raw := f.body.data; len(raw) != t.count()*kind.size() {
				return fmt.Errorf("%d bytes of raw data, expected %d", len(raw), t.count()*kind.size())
			}
			v, err = kind.decode(f.body.data)
		case f.number == 4 && kind == float32Type, f.number == 10 && kind == float64Type:
			v, err = f.floats(v, kind, t.count())
		case f.number == 5 && kind.size() == 2: // int32_data holds the bits
			v, err = f.halves(v, kind, t.count())
		}
		return err
	})
	return v, err
}

// halves appends 16-bit numbers that are stored as integers, packed or not.
func (f field) halves(to []float32, kind dtype, limit int) ([]float32, error) {
	widen := fromHalf
	if kind == bfloat16Type {
		widen = fromBfloat
	}
	if f.kind == protowire.VarintType {
		to = append(to, widen(uint16(f.value)))
	}
	for pos := 0; pos < len(f.body.data) && len(to) <= limit; {
		v, n := protowire.ConsumeVarint(f.body.data[pos:])
		if n < 0 {
			return nil, fmt.Errorf("offset %d: malformed integer: %w", f.body.at+pos, protowire.ParseError(n))
		}
		to = append(to, widen(uint16(v)))
		pos += n
	}
	if len(to) > limit {
		return nil, fmt.Errorf("%s: more than the %d values of its shape", f.body.where(), limit)
	}
	return to, nil
}

// integers reads a list of int64, such as the pads of a Pad node.
func (t *onnxTensor) integers() ([]int64, error) {
	if t.kind != onnxInt64 || t.count() > maxItems {
		return nil, fmt.Errorf("%s: is not a list of int64", t)
	}
	var v []int64
	err := t.body.each(func(f field) (err error) {
		switch f.number {
		case 7:
			v, err = f.ints(v, t.count())
		case 9:
			for raw := f.body.data; len(raw) >= 8 && len(v) < t.count(); raw = raw[8:] {
				bits, _ := protowire.ConsumeFixed64(raw)
				v = append(v, int64(bits))
			}
		}
		return err
	})
	return v, err
}
