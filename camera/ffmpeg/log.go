//go:build unix

package ffmpeg

import (
	"errors"
	"regexp"
	"strings"
	"sync"

	"halfmeg/camera/internal/deviceerr"
	"halfmeg/camera/internal/program"
	"halfmeg/camera/pixel"
)

// programLog is ffmpeg's log, which describes the video.
type programLog struct {
	*program.Log
	redact func(line string) string

	mu        sync.Mutex
	codec     string // such as h264; empty until logged
	matrix    pixel.Matrix
	described chan struct{} // closed when codec and matrix are set
}

// newLog returns a log whose lines may be printed once redact has changed them.
func newLog(causes []program.Cause, redact func(line string) string) *programLog {
	l := &programLog{redact: redact, described: make(chan struct{})}
	l.Log = program.NewLog(causes, l.problem)
	return l
}

func (a *address) newLog() *programLog { return newLog(causes(a), a.redact) }

// prefix matches what ffmpeg writes before a message: "[rtsp @ 0x55ca8c7f0440] [error] ".
var prefix = regexp.MustCompile(`^(?:\[[^\]]* @ [^\]]*\] )?\[(\w+)\] *`)

// routine matches messages that say nothing beyond the others.
var routine = regexp.MustCompile(`^Impossible to open |^Error opening input files?\b|deprecated pixel format used`)

// notOpened is how ffmpeg 6.1 and later starts the message about an input that it
// could not open. In earlier versions the input's name stands there.
const notOpened = "Error opening input: "

// errDecoding marks causes in which the decoder may have a part.
var errDecoding = errors.New("cannot be decoded")

// input matches the description of the video: "Stream #0:0: Video: h264 (High),
// yuv420p(tv, bt709, progressive), 1920x1080, 25 fps, …".
var input = regexp.MustCompile(`Stream #0:\d+\S*: Video: (\w+)[^,]*(?:\([^)]*\)[^,]*)?, \w+(?:\((?:\w+, )?(\w+))?`)

// problem returns a message without its prefix, or "" if it reports no problem.
func (l *programLog) problem(line string) string {
	level, message := splitLine(line)
	if level == "info" {
		l.describe(message)
		return ""
	}
	if routine.MatchString(message) {
		return ""
	}
	if about, ok := strings.CutPrefix(message, "pipe:0: "); ok { // the script
		if codec, _ := l.video(); codec == "" {
			about = notOpened + about
		}
		message = about
	}
	return l.redact(message)
}

// splitLine splits a line into level, which may be empty, and message.
func splitLine(line string) (level, message string) {
	if m := prefix.FindStringSubmatch(line); m != nil {
		return m[1], line[len(m[0]):]
	}
	return "", line
}

// describe takes the description of the video that a line has. The first is that of
// the input.
func (l *programLog) describe(line string) {
	m := input.FindStringSubmatch(line)
	if m == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.codec != "" {
		return
	}
	l.codec = m[1]
	if m[2] == "bt709" {
		l.matrix = pixel.BT709
	}
	close(l.described)
}

// video returns the codec, which is empty if it is not logged yet, and the matrix.
func (l *programLog) video() (codec string, matrix pixel.Matrix) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.codec, l.matrix
}

// causes are known causes, the likeliest first. Those that another attempt cannot
// mend are permanent.
func causes(a *address) []program.Cause {
	password := "the camera asks for a password: put name and password into the address, as rtsp://name:password@camera.local/stream"
	if a.user {
		password = "the camera rejects the name or the password of the address"
	}
	const (
		old    = "this version of ffmpeg is too old: 5.1 or later is needed, sudo apt full-upgrade"
		absent = "nothing answers at this address: check that the camera is on and in this network"
	)
	permanent := deviceerr.ErrPermanent
	return []program.Cause{
		{Message: "Unrecognized option", Problem: old, Err: permanent},
		{Message: "unknown keyword", Problem: old, Err: permanent},
		{Message: "401 Unauthorized", Problem: password, Err: permanent},
		{Message: "403 Forbidden", Problem: "the camera does not let this user or this machine see the stream", Err: permanent},
		{Message: "404 Not Found", Problem: "the camera has no stream at this path: look it up in the camera's manual", Err: permanent},
		{Message: "404 Stream Not Found", Problem: "the camera has no stream at this path: look it up in the camera's manual", Err: permanent},
		{Message: "461 Unsupported", Problem: "the camera does not send its stream over TCP", Err: permanent},
		{Message: "453 Not Enough", Problem: "the camera serves no more viewers: close other programs that show it"},
		{Message: "503 Service", Problem: "the camera serves no more viewers: close other programs that show it"},
		{Message: "Connection refused", Problem: "the camera refuses the connection: check that it is on, that RTSP is enabled in its settings, and the port (usually 554)"},
		{Message: "Failed to resolve", Problem: "no machine has this name: check that the camera is on, or use its address in numbers"},
		{Message: "No route to host", Problem: absent},
		{Message: "Network is unreachable", Problem: "this machine has no connection to the camera's network"},
		{Message: "Connection timed out", Problem: absent},
		{Message: "Protocol not found", Problem: "this ffmpeg is built without the protocol of the address: sudo apt install ffmpeg", Err: permanent},
		{Message: "on whitelist", Problem: "the stream refers to an address of another kind", Err: permanent},
		{Message: "matches no streams", Problem: "the stream has no video", Err: permanent},
		{Message: "Decoder not found", Problem: "this ffmpeg has no decoder for the camera's video: choose H.264 in the camera's settings", Err: errors.Join(permanent, errDecoding)},
		{Message: "Decoder (codec", Problem: "this ffmpeg has no decoder for the camera's video: choose H.264 in the camera's settings", Err: errors.Join(permanent, errDecoding)},
		{Message: "Could not find codec parameters", Problem: "the stream has no whole picture yet", Err: errDecoding},
		{Message: notOpened + "Invalid data found when processing input", Problem: "what answers at this address sends no video that ffmpeg knows: check the port and the path"},
	}
}
