// Package importer reads pretrained SqueezeNets as other tools save them: ONNX,
// Caffe's .caffemodel, PyTorch state dicts (.pth), .safetensors and Deep
// Compression's .net. The format is detected from the content, never from
// the file name.
//
// An import has three stages. The reader of a format (onnx*.go, caffe*.go,
// torch*.go, safetensors.go, deepcompression.go) produces a file: its graph if
// it carries one, otherwise its named convolutions (statedict.go and norms.go
// for the two formats of PyTorch). layout recognises SqueezeNet in it (graph.go
// follows a graph, names.go and roles.go sort named layers): conv1, the fire
// modules and the last convolution. build produces the network (shape.go the
// topology, input.go the preprocessing, affine.go folds batch normalization) and
// fills in by convention what the file does not state. Nothing is filled in
// silently: each assumption is a line of Loaded.Assumed that names the flag to
// override it, and what was chosen or skipped is a line of Loaded.Read.
//
// To add a format, write a reader that returns a file and register it in
// format.go.
package importer

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"halfmeg/quant/float"
	"halfmeg/quant/labels"
)

// Loaded is the result of Load.
type Loaded struct {
	Network *float.Network
	Format  string // "onnx", "caffemodel", "pth", "safetensors" or "net"
	Graph   bool   // the file states its topology
	// Assumed lists what neither the file nor an option stated, one line each,
	// with the flag that overrides it, if there is one.
	Assumed []string
	// Labels are the labels that the options gave, or nil.
	Labels *labels.List
	// Read lists what was chosen or skipped in a file that holds more than a
	// network, one line each.
	Read []string
}

// maxFile limits what is read into memory. SqueezeNet in float32 takes 5 MB.
const maxFile = 1 << 30

// Load reads a weights file. Errors name the file, the tensor or layer, and
// the offset or key within the file.
func Load(path string, o Options) (*Loaded, error) {
	opts, err := o.parse()
	if err != nil {
		return nil, err
	}
	data, err := readFile(path, maxFile)
	if err != nil {
		return nil, err
	}
	external := &externalFiles{folder: filepath.Dir(path)}
	l, err := load(data, external, opts)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if err := l.label(opts.labels); err != nil {
		return nil, fmt.Errorf("-labels: %w", err)
	}
	sum := sha256.New() // of the file, then of its external data
	sum.Write(data)
	for _, f := range external.files {
		sum.Write(f.data)
	}
	l.Network.Source.Weights = filepath.Base(path)
	l.Network.Source.SHA256 = hex.EncodeToString(sum.Sum(nil))
	l.Network.Source.Format = l.Format
	return l, nil
}

// label sets the network's labels to those of a file; nil leaves them.
func (l *Loaded) label(file *labels.List) error {
	if file == nil {
		return nil
	}
	fitting, err := file.Fit(l.Network.Topology.Head.Classes)
	if err != nil {
		return err
	}
	l.Labels, l.Network.Labels = fitting, fitting.Names
	for _, note := range fitting.Notes {
		l.Assumed = append(l.Assumed, fmt.Sprintf("%s: %s (-labels)", file.Path, note))
	}
	return nil
}

// load imports a file that is in memory.
func load(data []byte, external *externalFiles, opts *overrides) (*Loaded, error) {
	f, err := readFormat(data, external, opts)
	if err != nil {
		return nil, err
	}
	if f.metadata != nil {
		opts = opts.with(f.metadata)
	}
	l, err := build(f, opts, len(data)+f.external)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.format, err)
	}
	if m := f.metadata; m != nil && len(m.labels) == l.Network.Topology.Head.Classes {
		l.Network.Labels = m.labels
	}
	return l, nil
}

// readFile is os.ReadFile with a limit that is checked before anything is allocated.
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
		return nil, fmt.Errorf("%s: is a directory, not a file", path)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: is not a regular file", path)
	}
	if info.Size() > limit {
		return nil, fmt.Errorf("%s: %d bytes, the limit is %d", path, info.Size(), limit)
	}
	data, err := io.ReadAll(io.LimitReader(f, limit))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return data, nil
}
