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

// Bounds on what is kept of the program's log.
const (
	keptLines = 4
	keptBytes = 240 // of a line
)

// log takes the program's stderr, and keeps its last lines and the size of
// the frames that it tells.
type log struct {
	mu            sync.Mutex
	line          []byte // the one that has not ended yet, up to keptBytes
	lines         []string
	width, height int           // of the frames; 0 before they are told
	told          chan struct{} // closed when they are
}

func newLog() *log { return &log{told: make(chan struct{})} }

// Write takes a piece of the log, which may begin and end anywhere.
func (l *log) Write(piece []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for rest := piece; len(rest) > 0; {
		text, after, whole := bytes.Cut(rest, []byte{'\n'})
		l.line = append(l.line, text[:min(len(text), keptBytes-len(l.line))]...)
		if whole {
			l.add(l.line)
			l.line = l.line[:0]
		}
		rest = after
	}
	return len(piece), nil
}

// add takes a whole line. The first size is that of all frames.
func (l *log) add(text []byte) {
	if width, height, ok := configured(readable(text)); ok && l.width == 0 {
		l.width, l.height = width, height
		close(l.told)
	}
	line := telling(text)
	if line == "" {
		return
	}
	if len(l.lines) == keptLines {
		l.lines = append(l.lines[:0], l.lines[1:]...)
	}
	l.lines = append(l.lines, line)
}

// Lines of libcamera begin with the time since the start and the thread, as
// "[2:13:45.034709435] [8493]  WARN RPI …". They say nothing to the user, and
// would make the same trouble look new each time.
var stamp = regexp.MustCompile(`^(\[[\d:.]+\]\s+)+`)

// ordinary are the lines of work that goes well: libcamera's, and those that
// the program has at its usual verbosity, one for each frame among them:
// "#12 (30.01 fps) exp 33000.00 ag 1.00 dg 1.00".
var ordinary = regexp.MustCompile(`^(INFO|DEBUG|#\d+|Mode selection for|Stream configuration adjusted|` +
	`Made .* preview|Preview window|Received signal|Halting)\b| - Score: `)

// telling is a line as it is kept, empty where it says nothing of trouble.
func telling(text []byte) string {
	line := stamp.ReplaceAllString(readable(text), "")
	if ordinary.MatchString(line) {
		return ""
	}
	return line
}

// readable is a line that can be shown on a terminal.
func readable(line []byte) string {
	return strings.TrimSpace(printable.Text(strings.ToValidUTF8(string(line), "")))
}

// size is that of the frames, 0 where it is not told yet.
func (l *log) size() (width, height int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.width, l.height
}

// streams is what libcamera says of the first stream when it begins, as
// "configuring streams: (0) 640x480-YUV420/sYCC (1) …".
var streams = regexp.MustCompile(`configuring streams: \(0\) (\d{1,5})x(\d{1,5})-`)

func configured(line string) (width, height int, ok bool) {
	m := streams.FindStringSubmatch(line)
	if m == nil {
		return 0, 0, false
	}
	width, _ = strconv.Atoi(m[1]) // five digits at most
	height, _ = strconv.Atoi(m[2])
	return width, height, true
}

// causes are parts of the messages of rpicam-vid and libcamera, and what they
// mean to the user.
var causes = []struct{ message, problem string }{
	{"no cameras available", "no camera module is there: check its cable, with the power off, and the line " +
		"camera_auto_detect=1 (or the module's dtoverlay) of /boot/firmware/config.txt"},
	{"in use by another process", "the camera is in use by another program: end that first"},
	{"failed to acquire camera", "the camera is in use by another program: end that first"},
	{"Device or resource busy", "the camera is in use by another program: end that first"},
	{"unrecognised option", "this version lacks an option that is needed: sudo apt full-upgrade"},
	{"frontend has timed out", "the camera's data do not come: check its cable, with the power off"},
	{"Permission denied", "no permission: sudo usermod -aG video $USER, then log in again"},
}

// explain gives what is wrong, empty where that is not known, and the lines
// that are kept.
func (l *log) explain() (problem, lines string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	kept := l.lines
	if last := telling(l.line); last != "" {
		kept = append(kept[:len(kept):len(kept)], last)
	}
	lines = strings.Join(kept, " | ")
	for _, c := range causes {
		if strings.Contains(lines, c.message) {
			return c.problem, lines
		}
	}
	return "", lines
}
