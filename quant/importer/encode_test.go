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

// encode writes values little-endian in a type that holds them exactly.
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

// narrow rounds towards zero to 16 bits; the samples' values fit.
func narrow(kind dtype, v float32) uint16 {
	bits := math.Float32bits(v)
	if kind == bfloat16Type {
		return uint16(bits >> 16)
	}
	if v == 0 {
		return uint16(bits >> 16)
	}
	sign, exponent, fraction := bits>>31, bits>>23&255, bits>>13&1023
	return uint16(sign<<15 | (exponent-112)<<10 | fraction)
}
