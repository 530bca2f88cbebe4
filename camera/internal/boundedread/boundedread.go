// Package boundedread reads a number of bytes that an untrusted peer announced. It
// allocates memory as the bytes arrive, so that a wrong length costs nothing.
package boundedread

import (
	"errors"
	"io"
	"slices"
)

// chunk is the first allocation, in bytes; later ones double the buffer. Small
// enough to be wasted on a wrong length, large enough for few reads of a usual
// frame.
const chunk = 64 << 10

// Append reads n bytes from r and appends them to buf, whose capacity is used
// before memory is allocated. As for io.ReadFull, the error is io.EOF if there are
// no bytes, and io.ErrUnexpectedEOF if there are fewer than n; the bytes read so far
// are returned with it.
func Append(buf []byte, r io.Reader, n int) ([]byte, error) {
	start := len(buf)
	for missing := n; missing > 0; missing = start + n - len(buf) {
		end := len(buf)
		step := min(missing, max(cap(buf)-end, end-start, chunk))
		buf = slices.Grow(buf, step)[:end+step]
		read, err := io.ReadFull(r, buf[end:])
		if err != nil {
			buf = buf[:end+read]
			if errors.Is(err, io.EOF) && end > start {
				err = io.ErrUnexpectedEOF
			}
			return buf, err
		}
	}
	return buf, nil
}
