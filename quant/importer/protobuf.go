package importer

import (
	"fmt"
	"math"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"
)

// message is an encoded protobuf message within the file.
type message struct {
	data []byte
	at   int // offset of data in the file
}

// where returns the position for error messages.
func (m message) where() string { return fmt.Sprintf("offset %d", m.at) }

// field is one field of a message. A field whose wire type is not what the
// reader expects reads as empty.
type field struct {
	number protowire.Number
	kind   protowire.Type
	value  uint64  // of a varint, a fixed32 or a fixed64
	body   message // of a length-delimited field
}

// each calls visit for every field in order.
func (m message) each(visit func(field) error) error {
	for pos := 0; pos < len(m.data); {
		f, n, err := m.field(pos)
		if err != nil {
			return err
		}
		pos += n
		if err := visit(f); err != nil {
			return err
		}
	}
	return nil
}

// field reads the field at pos and returns its length in bytes.
func (m message) field(pos int) (field, int, error) {
	rest := m.data[pos:]
	number, kind, tag := protowire.ConsumeTag(rest)
	if tag < 0 {
		return field{}, 0, fmt.Errorf("offset %d: malformed or truncated: %w", m.at+pos, protowire.ParseError(tag))
	}
	f := field{number: number, kind: kind}
	var n int
	switch rest = rest[tag:]; kind {
	case protowire.VarintType:
		f.value, n = protowire.ConsumeVarint(rest)
	case protowire.Fixed32Type:
		var v uint32
		v, n = protowire.ConsumeFixed32(rest)
		f.value = uint64(v)
	case protowire.Fixed64Type:
		f.value, n = protowire.ConsumeFixed64(rest)
	case protowire.BytesType:
		f.body.data, n = protowire.ConsumeBytes(rest)
		f.body.at = m.at + pos + tag + n - len(f.body.data)
	default:
		n = protowire.ConsumeFieldValue(number, kind, rest)
	}
	if n < 0 {
		return field{}, 0, fmt.Errorf("offset %d: field %d is malformed or truncated: %w", m.at+pos, number, protowire.ParseError(n))
	}
	return f, tag + n, nil
}

// text returns a string.
func (f field) text() string { return string(f.body.data) }

// float returns a float.
func (f field) float() float64 { return float64(math.Float32frombits(uint32(f.value))) }

// ints appends a repeated integer field, packed or not, up to limit values.
func (f field) ints(to []int64, limit int) ([]int64, error) {
	if f.kind == protowire.VarintType {
		to = append(to, int64(f.value))
	}
	for pos := 0; pos < len(f.body.data) && len(to) <= limit; {
		v, n := protowire.ConsumeVarint(f.body.data[pos:])
		if n < 0 {
			return nil, fmt.Errorf("offset %d: malformed integer: %w", f.body.at+pos, protowire.ParseError(n))
		}
		to = append(to, int64(v))
		pos += n
	}
	if len(to) > limit {
		return nil, fmt.Errorf("%s: more than %d integers", f.body.where(), limit)
	}
	return to, nil
}

// floats appends a repeated field of floats (float32Type) or doubles
// (float64Type), packed or not, up to limit values.
func (f field) floats(to []float32, d dtype, limit int) ([]float32, error) {
	raw := f.body.data
	switch f.kind {
	case protowire.Fixed32Type:
		raw = protowire.AppendFixed32(nil, uint32(f.value))
	case protowire.Fixed64Type:
		raw = protowire.AppendFixed64(nil, f.value)
	}
	if len(raw)%d.size() != 0 {
		return nil, fmt.Errorf("%s: %d bytes are not a whole number of values", f.body.where(), len(raw))
	}
	if len(to)+len(raw)/d.size() > limit {
		return nil, fmt.Errorf("%s: more than the %d values of its shape", f.body.where(), limit)
	}
	count := len(raw) / d.size()
	to = slices.Grow(to, count)
	for i := range count {
		to = append(to, d.at(raw, i))
	}
	return to, nil
}

// maxItems limits the layers, nodes and tensors of a file, each of which takes
// memory before it is validated. SqueezeNet has about a hundred.
const maxItems = 4096
