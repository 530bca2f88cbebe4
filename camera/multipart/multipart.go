// Package multipart splits a multipart stream, as cameras send it over HTTP, into
// its parts. It accepts what mime/multipart rejects, because cameras deviate from
// RFC 2046: boundary parameters with special characters but without quotes, or
// with the leading dashes of the delimiter line; lines that end in LF alone; parts
// of known length without a line end before the next delimiter.
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
	// maxLine bounds a line of a part's header, in bytes. RFC 5322, 2.1.1 allows
	// 998. It is also the size of the read buffer.
	maxLine = 4096

	// maxHeader bounds a part's header, in lines. Cameras send two or three.
	maxHeader = 64

	// maxBetween bounds the text between two parts, in lines. Usually it is one
	// empty line; a peer that sends more than this uses another boundary.
	maxBetween = 4096
)

// Reader reads a stream part by part.
type Reader struct {
	r        *bufio.Reader
	boundary []byte // without leading dashes
	limit    int    // bytes of a part
	atPart   bool   // the delimiter before the next part has been read
	ended    bool   // the delimiter after the last part, or the stream's end, has been read
}

// NewReader returns a Reader of a stream whose Content-Type is contentType. Parts
// of more than limit bytes are an error.
func NewReader(r io.Reader, contentType string, limit int) (*Reader, error) {
	kind, rest, _ := strings.Cut(contentType, ";")
	if kind = strings.TrimSpace(kind); !strings.HasPrefix(strings.ToLower(kind), "multipart/") {
		return nil, fmt.Errorf("the content has the type %.60q, not multipart/x-mixed-replace: it is not an MJPEG stream", kind)
	}
	boundary := strings.TrimLeft(findBoundary(rest), "-")
	if boundary == "" {
		return nil, fmt.Errorf("the content type %.100q names no boundary", contentType)
	}
	return &Reader{r: bufio.NewReaderSize(r, maxLine), boundary: []byte(boundary), limit: limit}, nil
}

// findBoundary returns the value of the parameter boundary, quoted or not, from
// the parameters of a content type.
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

// Read returns the next part's content. It uses the memory of buf if that
// suffices. The error after the last part is io.EOF.
func (m *Reader) Read(buf []byte) ([]byte, error) {
	if err := m.skipToPart(); err != nil {
		return nil, err
	}
	length, err := m.readHeader()
	switch {
	case err != nil:
	case length > m.limit:
		return nil, m.tooLong()
	case length >= 0:
		m.atPart = false
		buf, err = boundedread.Append(buf[:0], m.r, length)
	default:
		buf, err = m.readToDelimiter(buf[:0])
	}
	if err != nil {
		return nil, truncated(err)
	}
	return buf, nil
}

func (m *Reader) tooLong() error { return fmt.Errorf("a part has more than %d bytes", m.limit) }

// truncated replaces the error of a stream that ends inside a part.
func truncated(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("a part is cut short: %w", io.ErrUnexpectedEOF)
	}
	return err
}

// skipToPart skips everything up to the delimiter before the next part.
func (m *Reader) skipToPart() error {
	for range maxBetween {
		switch {
		case m.atPart:
			return nil
		case m.ended:
			return io.EOF
		}
		line, err := m.r.ReadSlice('\n')
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) && !errors.Is(err, io.EOF) {
			return err
		}
		m.atPart, m.ended = m.isDelimiter(line)
		m.ended = m.ended || errors.Is(err, io.EOF)
	}
	return fmt.Errorf("no line has the boundary %.70q of the content type", m.boundary)
}

// isDelimiter reports whether a line is the delimiter before a part, or that after
// the last (RFC 2046, 5.1.1). Any number of dashes from two may precede the
// boundary: some servers count two of them as a part of it, others do not.
func (m *Reader) isDelimiter(line []byte) (before, last bool) {
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

// readHeader reads a part's header and returns its Content-Length, -1 if absent.
func (m *Reader) readHeader() (length int, err error) {
	length = -1
	for range maxHeader {
		line, err := m.r.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			return 0, fmt.Errorf("a part's header has a line of more than %d bytes", maxLine)
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
	return 0, fmt.Errorf("a part's header has more than %d lines", maxHeader)
}

// parseLength parses a Content-Length. It returns -1 for an empty one, and
// saturates at limit+1, so that no length overflows.
func (m *Reader) parseLength(text []byte) (int, error) {
	length := 0
	for _, c := range text {
		if c < '0' || c > '9' {
			return 0, fmt.Errorf("a part's Content-Length %.20q is not a number", text)
		}
		length = min(10*length+int(c-'0'), m.limit+1)
	}
	if len(text) == 0 {
		return -1, nil
	}
	return length, nil
}

// readToDelimiter reads a part without Content-Length. A delimiter counts only at
// the start of a line.
func (m *Reader) readToDelimiter(buf []byte) ([]byte, error) {
	lineStart := true // a line longer than the buffer is read in pieces
	for {
		line, err := m.r.ReadSlice('\n')
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) && !errors.Is(err, io.EOF) {
			return nil, err
		}
		if lineStart {
			if m.atPart, m.ended = m.isDelimiter(line); m.atPart || m.ended {
				return m.checkLimit(trimLineEnd(buf))
			}
		}
		if errors.Is(err, io.EOF) {
			return nil, err
		}
		buf = append(buf, line...)
		if len(buf) > m.limit+len("\r\n") { // the last line end is not content
			return nil, m.tooLong()
		}
		lineStart = err == nil
	}
}

func (m *Reader) checkLimit(part []byte) ([]byte, error) {
	if len(part) > m.limit {
		return nil, m.tooLong()
	}
	return part, nil
}

// trimLineEnd removes the last line end: it belongs to the delimiter.
func trimLineEnd(data []byte) []byte {
	return bytes.TrimSuffix(bytes.TrimSuffix(data, []byte("\n")), []byte("\r"))
}
