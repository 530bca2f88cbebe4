package importer

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"strings"
)

// readTorchZip reads the format of torch.save since PyTorch 1.6: a zip archive
// with NAME/data.pkl and, uncompressed, one entry NAME/data/KEY per storage.
func readTorchZip(data []byte) (*file, error) {
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, fmt.Errorf("a malformed or truncated zip archive: %w", err)
	}
	z := &zipFile{data: data, entries: map[string]*zip.File{}}
	root, found := "", false
	for _, f := range archive.File {
		z.entries[f.Name] = f
		if name, ok := strings.CutSuffix(f.Name, "data.pkl"); ok && (name == "" || strings.HasSuffix(name, "/")) {
			root, found = name, true
		}
	}
	if !found {
		return nil, errors.New("a zip archive without data.pkl, so not written by torch.save")
	}
	if z.entries[root+"constants.pkl"] != nil {
		return nil, errors.New("a TorchScript archive, which is a program: in Python, torch.jit.load it and torch.save its state_dict()")
	}
	if err := z.littleEndian(root); err != nil {
		return nil, err
	}
	pkl, at, err := z.bytes(root + "data.pkl")
	if err != nil {
		return nil, err
	}
	known := storages{}
	u := &unpickler{data: pkl, base: at}
	u.persistent = func(id tuple) (any, error) {
		s, isNew, err := known.get(id)
		if err == nil && isNew {
			err = z.fill(s, root+"data/"+s.key)
		}
		return s, err
	}
	saved, err := u.run()
	if err != nil {
		return nil, err
	}
	return stateDict(saved)
}

// zipFile is a zip archive of uncompressed entries, which are slices of the file.
type zipFile struct {
	data    []byte
	entries map[string]*zip.File
	read    int // bytes returned so far; more than the file has means that entries overlap
}

// bytes returns the content of an entry and its offset in the file.
func (z *zipFile) bytes(name string) ([]byte, int, error) {
	f := z.entries[name]
	if f == nil {
		return nil, 0, fmt.Errorf("entry %q is missing", name)
	}
	if f.Method != zip.Store {
		return nil, 0, fmt.Errorf("entry %q is compressed, which torch.save never does: unpack the archive and pack it again with zip -0", name)
	}
	at, err := f.DataOffset()
	if err != nil {
		return nil, 0, fmt.Errorf("entry %q: %w", name, err)
	}
	if at < 0 || at > int64(len(z.data)) || f.UncompressedSize64 > uint64(len(z.data))-uint64(at) {
		return nil, 0, fmt.Errorf("entry %q reaches beyond the end of the file: truncated", name)
	}
	content := z.data[at : at+int64(f.UncompressedSize64)]
	if z.read += len(content); z.read > len(z.data) {
		return nil, 0, fmt.Errorf("entry %q (offset %d) overlaps with others", name, at)
	}
	if crc32.ChecksumIEEE(content) != f.CRC32 {
		return nil, 0, fmt.Errorf("entry %q (offset %d): wrong checksum: the file is damaged", name, at)
	}
	return content, int(at), nil
}

// fill locates the values of a storage.
func (z *zipFile) fill(s *storage, entry string) error {
	content, at, err := z.bytes(entry)
	if err != nil {
		return err
	}
	if len(content) != s.size() {
		return fmt.Errorf("entry %q (offset %d): %d bytes, expected %d", entry, at, len(content), s.size())
	}
	s.data, s.where = content, fmt.Sprintf("entry %s, offset %d", entry, at)
	return nil
}

// littleEndian rejects an archive that states another byte order.
func (z *zipFile) littleEndian(root string) error {
	if z.entries[root+"byteorder"] == nil {
		return nil
	}
	order, _, err := z.bytes(root + "byteorder")
	if err == nil && string(order) != "little" {
		err = fmt.Errorf("byte order %.10q is not supported, only little", order)
	}
	return err
}
