package importer

import (
	"encoding/binary"
	"fmt"
	"strconv"

	"google.golang.org/protobuf/encoding/protowire"
)

// onnxTensor is a TensorProto: floating-point weights, or integers that
// parameterize a node.
type onnxTensor struct {
	tensor
	body  message
	kind  int64   // DataType
	known []int64 // integers that are not in body: an attribute, or a result
	place *externalRange
	files *externalFiles
}

// The values of TensorProto.DataType in onnx.proto that are read.
const (
	onnxFloat    = 1
	onnxUint8    = 2
	onnxInt8     = 3
	onnxInt32    = 6
	onnxInt64    = 7
	onnxFloat16  = 10
	onnxDouble   = 11
	onnxBfloat16 = 16
)

var onnxTypes = map[int64]dtype{
	onnxFloat: float32Type, onnxDouble: float64Type, onnxFloat16: float16Type, onnxBfloat16: bfloat16Type,
}

// readTensor reads the shape of a TensorProto. The values are read later, except
// that files of external data are opened immediately: their size limits what the
// model can hold.
func (m *onnxModel) readTensor(body message) (*onnxTensor, error) {
	t := &onnxTensor{body: body, files: m.external}
	t.where = body.where()
	var dims []int64
	external := false
	place := externalRange{length: -1}
	err := body.each(func(f field) (err error) {
		switch f.number {
		case 1:
			dims, err = f.ints(dims, maxRank)
		case 2:
			t.kind = int64(f.value)
		case 8:
			t.name = f.text()
		case 13:
			err = place.entry(f.body)
		case 14:
			external = f.value == 1
		}
		return err
	})
	if err == nil && len(dims) == 1 && dims[0] == 0 { // an empty list, as for optional inputs of Resize
		dims = nil
	}
	if err == nil {
		t.shape, err = toShape(dims)
	}
	if err == nil && external {
		t.place = &place
		_, err = m.external.file(place.location)
	}
	if err != nil {
		return nil, fmt.Errorf("tensor %q (%s): %w", t.name, t.where, err)
	}
	t.load = t.floats
	return t, nil
}

// entry reads one StringStringEntryProto of external_data.
func (p *externalRange) entry(m message) error {
	var key, value string
	err := m.each(func(f field) error {
		switch f.number {
		case 1:
			key = f.text()
		case 2:
			value = f.text()
		}
		return nil
	})
	if err != nil {
		return err
	}
	switch key {
	case "location":
		p.location = value
	case "offset":
		p.offset, err = strconv.ParseInt(value, 10, 64)
	case "length":
		p.length, err = strconv.ParseInt(value, 10, 64)
		if err == nil && p.length < 0 {
			err = fmt.Errorf("a length of %d bytes", p.length)
		}
	}
	if err != nil {
		return fmt.Errorf("external data: %s %q: %w", key, value, err)
	}
	return nil
}

// numbers returns the tensor with integers read as floats: arithmetic nodes may
// read integers through a Cast.
func (t *onnxTensor) numbers() *tensor {
	if t.kind != onnxInt64 && t.kind != onnxInt32 {
		return &t.tensor
	}
	n := t.tensor
	n.load = func() ([]float32, error) {
		ints, err := t.integers()
		if err != nil {
			return nil, err
		}
		v := make([]float32, len(ints))
		for i, x := range ints {
			v[i] = float32(x)
		}
		return v, nil
	}
	return &n
}

// floats reads the values from raw_data or from the field of their data type.
func (t *onnxTensor) floats() ([]float32, error) {
	kind := onnxTypes[t.kind]
	switch {
	case t.kind == onnxInt8 || t.kind == onnxUint8:
		return nil, errQuantized
	case kind == otherType:
		return nil, fmt.Errorf("data type %d: %w", t.kind, errNotFloat)
	case t.place != nil:
		raw, err := t.files.read(*t.place, t.count()*kind.size())
		if err != nil {
			return nil, err
		}
		return kind.decode(raw)
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

// integers reads a list of int64 or int32, such as the pads of a Pad node.
func (t *onnxTensor) integers() ([]int64, error) {
	width := map[int64]int{onnxInt64: 8, onnxInt32: 4}[t.kind]
	if width == 0 || t.count() > maxItems {
		return nil, fmt.Errorf("%s: is not a list of integers", t)
	}
	switch {
	case t.known != nil:
		return t.known, nil
	case t.place != nil:
		raw, err := t.files.read(*t.place, t.count()*width)
		return littleEndian(raw, width, t.count()), err
	}
	var v []int64
	err := t.body.each(func(f field) (err error) {
		switch {
		case f.number == 7 && width == 8, f.number == 5 && width == 4:
			v, err = f.ints(v, t.count())
		case f.number == 9:
			v = littleEndian(f.body.data, width, t.count())
		}
		return err
	})
	return v, err
}

// littleEndian decodes up to limit signed integers of 4 or 8 bytes.
func littleEndian(raw []byte, width, limit int) []int64 {
	var v []int64
	for ; len(raw) >= width && len(v) < limit; raw = raw[width:] {
		if width == 4 {
			v = append(v, int64(int32(binary.LittleEndian.Uint32(raw))))
		} else {
			v = append(v, int64(binary.LittleEndian.Uint64(raw)))
		}
	}
	return v
}
