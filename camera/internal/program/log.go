// Package program runs an external program that reads a camera. The program is stopped
// when this process ends, and its log is searched for known causes of failures.
package program

import (
	"bytes"
	"strings"
	"sync"

	"halfmeg/internal/printable"
)

// Limits of the kept part of a log.
const (
	MaxLines     = 4
	MaxLineBytes = 240
)

// maxReadBytes limits the part of a line that is searched.
const maxReadBytes = 4096

// Cause is a known problem that a message in the log identifies.
type Cause struct {
	Message string // part of the log message
	Problem string // what is wrong and what to do
	Err     error  // may be nil
}

// Log reads a program's stderr and keeps the last lines that report problems.
type Log struct {
	problem func(line string) string
	causes  []Cause

	mu     sync.Mutex
	line   []byte // the incomplete last line, up to maxReadBytes
	lines  []string
	likely int // index of the likeliest cause so far, even if its line is no longer kept
}

// NewLog returns a log. Problem is called with each line and returns the part to keep,
// or "" if the line reports no problem. Causes are ordered by likelihood, the likeliest
// first.
func NewLog(causes []Cause, problem func(line string) string) *Log {
	return &Log{problem: problem, causes: causes, likely: len(causes)}
}

// Write implements io.Writer. A piece may start and end within a line.
func (l *Log) Write(piece []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for rest := piece; len(rest) > 0; {
		text, after, complete := bytes.Cut(rest, []byte{'\n'})
		l.line = append(l.line, text[:min(len(text), maxReadBytes-len(l.line))]...)
		if complete {
			l.add(l.line)
			l.line = l.line[:0]
		}
		rest = after
	}
	return len(piece), nil
}

func (l *Log) add(text []byte) {
	line := l.problem(clean(text))
	if line == "" {
		return
	}
	l.likely = min(l.likely, l.findCause(line))
	if len(l.lines) == MaxLines {
		l.lines = append(l.lines[:0], l.lines[1:]...)
	}
	l.lines = append(l.lines, shorten(line))
}

// clean makes a line safe to print.
func clean(line []byte) string {
	return strings.TrimSpace(printable.Text(strings.ToValidUTF8(string(line), "")))
}

// shorten cuts a line to MaxLineBytes.
func shorten(line string) string {
	return strings.ToValidUTF8(line[:min(len(line), MaxLineBytes)], "")
}

// CleanLine makes a line safe to print and cuts it to MaxLineBytes.
func CleanLine(line []byte) string { return shorten(clean(line)) }

// findCause returns the index of the likeliest cause in a line, or len(l.causes) if
// there is none.
func (l *Log) findCause(line string) int {
	for i, c := range l.causes {
		if strings.Contains(line, c.Message) {
			return i
		}
	}
	return len(l.causes)
}

// Forget discards the causes found so far, because frames arrive despite them.
func (l *Log) Forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.likely = len(l.causes)
}

// Explain returns the likeliest cause and the kept lines. The cause is zero if the log
// contains no known message.
func (l *Log) Explain() (c Cause, lines string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	kept, likely := l.lines, l.likely
	if last := l.problem(clean(l.line)); last != "" {
		kept = append(kept[:len(kept):len(kept)], shorten(last))
		likely = min(likely, l.findCause(last))
	}
	if likely < len(l.causes) {
		c = l.causes[likely]
	}
	return c, strings.Join(kept, " | ")
}
