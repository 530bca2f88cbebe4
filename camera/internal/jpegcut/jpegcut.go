// Package jpegcut cuts a stream of consecutive JPEGs, such as the output of
// "rpicam-vid --codec mjpeg" or a recording of it, into its pictures. It follows
// the marker segments, so a thumbnail within a header ends no picture.
package jpegcut

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"halfmeg/camera/internal/boundedread"
)

// Markers, the bytes after 0xff (ITU-T T.81, table B.1).
const (
	stuffed = 0x00 // 0xff 0x00 in a scan is the data byte 0xff
	tem     = 0x01 // for arithmetic coding; has no length
	rst0    = 0xd0 // restart markers, which have no length
	rst7    = 0xd7
	soi     = 0xd8 // start of image
	eoi     = 0xd9 // end of image
	fill    = 0xff // any number of these may precede a marker
)

// start is how a JPEG begins: SOI and the first byte of another marker.
var start = []byte{0xff, soi, 0xff}

// Index returns where in data a JPEG starts, or -1.
func Index(data []byte) int { return bytes.Index(data, start) }

// Trim removes bytes before the start of a JPEG. Without a start it returns data as
// they are.
func Trim(data []byte) []byte {
	if bytes.HasPrefix(data, start[:2]) {
		return data
	}
	return data[max(Index(data), 0):]
}

// Reader returns the JPEGs of a stream. Bytes between them, such as padding or the
// boundaries of a multipart stream, are ignored.
type Reader struct {
	r     *bufio.Reader
	limit int // of a JPEG, in bytes
}

// NewReader returns a Reader of JPEGs of at most limit bytes.
func NewReader(r *bufio.Reader, limit int) *Reader { return &Reader{r, limit} }

// Next returns the next JPEG from SOI to EOI. It uses the memory of buf if that
// suffices. A JPEG without EOI ends where the next one starts or the stream ends.
// The error after the last one is io.EOF.
func (c *Reader) Next(buf []byte) ([]byte, error) {
	if err := c.findStart(); err != nil {
		return nil, err
	}
	buf, err := c.copyBytes(buf[:0], 2)
	for done := false; err == nil; {
		if len(buf) > c.limit {
			return nil, fmt.Errorf("the JPEG is longer than the limit of %d MiB", c.limit>>20)
		}
		if done {
			return buf, nil
		}
		buf, done, err = c.copySegment(buf)
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return buf, nil // the decoder judges whether anything is missing
	}
	return nil, err
}

// Follows reports whether another JPEG starts within the given number of bytes,
// after any number of zeros, which cameras write as padding.
func (c *Reader) Follows(within int) bool {
	for {
		b, err := c.r.ReadByte()
		if err != nil {
			return false
		}
		if b != 0 {
			_ = c.r.UnreadByte() // cannot fail after ReadByte
			break
		}
	}
	head, _ := c.r.Peek(within) // what there is, if the stream ends
	return Index(head) >= 0
}

// findStart discards bytes up to the next start. SOI alone is enough where no bytes
// have to be discarded.
func (c *Reader) findStart() error {
	if head, _ := c.r.Peek(2); bytes.Equal(head, start[:2]) {
		return nil
	}
	for {
		if _, err := c.r.Peek(len(start)); err != nil {
			return err // fewer bytes than any JPEG has
		}
		buffered, _ := c.r.Peek(c.r.Buffered())
		if i := Index(buffered); i >= 0 {
			_, err := c.r.Discard(i)
			return err
		}
		if _, err := c.r.Discard(len(buffered) - len(start) + 1); err != nil {
			return err
		}
	}
}

// copySegment copies bytes up to and including the next marker and, if it has one,
// its segment. It reports whether the JPEG is complete.
func (c *Reader) copySegment(buf []byte) (_ []byte, done bool, err error) {
	buf, found, err := c.copyData(buf)
	if err != nil || !found {
		return buf, false, err
	}
	head, err := c.r.Peek(2)
	if err != nil {
		buf, _ = c.copyBytes(buf, len(head))
		return buf, false, err
	}
	switch marker := head[1]; {
	case marker == fill:
		buf, err = c.copyBytes(buf, 1)
	case marker == stuffed || marker == tem || marker >= rst0 && marker <= rst7:
		buf, err = c.copyBytes(buf, 2)
	case marker == eoi:
		buf, err = c.copyBytes(buf, 2)
		return buf, true, err
	case marker == soi:
		if head, _ := c.r.Peek(len(start)); bytes.Equal(head, start) {
			return buf, true, nil // of the next JPEG
		}
		buf, err = c.copyBytes(buf, 2)
	default:
		if head, err = c.r.Peek(4); err != nil {
			buf, _ = c.copyBytes(buf, len(head))
			return buf, false, err
		}
		length := max(int(head[2])<<8|int(head[3]), 2) // counts itself, not the marker
		buf, err = c.copyBytes(buf, 2+length)
	}
	return buf, false, err
}

// copyData copies buffered bytes up to the next 0xff and reports whether there is
// one.
func (c *Reader) copyData(buf []byte) (_ []byte, found bool, err error) {
	if _, err := c.r.Peek(1); err != nil {
		return buf, false, err
	}
	data, _ := c.r.Peek(c.r.Buffered())
	i := bytes.IndexByte(data, 0xff)
	if found = i >= 0; found {
		data = data[:i]
	}
	buf = append(buf, data...)
	_, err = c.r.Discard(len(data))
	return buf, found, err
}

// copyBytes copies n bytes.
func (c *Reader) copyBytes(buf []byte, n int) ([]byte, error) {
	return boundedread.Append(buf, c.r, n)
}
