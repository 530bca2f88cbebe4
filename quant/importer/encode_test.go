package importer

import (
	"encoding/binary"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// pb is a protobuf message under construction.
type pb []byte

func (p pb) int(n protowire.Number, v int64) pb {
	return protowire.AppendVarint(protowire.AppendTag(p, n, protowire.VarintType), uint64(v))
}

func (p pb) float(n protowire.Number, v float32) pb {
	return protowire.AppendFixed32(protowire.AppendTag(p, n, protowire.Fixed32Type), math.Float32bits(v))
}

func (p pb) bytes(n protowire.Number, v []byte) pb {
	return protowire.AppendBytes(protowire.AppendTag(p, n, protowire.BytesType), v)
}

func (p pb) text(n protowire.Number, v string) pb { return p.bytes(n, []byte(v)) }

func (p pb) ints(n protowire.Number, v ...int64) pb {
	var packed []byte
	for _, x := range v {
		packed = protowire.AppendVarint(packed, uint64(x))
	}
	return p.bytes(n, packed)
}

// encode encodes values little-endian, in a type that holds them exactly.
func encode(kind dtype, values []float32) []byte {
	var b []byte
	for _, v := range values {
		switch kind {
		case float32Type:
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
		case float64Type:
			b = binary.LittleEndian.AppendUint64(b, math.Float64bits(float64(v)))
		default:
			b = binary.LittleEndian.AppendUint16(b, narrow(kind, v))
		}
	}
	return b
}

// narrow truncates to 16 bits. The samples' values are exact in them.
func narrow(kind dtype, v float32) uint16 {
	b := math.Float32bits(v)
	if kind == bfloat16Type {
		return uint16(b >> 16)
	}
	if v == 0 {
		return uint16(b >> 16)
	}
	sign, exponent, fraction := b>>31, b>>23&255, b>>13&1023
	return uint16(sign<<15 | (exponent-112)<<10 | fraction)
}
