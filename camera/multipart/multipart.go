// Package multipart splits a multipart stream of JPEGs, as cameras send it over
// HTTP, into its parts.
//
// It goes by the data and takes headers as hints, because cameras deviate from RFC
// 2046 in every way that a browser tolerates: the boundary differs from that of the
// content type, lacks its dashes, is sent once or never, or follows the content
// without a line end; a Content-Length is absent, zero, negative, too small or too
// large; headers contain malformed lines, or are missing. A part that is a JPEG
// ends where the JPEG ends: its markers show that.
package multipart

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

const (
	// maxLine bounds a line of a part's header, in bytes. RFC 5322, 2.1.1 allows
	// 998.
	maxLine = 4096

	// maxHeader bounds a part's header, in lines. Cameras send two or three.
	maxHeader = 64

	// maxBetween bounds what precedes a part, in bytes. Usually it is one empty
	// line; what has more is another kind of stream.
	maxBetween = 1 << 20

	// minRead is the least room for a read, in bytes, and the first allocation.
	minRead = 32 << 10
)

// ErrNotMultipart means that a stream has neither delimiters nor JPEGs.
var ErrNotMultipart = errors.New("neither a multipart delimiter nor a JPEG was found")

// soi starts a JPEG: the marker SOI and the first byte of the next marker.
var soi = []byte{0xff, 0xd8, 0xff}

// Reader reads a stream part by part.
type Reader struct {
	r     io.Reader
	limit int // bytes of a part

	buf []byte // read from r
	pos int    // of the first byte in buf that has not been consumed
	err error  // of r; no more bytes follow

	declared    []byte // boundary of the content type, without leading dashes; empty if none
	boundary    []byte // boundary in use, without leading dashes; empty if none is known
	confirmed   bool   // the declared boundary has been found
	undashed    bool   // delimiters are sent without leading dashes
	trustLength bool   // a part without EOI had the length of its header
	ended       bool   // the delimiter after the last part has been read
}

// NewReader returns a Reader of a stream whose Content-Type is contentType. The
// type only suggests a boundary: it may be any. Parts of more than limit bytes are
// an error.
func NewReader(r io.Reader, contentType string, limit int) *Reader {
	_, parameters, _ := strings.Cut(contentType, ";")
	boundary := []byte(strings.TrimLeft(findBoundary(parameters), "-"))
	return &Reader{r: r, limit: limit, declared: boundary, boundary: boundary}
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
			return strings.Trim(value, " \t\"'")
		}
	}
	return ""
}

// Read returns the next part's content. It uses the memory of buf if that
// suffices. The error after the last part is io.EOF.
func (m *Reader) Read(buf []byte) ([]byte, error) {
	for {
		length, err := m.skipToContent()
		if err != nil {
			return nil, m.endError(err)
		}
		size, err := m.contentSize(length)
		if err != nil {
			return nil, m.endError(err)
		}
		content := m.window()[:size]
		m.pos += size
		if size > m.limit {
			return nil, m.tooLong()
		}
		// Some servers send the last delimiter after each part. After a real one
		// there may be text, but no JPEG.
		if !m.ended || bytes.HasPrefix(content, soi) {
			m.ended = false
			return append(buf[:0], content...), nil
		}
	}
}

func (m *Reader) tooLong() error { return fmt.Errorf("a part has more than %d bytes", m.limit) }

// errTruncated is the error of a stream that ends inside a part.
var errTruncated = fmt.Errorf("a part is truncated: %w", io.ErrUnexpectedEOF)

// endError returns the error of Read. What is incomplete after the last delimiter
// was no part.
func (m *Reader) endError(err error) error {
	if m.ended && errors.Is(err, errTruncated) {
		return io.EOF
	}
	if errors.Is(err, io.ErrUnexpectedEOF) { // of a response shorter than its length
		return errTruncated
	}
	return err
}

// window is what has been read and not consumed.
func (m *Reader) window() []byte { return m.buf[m.pos:] }

// fill appends bytes to the window. It reports false if there are no more, and sets
// m.err. Memory grows with the bytes that arrive, not with those announced.
func (m *Reader) fill() bool {
	if m.err != nil {
		return false
	}
	if cap(m.buf)-len(m.buf) < minRead {
		m.buf = m.buf[:copy(m.buf, m.buf[m.pos:])]
		m.pos = 0
		if cap(m.buf)-len(m.buf) < minRead {
			m.buf = slices.Grow(m.buf, max(minRead, len(m.buf)))
		}
	}
	const emptyReads = 100 // without an error, as in package bufio
	for range emptyReads {
		n, err := m.r.Read(m.buf[len(m.buf):cap(m.buf)])
		m.buf = m.buf[:len(m.buf)+n]
		m.err = err
		if n > 0 {
			return true
		}
		if err != nil {
			return false
		}
	}
	m.err = io.ErrNoProgress
	return false
}

// skipToContent consumes everything up to the content of the next part: its
// delimiter and header, or only what precedes a JPEG. It returns the header's
// Content-Length, -1 if there is none that is possible.
func (m *Reader) skipToContent() (length int, err error) {
	for skipped := 0; skipped < maxBetween; {
		line, isJPEG, err := m.peekLine()
		if err != nil {
			return -1, err
		}
		found, last := m.isDelimiter(line)
		switch {
		case isJPEG:
			m.pos += len(line)
			return -1, nil
		case found && !last:
			m.pos += len(line)
			return m.readHeader()
		case isHeader(line):
			return m.readHeader()
		}
		m.ended = m.ended || last
		m.pos += len(line)
		skipped += len(line)
	}
	return -1, fmt.Errorf("%w in %d bytes", ErrNotMultipart, maxBetween)
}

// peekLine returns the line at the start of the window, with its end, or a piece of
// a line that is too long. If a JPEG starts in the line, it returns what precedes
// the JPEG. The error of a stream that ends before a line is io.EOF.
func (m *Reader) peekLine() (line []byte, isJPEG bool, err error) {
	for {
		line := m.window()
		end := bytes.IndexByte(line, '\n') + 1
		if end > 0 {
			line = line[:end]
		} else if len(line) > maxLine {
			line = line[:maxLine]
			end = maxLine - len(soi) + 1 // a JPEG may start at the end of the piece
		}
		if start := bytes.Index(line, soi); start >= 0 {
			return line[:start], true, nil
		}
		if end > 0 {
			return line[:end], false, nil
		}
		if m.fill() {
			continue
		}
		if len(line) > 0 && errors.Is(m.err, io.EOF) {
			return line, false, nil
		}
		return nil, false, m.err
	}
}

// isDelimiter reports whether a line ends with a delimiter (RFC 2046, 5.1.1), and
// whether it is the one after the last part. Any number of dashes from two may
// precede the boundary: some servers count two of them as a part of it, others do
// not, and some send none. Until the declared boundary is found, each line that
// starts like a delimiter is one.
func (m *Reader) isDelimiter(line []byte) (found, last bool) {
	line = bytes.TrimRight(line, " \t\r\n")
	switch {
	case matches(line, m.declared):
		m.confirmed = true
		m.boundary = m.declared
		m.undashed = bytes.HasPrefix(line, m.declared)
	case matches(line, m.boundary):
	case m.confirmed || !bytes.HasPrefix(line, []byte("--")) || len(bytes.Trim(line, "-")) == 0:
		return false, false
	default:
		m.boundary = bytes.Clone(bytes.TrimLeft(line, "-"))
		return true, false
	}
	return true, !bytes.HasSuffix(line, m.boundary)
}

// matches reports whether a line is a boundary, or ends with one after dashes. Two
// dashes may follow it.
func matches(line, boundary []byte) bool {
	if len(boundary) == 0 {
		return false
	}
	text, found := bytes.CutSuffix(line, boundary)
	if !found {
		if text, found = bytes.CutSuffix(line, []byte("--")); found {
			text, found = bytes.CutSuffix(text, boundary)
		}
	}
	return found && (len(text) == 0 || bytes.HasSuffix(text, []byte("--")))
}

// isHeader reports whether a line is one of a part's header. It decides where a
// part without delimiter starts.
func isHeader(line []byte) bool {
	const prefix = "Content-"
	return len(line) > len(prefix) && bytes.EqualFold(line[:len(prefix)], []byte(prefix)) && bytes.IndexByte(line, ':') > 0
}

// readHeader consumes a part's header and returns its Content-Length, -1 if there
// is none that is possible. Lines that are no header are ignored. The empty line
// before a JPEG may be missing.
func (m *Reader) readHeader() (length int, err error) {
	length = -1
	for range maxHeader {
		line, isJPEG, err := m.peekLine()
		switch {
		case errors.Is(err, io.EOF):
			return -1, errTruncated
		case err != nil:
			return -1, err
		case isJPEG:
			m.pos += len(line)
			return length, nil
		case len(line) > maxLine-len(soi):
			return -1, fmt.Errorf("a part's header has a line of more than %d bytes", maxLine)
		}
		m.pos += len(line)
		text := bytes.TrimSpace(line)
		if len(text) == 0 {
			return length, nil
		}
		name, value, _ := bytes.Cut(text, []byte(":"))
		if bytes.EqualFold(bytes.TrimSpace(name), []byte("Content-Length")) {
			length = m.parseLength(bytes.TrimSpace(value))
		} else if found, last := m.isDelimiter(line); found {
			length = -1
			m.ended = m.ended || last
		}
	}
	return -1, fmt.Errorf("a part's header has more than %d lines", maxHeader)
}

// parseLength parses a Content-Length. It returns -1 for a length that no part has.
func (m *Reader) parseLength(text []byte) int {
	length := 0
	for _, c := range text {
		if c < '0' || c > '9' {
			return -1
		}
		if length = 10*length + int(c-'0'); length > m.limit {
			return -1
		}
	}
	if length == 0 {
		return -1
	}
	return length
}

// contentSize returns the size of the content at the start of the window, which is
// in the window then. The length is -1 if unknown. Bytes before a JPEG are
// consumed.
func (m *Reader) contentSize(length int) (int, error) {
	delimiter := delimiterSearch{m: m}
	searched := 0 // bytes in which no JPEG starts
	for last := false; ; last = !m.fill() {
		data := m.window()
		end, found := delimiter.next(data)
		if found {
			data = data[:end]
		}
		if bytes.HasPrefix(data, soi) {
			return m.jpegSize(length)
		}
		enough := len(data) >= len(soi) || found || last // to recognise a JPEG whose length is wrong
		if length >= 0 && len(data) >= length && enough {
			data = data[:length]
		}
		if i := bytes.Index(data[min(searched, len(data)):], soi); i >= 0 {
			start := searched + i
			m.pos += start
			if length >= 0 {
				length -= start
			}
			return m.jpegSize(length)
		}
		searched = max(searched, len(data)-len(soi)+1)
		switch {
		case length >= 0 && len(data) == length && enough:
			return length, nil
		case found:
			return len(trimLineEnd(data)), nil
		case len(data) > m.limit+maxLine:
			return 0, m.tooLong()
		case last:
			return 0, m.truncated()
		}
	}
}

// truncated returns the error of a stream that ends inside a part.
func (m *Reader) truncated() error {
	if errors.Is(m.err, io.EOF) {
		return errTruncated
	}
	return m.err
}

// jpegSize returns the size of the JPEG at the start of the window. It ends with
// EOI; a JPEG without EOI ends where the next delimiter or JPEG starts, or after
// the length if a delimiter follows there.
func (m *Reader) jpegSize(length int) (int, error) {
	delimiter := delimiterSearch{m: m}
	var scan jpegScan
	for last := false; ; last = !m.fill() {
		data := m.window()
		delimiterAt, found := delimiter.next(data)
		if found {
			data = data[:delimiterAt]
		}
		offset, outcome := scan.advance(data)
		switch {
		case outcome == scanEOI:
			return offset, nil
		case outcome == scanSOI:
			return m.beforeNext(data, offset), nil
		case found && length >= 0 && length <= len(data) && len(bytes.Trim(data[length:], "\r\n")) == 0:
			m.trustLength = true
			return length, nil
		case found:
			return len(trimLineEnd(data)), nil
		case length >= 0 && len(data) >= length:
			followed, known := m.followed(data[length:])
			if followed {
				m.trustLength = true
				return length, nil
			}
			if known {
				m.trustLength = false
				length = -1
			}
		}
		switch {
		case len(data) > m.limit+maxLine:
			return 0, m.tooLong()
		case last && length < 0 && scan.inScan && errors.Is(m.err, io.EOF):
			return len(data), nil // the response ends with its only or last JPEG
		case last:
			return 0, m.truncated()
		}
	}
}

// followed reports whether a part of known length is followed by what may follow a
// part: a delimiter, a header, or the end of the stream. It is not known if too
// little has arrived.
func (m *Reader) followed(rest []byte) (followed, known bool) {
	if m.trustLength {
		return true, true
	}
	rest = bytes.TrimLeft(rest, "\r\n")
	for _, start := range []string{"--", "Content-", string(m.declared)} {
		if start != "" && bytes.HasPrefix(rest, []byte(start)) {
			return true, true
		}
	}
	if m.err != nil {
		return len(rest) == 0, true
	}
	return false, len(rest) >= max(len("Content-"), len(m.declared))
}

// beforeNext returns the size of a JPEG without EOI before another one that starts
// at next: without the delimiter and header between them.
func (m *Reader) beforeNext(data []byte, next int) int {
	const tail = 1024 // above the size of usual headers
	start := max(len(soi), next-tail)
	for _, text := range []string{"--" + string(m.boundary) + "\r\n", "\nContent-"} {
		if i := bytes.Index(data[start:next], []byte(text)); i >= 0 {
			return len(trimLineEnd(data[:start+i]))
		}
	}
	return next
}

// delimiterSearch finds the first delimiter that is a line of a part's content.
type delimiterSearch struct {
	m     *Reader
	from  int  // no delimiter follows a line end before from
	begun bool // the content's first line is no delimiter
}

// next searches data, the content as far as it has arrived. It returns the offset
// of the delimiter's line.
func (s *delimiterSearch) next(data []byte) (offset int, found bool) {
	if len(s.m.boundary) == 0 {
		return 0, false
	}
	start := []byte("\n--")
	if s.m.undashed {
		start = start[:1]
	}
	for {
		at := 0
		if s.begun {
			i := bytes.Index(data[s.from:], start)
			if i < 0 {
				s.from = max(s.from, len(data)-len(start)+1)
				return 0, false
			}
			at = s.from + i + 1
		}
		line, _, complete := bytes.Cut(data[at:], []byte("\n"))
		if !complete && len(line) < maxLine && s.m.err == nil {
			return 0, false
		}
		line = bytes.TrimRight(line, " \t\r")
		if matches(line, s.m.boundary) && len(bytes.TrimLeft(line, "-")) <= len(s.m.boundary)+len("--") {
			return at, true
		}
		s.from, s.begun = at, true
	}
}

// trimLineEnd removes the last line end: it belongs to the delimiter.
func trimLineEnd(data []byte) []byte {
	return bytes.TrimSuffix(bytes.TrimSuffix(data, []byte("\n")), []byte("\r"))
}
