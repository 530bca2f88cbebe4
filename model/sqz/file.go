package sqz

import (
	"fmt"
	"io"
	"os"

	"halfmeg/internal/atomicfile"
	"halfmeg/model"
)

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

// WriteFile writes a network to a .sqz file at path, in the place of one that
// may be there. At every moment path is the old file or the whole new one.
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
