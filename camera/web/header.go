package web

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
)

const (
	// maxHeader bounds the header of a response, in bytes. Cameras send less than
	// 1 KiB; the default of net/http, 10 MiB, is much on a small board.
	maxHeader = 64 << 10

	// maxChunkLine bounds the line before a chunk of a body (RFC 9112, 7.1).
	maxChunkLine = 128
)

// errNoResponse is the error of a server that accepts a connection and closes it:
// a camera without free sockets, or one that has no picture yet.
var errNoResponse = errors.New("the server closed the connection without a response")

// lenientConn is a connection whose peer's response headers are repaired before
// net/http reads them. Net/http rejects a response for one malformed line; cameras
// send lines without name or colon, negative lengths, status lines of other
// protocols, and content without any header.
type lenientConn struct {
	net.Conn
	r      *bufio.Reader
	header bytes.Buffer // repaired, to be read before what follows in r
	inBody bool
}

func newLenientConn(c net.Conn) *lenientConn {
	return &lenientConn{Conn: c, r: bufio.NewReaderSize(c, maxHeader)}
}

// Read returns repaired headers up to that of the response, and then what follows
// as it is.
func (c *lenientConn) Read(p []byte) (int, error) {
	for c.header.Len() == 0 {
		if c.inBody {
			return c.r.Read(p)
		}
		informational, err := repairHeader(c.r, &c.header)
		if err != nil {
			return 0, err
		}
		c.inBody = !informational
	}
	return c.header.Read(p)
}

// repairHeader reads the header of a response and writes it so that net/http
// accepts it. It reports whether another header follows, because the response is
// informational (RFC 9110, 15.2).
func repairHeader(r *bufio.Reader, w *bytes.Buffer) (informational bool, err error) {
	head, err := r.Peek(1)
	if err != nil {
		if errors.Is(err, io.EOF) {
			err = errNoResponse
		}
		return false, err
	}
	if head[0] == 0xff || head[0] == '-' { // a JPEG or a delimiter: content without a header
		w.WriteString("HTTP/1.1 200 OK\r\n\r\n")
		return false, nil
	}
	size := 0
	line, err := headerLine(r, &size)
	if err != nil {
		return false, err
	}
	status, ok := parseStatus(line)
	if !ok {
		return false, fmt.Errorf("%w: its response starts with %.40q", errNotHTTP, line)
	}
	var h repairedHeader
	for {
		line, err := headerLine(r, &size)
		if err != nil {
			return false, err
		}
		if line == "" {
			break
		}
		h.add(line)
	}
	h.write(r, w, status)
	return status < 200 && status != 101, nil
}

// errNotHTTP means that a server speaks another protocol.
var errNotHTTP = permanent{errors.New("the server does not speak HTTP")}

// headerLine reads a line without its end. A header that ends with the stream is
// complete.
func headerLine(r *bufio.Reader, size *int) (string, error) {
	line, err := r.ReadSlice('\n')
	*size += len(line)
	switch {
	case *size > maxHeader || errors.Is(err, bufio.ErrBufferFull):
		return "", fmt.Errorf("the response's header has more than %d bytes", maxHeader)
	case err != nil && !errors.Is(err, io.EOF):
		return "", err
	}
	return strings.TrimRight(string(line), " \t\r\n\x00"), nil
}

// parseStatus returns the status code of a line such as "HTTP/1.1 200 OK" or "ICY
// 200 OK".
func parseStatus(line string) (int, bool) {
	protocol, rest, _ := strings.Cut(line, " ")
	if !strings.HasPrefix(protocol, "HTTP") && protocol != "ICY" {
		return 0, false
	}
	rest = strings.TrimLeft(rest, " ")
	if len(rest) < 3 {
		return 0, false
	}
	status, err := strconv.Atoi(rest[:3])
	return status, err == nil && status >= 100 && status <= 599
}

// repairedHeader collects the lines of a header that net/http accepts.
type repairedHeader struct {
	lines     []string
	length    string // Content-Length, empty if absent or not credible
	multipart bool
	chunked   bool
}

// add adds a line. Lines without a name, and continuation lines (obsolete since RFC
// 7230), are dropped.
func (h *repairedHeader) add(line string) {
	name, value, found := strings.Cut(line, ":")
	name = strings.TrimRight(name, " \t")
	value = strings.TrimSpace(value)
	if !found || !isToken(name) || strings.ContainsFunc(value, isControl) {
		return
	}
	switch strings.ToLower(name) {
	case "content-length":
		if n, err := strconv.ParseUint(value, 10, 62); err == nil && n > 0 {
			h.length = value
		}
		return
	case "transfer-encoding":
		h.chunked = h.chunked || strings.EqualFold(value, "chunked")
		return
	case "content-type":
		h.multipart = h.multipart || isMultipart(value)
	}
	h.lines = append(h.lines, name+": "+value)
}

// isToken reports whether text is the name of a header field (RFC 9110, 5.6.2).
func isToken(text string) bool {
	const characters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-.^_`|~"
	unknown := func(c rune) bool { return !strings.ContainsRune(characters, c) }
	return text != "" && !strings.ContainsFunc(text, unknown)
}

func isControl(c rune) bool { return c < ' ' && c != '\t' || c == 0x7f }

// write writes the header. The length of a multipart stream is dropped: a stream
// has none, and some servers send that of the first part. The encoding "chunked" is
// dropped if no chunk follows.
func (h *repairedHeader) write(r *bufio.Reader, w *bytes.Buffer, status int) {
	fmt.Fprintf(w, "HTTP/1.1 %d %s\r\n", status, "-")
	for _, line := range h.lines {
		w.WriteString(line + "\r\n")
	}
	hasBody := status >= 200 && status != 204 && status != 304
	switch {
	case hasBody && h.chunked && chunkFollows(r):
		w.WriteString("Transfer-Encoding: chunked\r\n")
	case h.length != "" && hasBody && !h.multipart:
		w.WriteString("Content-Length: " + h.length + "\r\n")
	}
	w.WriteString("\r\n")
}

// chunkFollows reports whether the next line is the size of a chunk.
func chunkFollows(r *bufio.Reader) bool {
	for n := 1; n <= maxChunkLine; n++ {
		text, err := r.Peek(n)
		if err != nil {
			return false
		}
		switch c := text[n-1]; {
		case c == '\r' || c == '\n' || c == ';' || c == ' ':
			return n > 1
		case bytes.IndexByte([]byte("0123456789abcdefABCDEF"), c) < 0:
			return false
		}
	}
	return false
}

// isMultipart reports whether a content type is multipart/x-mixed-replace or
// another multipart type.
func isMultipart(contentType string) bool {
	const prefix = "multipart/"
	contentType = strings.TrimSpace(contentType)
	return len(contentType) >= len(prefix) && strings.EqualFold(contentType[:len(prefix)], prefix)
}
