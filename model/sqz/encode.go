package sqz

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"

	"halfmeg/model"
	"halfmeg/model/sqz/internal/arith"
)

// The file's frame, around the coded body.
const (
	magic       = "\x8aSQZ"
	version     = 1
	prefixSize  = len(magic) + 4 + 4 // magic, version, length of the file
	trailerSize = crc32.Size
	frameSize   = prefixSize + trailerSize
)

// castagnoli is the CRC-32C (iSCSI, RFC 3720). At a length of up to 2^31 bits
// it finds for certain every run of damage of up to 32 bits and any three
// bits that are flipped, which the older CRC-32 does not; other damage slips
// through once in 2^32. Against malice no checksum without a key would help.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Encode makes the bytes of a .sqz file. The same network always gives the
// same bytes.
func Encode(n *model.Network) ([]byte, error) {
	if err := n.Validate(); err != nil {
		return nil, fmt.Errorf("sqz: %w", err)
	}
	out := binary.LittleEndian.AppendUint32([]byte(magic), version)
	out = append(out, 0, 0, 0, 0) // the length, known at the end
	w := &writer{e: arith.NewEncoder(out)}
	b, carried := newBody(w), *n
	b.network(&carried)
	if err := w.err(); err != nil {
		return nil, fmt.Errorf("sqz: %s: %w", b.part, err)
	}
	out = w.e.Finish()
	binary.LittleEndian.PutUint32(out[prefixSize-4:], uint32(len(out)+trailerSize))
	return binary.LittleEndian.AppendUint32(out, crc32.Checksum(out, castagnoli)), nil
}
