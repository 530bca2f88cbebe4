package importer

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// externalFiles reads the files in which an ONNX model keeps its tensors
// (external data, the default of PyTorch's exporter since 2.9). Only files of
// the model's own folder are read.
type externalFiles struct {
	folder string // "" if the model is not in a file
	files  []externalFile
}

type externalFile struct {
	name string
	data []byte
}

const externalAdvice = "save the model as a single file: in PyTorch torch.onnx.export(..., external_data=False), " +
	"or in Python onnx.save(onnx.load(PATH), OUT)"

// size returns the bytes read so far.
func (e *externalFiles) size() int {
	total := 0
	for _, f := range e.files {
		total += len(f.data)
	}
	return total
}

// read returns part of a file. It must be count bytes long.
func (e *externalFiles) read(at externalRange, count int) ([]byte, error) {
	data, err := e.file(at.location)
	if err != nil {
		return nil, err
	}
	length := at.length
	if length < 0 { // not stated: up to what the shape needs
		length = int64(count)
	}
	size := int64(len(data))
	switch {
	case length != int64(count):
		return nil, fmt.Errorf("%d bytes in the file %q, expected %d", length, at.location, count)
	case at.offset < 0 || at.offset > size || length > size-at.offset:
		return nil, fmt.Errorf("bytes %d to %d are not in the file %q of %d bytes: it is truncated, or of another model",
			at.offset, at.offset+length, at.location, size)
	}
	return data[at.offset : at.offset+length], nil
}

// file returns the content of a file. Its name must be plain, and it must not
// lead out of the folder by a symbolic link.
func (e *externalFiles) file(name string) ([]byte, error) {
	if i := slices.IndexFunc(e.files, func(f externalFile) bool { return f.name == name }); i >= 0 {
		return e.files[i].data, nil
	}
	if e.folder == "" {
		return nil, fmt.Errorf("its values are in another file, %q (external data): %s", name, externalAdvice)
	}
	if name == "" || name == "." || name == ".." || strings.ContainsAny(name, "/\\:\x00") || filepath.Base(name) != name {
		return nil, fmt.Errorf("its values are in %q (external data), which is not a plain name in the model's own folder: %s", name, externalAdvice)
	}
	data, err := e.load(name, maxFile-int64(e.size()))
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil, fmt.Errorf("its values are in the file %q (external data), which is missing from the model's folder: copy it there, or %s",
			name, externalAdvice)
	case err != nil:
		return nil, fmt.Errorf("its values are in the file %q (external data): %w; %s", name, err, externalAdvice)
	}
	if len(e.files) >= maxItems {
		return nil, fmt.Errorf("more than %d files of external data", maxItems)
	}
	e.files = append(e.files, externalFile{name, data})
	return data, nil
}

func (e *externalFiles) load(name string, limit int64) ([]byte, error) {
	root, err := os.OpenRoot(e.folder)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	info, err := root.Stat(name)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, errors.New("not a regular file")
	case info.Size() > limit:
		return nil, fmt.Errorf("%d bytes, the limit is %d", info.Size(), limit)
	}
	f, err := root.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, limit))
}

// externalRange is the part of a file that holds a tensor's values: the
// entries of TensorProto.external_data.
type externalRange struct {
	location       string
	offset, length int64 // length is negative if not stated
}
