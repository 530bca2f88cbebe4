package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Output is a file that a tool writes.
type Output struct{ Flag, Path string }

// CheckOutputs verifies, before minutes of work, that files can be written and that
// none overwrites another or an input. Outputs without a path are ignored.
func CheckOutputs(tool string, outputs []Output, inputs ...Output) error {
	for i, o := range outputs {
		if o.Path == "" {
			continue
		}
		for _, other := range outputs[:i] {
			if other.Path != "" && sameFile(o.Path, other.Path) {
				return fmt.Errorf("%s and %s are the same file, %s", other.Flag, o.Flag, other.Path)
			}
		}
		for _, in := range inputs {
			if in.Path != "" && sameFile(o.Path, in.Path) {
				return fmt.Errorf("%s %s would overwrite the %s", o.Flag, o.Path, in.Flag)
			}
		}
		if err := writable(tool, o); err != nil {
			return err
		}
	}
	return nil
}

// sameFile reports whether two paths are the same file, which need not exist.
func sameFile(a, b string) bool {
	infoA, errA := os.Stat(a)
	infoB, errB := os.Stat(b)
	return filepath.Clean(a) == filepath.Clean(b) || errA == nil && errB == nil && os.SameFile(infoA, infoB)
}

// writable verifies that a file can be written.
func writable(tool string, o Output) error {
	if info, err := os.Lstat(o.Path); err == nil && !info.Mode().IsRegular() {
		return fmt.Errorf("%s %s is a %s; expected a file", o.Flag, o.Path, kind(info.Mode()))
	}
	f, err := os.CreateTemp(filepath.Dir(o.Path), "."+tool+".*")
	if err != nil {
		return fmt.Errorf("%s %s cannot be written: %w", o.Flag, o.Path, err)
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// kind names the type of a file that is not a regular one.
func kind(mode os.FileMode) string {
	switch {
	case mode.IsDir():
		return "folder"
	case mode&os.ModeSymlink != 0:
		return "symbolic link"
	}
	return "device or pipe"
}
