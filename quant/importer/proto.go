package importer

import (
	"fmt"
	"math"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"
)

// message is a protobuf message, or part of one, inside the file.
type message struct {
	data []byte
	at   int // offset of data in the file
}

// where says it for errors.
func (m message) where() string { return fmt.Sprintf("offset %d", m.at) }

// field is one field of a message. A field of another wire type than its
// reader expects reads as empty, as protobuf has it for unknown fields.
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

// field reads the field at a position and tells how many bytes it takes.
func (m message) field(pos int) (field, int, error) {
	rest := m.data[pos:]
	number, kind, tag := protowire.ConsumeTag(rest)
	if tag < 0 {
		return field{}, 0, fmt.Errorf("offset %d: damaged or truncated: %w", m.at+pos, protowire.ParseError(tag))
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
		return field{}, 0, fmt.Errorf("offset %d: field %d is damaged or truncated: %w", m.at+pos, number, protowire.ParseError(n))
	}
	return f, tag + n, nil
}

// text reads a string.
func (f field) text() string { return string(f.body.data) }

// float reads a float.
func (f field) float() float64 { return float64(math.Float32frombits(uint32(f.value))) }

// ints appends a repeated integer field, packed or not, to at most limit.
func (f field) ints(to []int64, limit int) ([]int64, error) {
	if f.kind == protowire.VarintType {
		to = append(to, int64(f.value))
	}
	for pos := 0; pos < len(f.body.data) && len(to) <= limit; {
		v, n := protowire.ConsumeVarint(f.body.data[pos:])
		if n < 0 {
			return nil, fmt.Errorf("offset %d: damaged integer: %w", f.body.at+pos, protowire.ParseError(n))
		}
		to = append(to, int64(v))
		pos += n
	}
	if len(to) > limit {
		return nil, fmt.Errorf("%s: more than %d integers", f.body.where(), limit)
	}
	return to, nil
}

// floats appends a repeated float field (d is float32Type, or float64Type for
// doubles), packed or not, to at most limit.
func (f field) floats(to []float32, d dtype, limit int) ([]float32, error) {
	raw := f.body.data
	switch f.kind {
	case protowire.Fixed32Type:
		raw = protowire.AppendFixed32(nil, uint32(f.value))
	case protowire.Fixed64Type:
		raw = protowire.AppendFixed64(nil, f.value)
	}
	if len(raw)%d.size() != 0 {
		return nil, fmt.Errorf("%s: %d bytes are no whole number of values", f.body.where(), len(raw))
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

// maxItems bounds the layers, nodes and tensors of a file: SqueezeNet's have
// about a hundred, and each costs memory before it has proved useful.
const maxItems = 4096
