// Package multipart splits a stream of the media type multipart, as cameras
// send it over HTTP, into its parts. Cameras keep less to RFC 2046 than
// package mime/multipart asks for: boundaries come without quotes, with
// dashes already before them, lines without carriage returns, lengths or none.
package multipart

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"halfmeg/camera/internal/boundedread"
)

const (
	// maxLine is the longest line of a part's header, in bytes, and
	// maxHeader the most lines it has.
	maxLine   = 4096
	maxHeader = 64

	// maxBetween is the most lines from a part's end to the next boundary.
	maxBetween = 4096
)

// Reader reads a stream part by part.
type Reader struct {
	r        *bufio.Reader
	boundary []byte // without the dashes before it
	max      int    // bytes of a part
	begun    bool   // whether the boundary before the next part was read
	ended    bool   // whether the boundary after the last part was
}

// NewReader reads a stream of that Content-Type, with parts of at most limit
// bytes.
func NewReader(r io.Reader, contentType string, limit int) (*Reader, error) {
	kind, rest, _ := strings.Cut(contentType, ";")
	if kind = strings.TrimSpace(kind); !strings.HasPrefix(strings.ToLower(kind), "multipart/") {
		return nil, fmt.Errorf("the content is of the type %.60q, not multipart/x-mixed-replace", kind)
	}
	boundary := strings.TrimLeft(findBoundary(rest), "-")
	if boundary == "" {
		return nil, fmt.Errorf("the type of the content, %.100q, names no boundary", contentType)
	}
	return &Reader{r: bufio.NewReaderSize(r, maxLine), boundary: []byte(boundary), max: limit}, nil
}

// findBoundary finds the parameter boundary, in quotes or not, among those of
// a content type.
func findBoundary(parameters string) string {
	for parameters != "" {
		var name, value string
		name, parameters, _ = strings.Cut(parameters, "=")
		parameters = strings.TrimLeft(parameters, " \t")
		if quoted, ok := strings.CutPrefix(parameters, `"`); ok {
			value, parameters, _ = strings.Cut(quoted, `"`)
			_, parameters, _ = strings.Cut(parameters, ";")
		} else {
			value, parameters, _ = strings.Cut(parameters, ";")
		}
		if strings.EqualFold(strings.TrimSpace(name), "boundary") {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// Read reads the next part into the memory of buf, which it replaces where it
// is too small. The error after the last part is io.EOF.
func (m *Reader) Read(buf []byte) ([]byte, error) {
	if err := m.seek(); err != nil {
		return nil, err
	}
	length, err := m.header()
	switch {
	case err != nil:
	case length > m.max:
		return nil, m.tooLong()
	case length >= 0:
		m.begun = false
		buf, err = boundedread.Append(buf[:0], m.r, length)
	default:
		buf, err = m.untilBoundary(buf[:0])
	}
	if err != nil {
		return nil, cut(err)
	}
	return buf, nil
}

func (m *Reader) tooLong() error { return fmt.Errorf("a part has more than %d bytes", m.max) }

// cut is the error where the stream ends inside a part.
func cut(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("a part is cut short: %w", io.ErrUnexpectedEOF)
	}
	return err
}

// seek reads up to the end of the next boundary.
func (m *Reader) seek() error {
	for range maxBetween {
		switch {
		case m.begun:
			return nil
		case m.ended:
			return io.EOF
		}
		line, err := m.r.ReadSlice('\n')
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) && !errors.Is(err, io.EOF) {
			return err
		}
		m.begun, m.ended = m.isBoundary(line)
		m.ended = m.ended || errors.Is(err, io.EOF)
	}
	return fmt.Errorf("no line has the boundary %.70q", m.boundary)
}

// isBoundary tells whether a line is the boundary before a part or that after
// the last. It has two dashes before it, or as many more as were in its name.
func (m *Reader) isBoundary(line []byte) (before, after bool) {
	if !bytes.HasPrefix(line, []byte("--")) {
		return false, false
	}
	rest, found := bytes.CutPrefix(bytes.TrimLeft(line, "-"), m.boundary)
	if !found {
		return false, false
	}
	rest = bytes.TrimRight(rest, " \t\r\n")
	return len(rest) == 0, string(rest) == "--"
}

// header reads a part's header for its length, which is -1 where it is not
// given.
func (m *Reader) header() (length int, err error) {
	length = -1
	for range maxHeader {
		line, err := m.r.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			return 0, fmt.Errorf("a line of more than %d bytes in a part's header", maxLine)
		}
		if err != nil {
			return 0, err
		}
		if line = bytes.TrimSpace(line); len(line) == 0 {
			return length, nil
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		if bytes.EqualFold(bytes.TrimSpace(name), []byte("Content-Length")) {
			if length, err = m.parseLength(bytes.TrimSpace(value)); err != nil {
				return 0, err
			}
		}
	}
	return 0, fmt.Errorf("more than %d lines in a part's header", maxHeader)
}

// parseLength reads a length. One that is beyond the limit is any such number.
func (m *Reader) parseLength(text []byte) (int, error) {
	length := 0
	for _, c := range text {
		if c < '0' || c > '9' {
			return 0, fmt.Errorf("a part's length is %.20q", text)
		}
		length = min(10*length+int(c-'0'), m.max+1)
	}
	if len(text) == 0 {
		return -1, nil
	}
	return length, nil
}

// untilBoundary reads a part whose length is not given.
func (m *Reader) untilBoundary(buf []byte) ([]byte, error) {
	lineStart := true // a line longer than the buffer comes in pieces
	for {
		line, err := m.r.ReadSlice('\n')
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) && !errors.Is(err, io.EOF) {
			return nil, err
		}
		if lineStart {
			if m.begun, m.ended = m.isBoundary(line); m.begun || m.ended {
				return m.limited(trimLineEnd(buf))
			}
		}
		if errors.Is(err, io.EOF) {
			return nil, err
		}
		buf = append(buf, line...)
		if len(buf) > m.max+len("\r\n") {
			return nil, m.tooLong()
		}
		lineStart = err == nil
	}
}

func (m *Reader) limited(part []byte) ([]byte, error) {
	if len(part) > m.max {
		return nil, m.tooLong()
	}
	return part, nil
}

// trimLineEnd takes off the line end that belongs to the boundary after it.
func trimLineEnd(data []byte) []byte {
	return bytes.TrimSuffix(bytes.TrimSuffix(data, []byte("\n")), []byte("\r"))
}
