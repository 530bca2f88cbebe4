// Package boundedread reads a known number of bytes from a sender who is not
// trusted: memory is taken as the bytes come, not because they are promised.
package boundedread

import (
	"errors"
	"io"
	"slices"
)

// chunk is how many bytes are believed to come before the first has.
const chunk = 64 << 10

// Append reads n bytes and appends them to buf, whose memory is used as far
// as it goes. The error is io.EOF where there are none, and
// io.ErrUnexpectedEOF where there are fewer.
func Append(buf []byte, r io.Reader, n int) ([]byte, error) {
	start := len(buf)
	for missing := n; missing > 0; missing = start + n - len(buf) {
		at := len(buf)
		step := min(missing, max(cap(buf)-at, at-start, chunk))
		buf = slices.Grow(buf, step)[:at+step]
		read, err := io.ReadFull(r, buf[at:])
		if err != nil {
			buf = buf[:at+read]
			if errors.Is(err, io.EOF) && at > start {
				err = io.ErrUnexpectedEOF
			}
			return buf, err
		}
	}
	return buf, nil
}
