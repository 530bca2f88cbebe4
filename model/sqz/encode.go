package sqz

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"

	"halfmeg/internal/atomicfile"
	"halfmeg/model"
	"halfmeg/model/sqz/internal/arith"
)

// Header and trailer sizes.
const (
	magic       = "\x8aSQZ"
	prefixSize  = len(magic) + 4 + 4 // magic, version, length of the file
	trailerSize = crc32.Size
	frameSize   = prefixSize + trailerSize
)

// The versions of the format. A network is written in the oldest version that
// holds it.
const (
	versionFirst  = 1
	versionLinear = 2 // the head may have no ReLU
	versionLatest = versionLinear
)

// versionFor returns the version in which a network is written.
func versionFor(t model.Topology) uint32 {
	if t.Head.Linear {
		return versionLinear
	}
	return versionFirst
}

// castagnoli is CRC-32C (iSCSI, RFC 3720). Up to a length of 2^31 bits it
// detects every burst error of up to 32 bits and, unlike CRC-32 (IEEE), any
// three flipped bits. Other damage goes undetected once in 2^32.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Encode encodes a network as a .sqz file. The result is deterministic.
func Encode(n *model.Network) ([]byte, error) {
	if err := n.Validate(); err != nil {
		return nil, fmt.Errorf("sqz: %w", err)
	}
	version := versionFor(n.Topology)
	out := binary.LittleEndian.AppendUint32([]byte(magic), version)
	out = append(out, 0, 0, 0, 0) // the length, filled in below
	w := &writer{e: arith.NewEncoder(out)}
	b, coded := newBody(w, version), *n
	b.network(&coded)
	if err := w.err(); err != nil {
		return nil, fmt.Errorf("sqz: %s: %w", b.part, err)
	}
	out = w.e.Finish()
	binary.LittleEndian.PutUint32(out[prefixSize-4:], uint32(len(out)+trailerSize))
	return binary.LittleEndian.AppendUint32(out, crc32.Checksum(out, castagnoli)), nil
}

// WriteFile writes a network to the .sqz file at path. An existing file is
// replaced as a whole: at every moment path is the old file or the new one.
func WriteFile(path string, n *model.Network) error {
	file, err := Encode(n)
	if err != nil {
		return err
	}
	// Readable for everyone, as models are.
	err = atomicfile.Write(path, 0o644, func(w io.Writer) error {
		_, err := w.Write(file)
		return err
	})
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return nil
}

// writer is the coder that encodes.
type writer struct {
	e     *arith.Encoder
	first error
}

func (w *writer) counted(p *arith.CountedProb, bit int) int { w.e.Counted(p, bit); return bit }
func (w *writer) bit(p uint32, bit int) int                 { w.e.Bit(p, bit); return bit }
func (w *writer) raw(v uint32, n int) uint32                { w.e.Raw(v, n); return v }
func (w *writer) pos() int                                  { return w.e.Len() }
func (w *writer) err() error                                { return w.first }

func (w *writer) fail(err error) {
	if w.first == nil {
		w.first = err
	}
}

func (w *writer) weights(m *weightModel, s model.Step, weights []int8) []int8 {
	m.encode(w.e, s, weights)
	return weights
}
