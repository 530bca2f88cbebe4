// Package importer reads pretrained SqueezeNets as other tools save them: ONNX,
// Caffe's .caffemodel, PyTorch state dicts (.pth), .safetensors and Deep
// Compression's .net. The format is recognised by content, never by the
// file's name.
//
// A reader turns its format into contents: a graph where the file carries
// one, otherwise named convolutions. Both become a layout, the fire modules
// found with their parameters, and build makes the network of it, filling in
// by convention what the file does not say. Nothing is filled in silently:
// each such fact is a line of Loaded.Assumed that names the flag to correct it.
package importer

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"halfmeg/quant/float"
)

// Loaded is what Load found.
type Loaded struct {
	Network *float.Network
	Format  string // "onnx", "caffemodel", "pth", "safetensors" or "net"
	Recipe  Recipe // where the channel order, mean and standard deviation come from
	// Assumed lists the facts that neither the file nor a flag gave, one line
	// each, with the flag that overrides it.
	Assumed []string
}

// Recipe tells how far the input's channel order, mean and standard deviation
// can be trusted.
type Recipe uint8

const (
	// RecipeStated says that the file or the flags give them.
	RecipeStated Recipe = iota
	// RecipeAssumed says that they are the convention of where the file comes from.
	RecipeAssumed
	// RecipeUnknown says that they are a guess, for flags or labelled pictures to settle.
	RecipeUnknown
)

// String says it in a word.
func (r Recipe) String() string {
	switch r {
	case RecipeStated:
		return "stated"
	case RecipeAssumed:
		return "assumed"
	default:
		return "unknown"
	}
}

// maxFile bounds what is read into memory; SqueezeNet in float32 is 5 MB.
const maxFile = 1 << 30

// Load reads a weight file. Errors name the file, the tensor or layer, and
// the offset or key in the file.
func Load(path string, o Options) (*Loaded, error) {
	want, err := o.parse()
	if err != nil {
		return nil, err
	}
	data, err := readFile(path, maxFile)
	if err != nil {
		return nil, err
	}
	l, err := load(data, want)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	sum := sha256.Sum256(data)
	l.Network.Source.Weights = filepath.Base(path)
	l.Network.Source.SHA256 = hex.EncodeToString(sum[:])
	l.Network.Source.Format = l.Format
	return l, nil
}

// load is Load for a file in memory.
func load(data []byte, want *choices) (*Loaded, error) {
	c, err := recognise(data, want)
	if err != nil {
		return nil, err
	}
	l, err := build(c, want, len(data))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", c.format, err)
	}
	return l, nil
}

// readFile is os.ReadFile with a limit that holds before memory is taken.
func readFile(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return nil, fmt.Errorf("%s: is a folder, not a file", path)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: is no ordinary file", path)
	}
	if info.Size() > limit {
		return nil, fmt.Errorf("%s: %d bytes, more than the %d that are accepted", path, info.Size(), limit)
	}
	data, err := io.ReadAll(io.LimitReader(f, limit))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return data, nil
}
