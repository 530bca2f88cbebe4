package sqz

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"halfmeg/model"
	"halfmeg/model/sqz/internal/arith"
)

// MaxFile is the largest file that is read, in bytes.
const MaxFile = 64 << 20

// Decode decodes a .sqz file.
func Decode(file []byte) (*model.Network, error) {
	n, _, err := DecodeSizes(file)
	return n, err
}

// DecodeSizes is Decode that also says where the file's bytes are.
func DecodeSizes(file []byte) (*model.Network, Sizes, error) {
	n, sizes, err := decode(file)
	if err != nil {
		return nil, Sizes{}, fmt.Errorf("sqz: %w", err)
	}
	return n, sizes, nil
}

// read takes no more from r than the file's first bytes promise.
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
	// One byte more than is due tells whether something follows the file.
	rest, err := io.ReadAll(io.LimitReader(r, int64(length-prefixSize)+1))
	if err != nil {
		return nil, err
	}
	network, _, err := decode(append(file, rest...))
	return network, err
}

func decode(file []byte) (*model.Network, Sizes, error) {
	stream, err := open(file)
	if err != nil {
		return nil, Sizes{}, err
	}
	r := &reader{d: arith.NewDecoder(stream)}
	b, n := newBody(r), new(model.Network)
	size := b.network(n)
	size.Frame, size.Total = frameSize, len(file)
	if err := r.err(); err != nil {
		return nil, Sizes{}, fmt.Errorf("%s: %w", b.part, err)
	}
	if !r.d.AtEnd() {
		return nil, Sizes{}, errors.New("there is more data than the network needs")
	}
	if err := n.Validate(); err != nil {
		return nil, Sizes{}, err
	}
	return n, size, nil
}

// open checks the frame of a file and returns the coded body inside.
func open(file []byte) ([]byte, error) {
	length, err := parsePrefix(file)
	if err != nil {
		return nil, err
	}
	if len(file) < length {
		return nil, fmt.Errorf("truncated: %d of %d bytes", len(file), length)
	}
	if len(file) > length {
		return nil, fmt.Errorf("something follows the file's %d bytes", length)
	}
	covered := file[:length-trailerSize]
	if crc32.Checksum(covered, castagnoli) != binary.LittleEndian.Uint32(file[length-trailerSize:]) {
		return nil, errors.New("damaged: the checksum does not fit")
	}
	return covered[prefixSize:], nil
}

// ErrFormat is the error of a file that is something else than a .sqz.
var ErrFormat = errors.New("not a .sqz file")

// parsePrefix returns the length that a file says it has.
func parsePrefix(file []byte) (int, error) {
	begin := file[:min(len(file), len(magic))]
	if len(file) == 0 {
		return 0, errors.New("truncated: the file is empty")
	}
	if !bytes.HasPrefix([]byte(magic), begin) {
		return 0, fmt.Errorf("%w: it begins with %q", ErrFormat, begin)
	}
	if len(file) < prefixSize {
		return 0, fmt.Errorf("truncated: %d bytes", len(file))
	}
	v := binary.LittleEndian.Uint32(file[len(magic):])
	length := binary.LittleEndian.Uint32(file[len(magic)+4:])
	switch {
	case v > version:
		return 0, fmt.Errorf("written by a newer halfmeg: version %d, this program reads %d", v, version)
	case v < version:
		return 0, fmt.Errorf("damaged: version %d", v)
	case length < uint32(frameSize) || length > MaxFile:
		return 0, fmt.Errorf("damaged: a length of %d bytes", length)
	}
	return int(length), nil
}
