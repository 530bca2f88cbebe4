//go:build unix

package rpicam

import (
	"bytes"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"halfmeg/camera/internal/deviceerr"
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
	cause         int           // index in causes of the likeliest one logged, even in a line no longer kept
	width, height int           // of the frames; 0 until logged
	sized         chan struct{} // closed when width and height are set
}

func newLog() *programLog { return &programLog{sized: make(chan struct{}), cause: len(causes)} }

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
	l.cause = min(l.cause, findCause(line))
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

// cause is a problem and what to do about it, recognised by a part of a message of
// rpicam-vid or libcamera.
type cause struct {
	message, problem string
	err              error // may be nil
}

const (
	permissionProblem = "no permission: sudo usermod -aG video $USER, then log in again"
	busyProblem       = "the camera is in use by another program: stop it first"
)

// causes are known causes, the likeliest first. A program without permission, or one
// that waits for a camera without data, also logs consequential errors: the last two
// count only if nothing else is logged. With two cameras, a busy control of the
// other one is harmless.
var causes = []cause{
	{"unrecognised option", "this version lacks a required option: sudo apt full-upgrade", nil},
	{"dma-buf", "no permission for /dev/dma_heap: sudo usermod -aG video $USER, then log in again", nil},
	{"dmaHeap", "no permission for /dev/dma_heap: sudo usermod -aG video $USER, then log in again", nil},
	{"dma_heap", "no permission for /dev/dma_heap: sudo usermod -aG video $USER, then log in again", nil},
	{"Permission denied", permissionProblem, nil},
	{"Operation not permitted", permissionProblem, nil},
	{"in use by another process", busyProblem, nil},
	{"failed to acquire camera", busyProblem, nil},
	{"rontend has timed out", "no data from the camera: check its cable, with the power off", nil}, // "Frontend" in some versions
	{"Dequeue timer", "no data from the camera: check its cable, with the power off", nil},
	{"Device or resource busy", busyProblem, nil},
	{"no cameras available", "no camera module found: check its cable, with the power off, and the line " +
		"camera_auto_detect=1 (or the module's dtoverlay) of /boot/firmware/config.txt; or the user may not open it (try with sudo)", deviceerr.ErrAbsent},
}

// findCause returns the index in causes of the likeliest one that a line has, or
// len(causes).
func findCause(line string) int {
	for i, c := range causes {
		if strings.Contains(line, c.message) {
			return i
		}
	}
	return len(causes)
}

// forget discards the causes logged so far: frames arrive despite them.
func (l *programLog) forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cause = len(causes)
}

// explain returns the likeliest cause, which is zero if the log has no known message,
// and the lines kept.
func (l *programLog) explain() (c cause, lines string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	kept, likeliest := l.lines, l.cause
	if last := problemLine(l.line); last != "" {
		kept = append(kept[:len(kept):len(kept)], last)
		likeliest = min(likeliest, findCause(last))
	}
	if likeliest < len(causes) {
		c = causes[likeliest]
	}
	return c, strings.Join(kept, " | ")
}
