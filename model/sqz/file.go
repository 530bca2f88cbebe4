package sqz

import (
	"fmt"
	"os"
	"path/filepath"

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
	if err := replace(path, file); err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return nil
}

// replace writes a file beside path, sees it safe on the disk and gives it
// the name. If something goes wrong, nothing of it stays.
func replace(path string, content []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	err = fill(f, content)
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name()) // the first error is the one to tell
	}
	return err
}

// fill writes a new file, readable for all as models are, and closes it.
func fill(f *os.File, content []byte) error {
	_, err := f.Write(content)
	if err == nil {
		err = f.Sync()
	}
	if err == nil {
		err = f.Chmod(0o644)
	}
	if closing := f.Close(); err == nil {
		err = closing
	}
	return err
}
