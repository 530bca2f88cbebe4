package sqz

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"

	"halfmeg/model"
	"halfmeg/model/sqz/internal/arith"
)

// MaxFile is the size of the largest file that can be decoded, in bytes.
const MaxFile = 64 << 20

// ErrFormat is the error for a file that is not a .sqz file.
var ErrFormat = errors.New("not a .sqz file")

// Decode decodes a .sqz file.
func Decode(file []byte) (*model.Network, error) {
	n, _, err := DecodeSizes(file)
	return n, err
}

// DecodeSizes is Decode that also returns the sizes of the file's parts.
func DecodeSizes(file []byte) (*model.Network, Sizes, error) {
	n, sizes, err := decode(file)
	if err != nil {
		return nil, Sizes{}, fmt.Errorf("sqz: %w", err)
	}
	return n, sizes, nil
}

// ReadFile reads the .sqz file at path.
func ReadFile(path string) (*model.Network, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	n, err := read(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return n, nil
}

// read decodes the file that r holds. It reads no more than the length in the
// file's prefix plus one byte.
func read(r io.Reader) (*model.Network, error) {
	file := make([]byte, prefixSize)
	n, err := io.ReadFull(r, file)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, err
	}
	length, err := parsePrefix(file[:n])
	if err != nil {
		return nil, err
	}
	// The extra byte is for decode to detect trailing data.
	rest, err := io.ReadAll(io.LimitReader(r, int64(length-prefixSize)+1))
	if err != nil {
		return nil, err
	}
	network, _, err := decode(append(file, rest...))
	return network, err
}

func decode(file []byte) (*model.Network, Sizes, error) {
	stream, err := checkFrame(file)
	if err != nil {
		return nil, Sizes{}, err
	}
	r := &reader{d: arith.NewDecoder(stream)}
	b, n := newBody(r, binary.LittleEndian.Uint32(file[len(magic):])), new(model.Network)
	sizes := b.network(n)
	sizes.Frame, sizes.Total = frameSize, len(file)
	if err := r.err(); err != nil {
		return nil, Sizes{}, fmt.Errorf("%s: %w", b.part, err)
	}
	if !r.d.AtEnd() {
		return nil, Sizes{}, errors.New("damaged: the body continues after the last layer")
	}
	if err := n.Validate(); err != nil {
		return nil, Sizes{}, err
	}
	return n, sizes, nil
}

// checkFrame checks what frames the body and returns the body.
func checkFrame(file []byte) ([]byte, error) {
	length, err := parsePrefix(file)
	if err != nil {
		return nil, err
	}
	if len(file) < length {
		return nil, fmt.Errorf("truncated: %d of %d bytes", len(file), length)
	}
	if len(file) > length {
		return nil, fmt.Errorf("damaged: trailing data after the file's %d bytes", length)
	}
	covered := file[:length-trailerSize]
	if crc32.Checksum(covered, castagnoli) != binary.LittleEndian.Uint32(file[length-trailerSize:]) {
		return nil, errors.New("damaged: the checksum does not match")
	}
	return covered[prefixSize:], nil
}

// parsePrefix checks magic and version and returns the length of the file.
func parsePrefix(file []byte) (int, error) {
	if len(file) == 0 {
		return 0, errors.New("truncated: the file is empty")
	}
	if begin := file[:min(len(file), len(magic))]; !bytes.HasPrefix([]byte(magic), begin) {
		return 0, fmt.Errorf("%w: it begins with %q", ErrFormat, begin)
	}
	if len(file) < prefixSize {
		return 0, fmt.Errorf("truncated: %d bytes", len(file))
	}
	v := binary.LittleEndian.Uint32(file[len(magic):])
	length := binary.LittleEndian.Uint32(file[len(magic)+4:])
	switch {
	case v > versionLatest:
		return 0, fmt.Errorf("written by a newer halfmeg: format version %d, this program reads %d; update it", v, versionLatest)
	case v < versionFirst:
		return 0, fmt.Errorf("damaged: format version %d", v)
	case length < uint32(frameSize) || length > MaxFile:
		return 0, fmt.Errorf("damaged: a length of %d bytes", length)
	}
	return int(length), nil
}

// reader is the coder that decodes.
type reader struct {
	d     *arith.Decoder
	first error
}

func (r *reader) counted(p *arith.CountedProb, _ int) int { return r.d.Counted(p) }
func (r *reader) bit(p uint32, _ int) int                 { return r.d.Bit(p) }
func (r *reader) raw(_ uint32, n int) uint32              { return r.d.Raw(n) }
func (r *reader) pos() int                                { return r.d.Pos() }

// err reports the end of the data first: past it, other errors are meaningless.
func (r *reader) err() error {
	if r.first == nil {
		r.first = r.d.Err()
	}
	return r.first
}

func (r *reader) fail(err error) {
	if r.err() == nil {
		r.first = err
	}
}

func (r *reader) weights(m *weightModel, s model.Step, _ []int8) []int8 {
	weights, err := m.decode(r.d, s)
	if err != nil {
		r.fail(err)
	}
	return weights
}
