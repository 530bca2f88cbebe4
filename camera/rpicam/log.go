//go:build unix

package rpicam

import (
	"bytes"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"halfmeg/internal/printable"
)

// Bounds on the part of the program's log that is kept.
const (
	maxLines     = 4
	maxLineBytes = 240
)

// programLog receives the program's stderr. It keeps the last lines that report
// problems, and the size of the frames.
type programLog struct {
	mu            sync.Mutex
	line          []byte // the incomplete last line, up to maxLineBytes
	lines         []string
	width, height int           // of the frames; 0 until logged
	sized         chan struct{} // closed when width and height are set
}

func newLog() *programLog { return &programLog{sized: make(chan struct{})} }

// Write adds to the log. A piece may start and end within a line.
func (l *programLog) Write(piece []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for rest := piece; len(rest) > 0; {
		text, after, complete := bytes.Cut(rest, []byte{'\n'})
		l.line = append(l.line, text[:min(len(text), maxLineBytes-len(l.line))]...)
		if complete {
			l.add(l.line)
			l.line = l.line[:0]
		}
		rest = after
	}
	return len(piece), nil
}

// add adds a complete line. The first size logged is that of all frames.
func (l *programLog) add(text []byte) {
	if width, height, ok := parseSize(cleanLine(text)); ok && l.width == 0 {
		l.width, l.height = width, height
		close(l.sized)
	}
	line := problemLine(text)
	if line == "" {
		return
	}
	if len(l.lines) == maxLines {
		l.lines = append(l.lines[:0], l.lines[1:]...)
	}
	l.lines = append(l.lines, line)
}

// timestamp matches the start of libcamera's lines, the uptime and the thread id:
// "[2:13:45.034709435] [8493]  WARN RPI …". It is removed because it does not help
// the user and would make a repeated error look like a new one.
var timestamp = regexp.MustCompile(`^(\[[\d:.]+\]\s+)+`)

// routine matches lines that report no problem: libcamera's, and what the program
// logs by default, including a line per frame:
// "#12 (30.01 fps) exp 33000.00 ag 1.00 dg 1.00".
var routine = regexp.MustCompile(`^(INFO|DEBUG|#\d+|Mode selection for|Stream configuration adjusted|` +
	`Made .* preview|Preview window|Received signal|Halting)\b| - Score: `)

// problemLine returns a line without its timestamp, or "" if it reports no
// problem.
func problemLine(text []byte) string {
	line := timestamp.ReplaceAllString(cleanLine(text), "")
	if routine.MatchString(line) {
		return ""
	}
	return line
}

// cleanLine makes a line safe to print.
func cleanLine(line []byte) string {
	return strings.TrimSpace(printable.Text(strings.ToValidUTF8(string(line), "")))
}

// size returns the size of the frames, or 0, 0 if it is not logged yet.
func (l *programLog) size() (width, height int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.width, l.height
}

// firstStream matches libcamera's line about the streams' configuration:
// "configuring streams: (0) 640x480-YUV420/sYCC (1) …".
var firstStream = regexp.MustCompile(`configuring streams: \(0\) (\d{1,5})x(\d{1,5})-`)

func parseSize(line string) (width, height int, ok bool) {
	m := firstStream.FindStringSubmatch(line)
	if m == nil {
		return 0, 0, false
	}
	width, _ = strconv.Atoi(m[1]) // at most five digits
	height, _ = strconv.Atoi(m[2])
	return width, height, true
}

// knownProblems maps parts of the messages of rpicam-vid and libcamera to what is
// wrong and what to do.
var knownProblems = []struct{ message, problem string }{
	{"no cameras available", "no camera module is there: check its cable, with the power off, and the line " +
		"camera_auto_detect=1 (or the module's dtoverlay) of /boot/firmware/config.txt"},
	{"in use by another process", "the camera is in use by another program: stop it first"},
	{"failed to acquire camera", "the camera is in use by another program: stop it first"},
	{"Device or resource busy", "the camera is in use by another program: stop it first"},
	{"unrecognised option", "this version lacks a required option: sudo apt full-upgrade"},
	{"frontend has timed out", "no data from the camera: check its cable, with the power off"},
	{"Permission denied", "no permission: sudo usermod -aG video $USER, then log in again"},
}

// explain returns what is wrong, or "" if the log has no known message, and the
// lines kept.
func (l *programLog) explain() (problem, lines string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	kept := l.lines
	if last := problemLine(l.line); last != "" {
		kept = append(kept[:len(kept):len(kept)], last)
	}
	lines = strings.Join(kept, " | ")
	for _, k := range knownProblems {
		if strings.Contains(lines, k.message) {
			return k.problem, lines
		}
	}
	return "", lines
}
