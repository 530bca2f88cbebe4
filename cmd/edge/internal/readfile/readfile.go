// Package readfile reads files of bounded size: a path in the configuration may lead to
// any file, or to a device without an end.
package readfile

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"
)

// Bounded returns the content of a file, which may have at most limit bytes. It does not
// rely on the file's size, which devices and pipes lack.
func Bounded(path string, limit int) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var b bytes.Buffer
	if _, err := b.ReadFrom(io.LimitReader(f, int64(limit)+1)); err != nil {
		return nil, err
	}
	if b.Len() > limit {
		return nil, fmt.Errorf("%s: more than %d kB: this must be another file", path, limit>>10)
	}
	return b.Bytes(), nil
}

// maxSecret bounds the file of a secret, in bytes.
const maxSecret = 64 << 10

// Secret returns the content of a file that holds a password or a token, without the line
// ends that editors add. It may be empty.
func Secret(path string) (string, error) {
	data, err := Bounded(path, maxSecret)
	return strings.TrimRight(string(data), "\r\n"), err
}
