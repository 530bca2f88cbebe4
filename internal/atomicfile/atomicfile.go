// Package atomicfile replaces files as a whole: a reader, or a machine that
// loses power, finds either the old content or all of the new.
package atomicfile

import (
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Write replaces the file at path by the output of the callback write, with
// permissions perm.
// It writes to a temporary file in the same folder, syncs it to disk and
// renames it. If anything fails, path is untouched and the temporary file is
// removed.
func Write(path string, perm fs.FileMode, write func(w io.Writer) error) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	err = fill(f, perm, write)
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name()) // the first error matters
	}
	return err
}

// fill writes, syncs and closes a new file.
func fill(f *os.File, perm fs.FileMode, write func(w io.Writer) error) error {
	err := write(f)
	if err == nil {
		err = f.Sync()
	}
	if err == nil {
		err = f.Chmod(perm)
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	return err
}
