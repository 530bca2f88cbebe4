//go:build unix

package rpicam

import (
	"strconv"
	"sync"

	"halfmeg/camera/internal/deviceerr"
	"halfmeg/camera/internal/program"
	"halfmeg/internal/lazyregexp"
)

// programLog is the program's log, which has the size of the frames.
type programLog struct {
	*program.Log

	mu            sync.Mutex
	width, height int           // of the frames; 0 until logged
	sized         chan struct{} // closed when width and height are set
}

func newLog() *programLog {
	l := &programLog{sized: make(chan struct{})}
	l.Log = program.NewLog(causes, func(line string) string {
		l.findSize(line)
		return problemLine(line)
	})
	return l
}

// findSize takes the size that a line has. The first size logged is that of all
// frames.
func (l *programLog) findSize(line string) {
	width, height, ok := parseSize(line)
	l.mu.Lock()
	defer l.mu.Unlock()
	if ok && l.width == 0 {
		l.width, l.height = width, height
		close(l.sized)
	}
}

// timestamp matches the start of libcamera's lines, the uptime and the thread id:
// "[2:13:45.034709435] [8493]  WARN RPI …". It is removed because it does not help
// the user and would make a repeated error look like a new one.
var timestamp = lazyregexp.New(`^(\[[\d:.]+\]\s+)+`)

// routine matches lines that report no problem: libcamera's, and what the program
// logs by default, including a line per frame:
// "#12 (30.01 fps) exp 33000.00 ag 1.00 dg 1.00".
var routine = lazyregexp.New(`^(INFO|DEBUG|#\d+|Mode selection for|Stream configuration adjusted|` +
	`Made .* preview|Preview window|Received signal|Halting)\b| - Score: `)

// problemLine returns a line without its timestamp, or "" if it reports no
// problem.
func problemLine(line string) string {
	line = timestamp().ReplaceAllString(line, "")
	if routine().MatchString(line) {
		return ""
	}
	return line
}

// size returns the size of the frames, or 0, 0 if it is not logged yet.
func (l *programLog) size() (width, height int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.width, l.height
}

// firstStream matches libcamera's line about the streams' configuration:
// "configuring streams: (0) 640x480-YUV420/sYCC (1) …".
var firstStream = lazyregexp.New(`configuring streams: \(0\) (\d{1,5})x(\d{1,5})-`)

func parseSize(line string) (width, height int, ok bool) {
	m := firstStream().FindStringSubmatch(line)
	if m == nil {
		return 0, 0, false
	}
	width, _ = strconv.Atoi(m[1]) // at most five digits
	height, _ = strconv.Atoi(m[2])
	return width, height, true
}

const (
	permissionProblem = "no permission: sudo usermod -aG video $USER, then log in again"
	busyProblem       = "the camera is in use by another program: stop it first"
)

// causes are known causes, the likeliest first. A program without permission, or one
// that waits for a camera without data, also logs consequential errors: the last two
// count only if nothing else is logged. With two cameras, a busy control of the
// other one is harmless.
var causes = []program.Cause{
	{Message: "unrecognised option", Problem: "this version lacks a required option: sudo apt full-upgrade"},
	{Message: "dma-buf", Problem: "no permission for /dev/dma_heap: sudo usermod -aG video $USER, then log in again"},
	{Message: "dmaHeap", Problem: "no permission for /dev/dma_heap: sudo usermod -aG video $USER, then log in again"},
	{Message: "dma_heap", Problem: "no permission for /dev/dma_heap: sudo usermod -aG video $USER, then log in again"},
	{Message: "Permission denied", Problem: permissionProblem},
	{Message: "Operation not permitted", Problem: permissionProblem},
	{Message: "in use by another process", Problem: busyProblem},
	{Message: "failed to acquire camera", Problem: busyProblem},
	{Message: "rontend has timed out", Problem: "no data from the camera: check its cable, with the power off"}, // "Frontend" in some versions
	{Message: "Dequeue timer", Problem: "no data from the camera: check its cable, with the power off"},
	{Message: "Device or resource busy", Problem: busyProblem},
	{Message: "no cameras available", Problem: "no camera module found: check its cable, with the power off, and the line " +
		"camera_auto_detect=1 (or the module's dtoverlay) of /boot/firmware/config.txt; or the user may not open it (try with sudo)", Err: deviceerr.ErrAbsent},
}
