//go:build unix

package ffmpeg

import (
	"errors"
	"strings"
	"sync"

	"halfmeg/camera/internal/deviceerr"
	"halfmeg/camera/internal/program"
	"halfmeg/camera/pixel"
	"halfmeg/internal/lazyregexp"
)

// programLog is ffmpeg's log. It also contains the description of the video.
type programLog struct {
	*program.Log
	redact func(line string) string

	mu        sync.Mutex
	codec     string // such as h264; empty until logged
	matrix    pixel.Matrix
	described chan struct{} // closed when codec and matrix are set
}

// newLog returns a log. Redact makes a line safe to print.
func newLog(causes []program.Cause, redact func(line string) string) *programLog {
	l := &programLog{redact: redact, described: make(chan struct{})}
	l.Log = program.NewLog(causes, l.problem)
	return l
}

func (a *address) newLog() *programLog { return newLog(causes(a), a.redact) }

// prefix matches ffmpeg's prefix of a message: "[rtsp @ 0x55ca8c7f0440] [error] ".
var prefix = lazyregexp.New(`^(?:\[[^\]]* @ [^\]]*\] )?\[(\w+)\] *`)

// redundant matches messages that only repeat others.
var redundant = lazyregexp.New(`^Impossible to open |^Error opening input files?\b|deprecated pixel format used`)

// openError starts the message about an input that could not be opened, in ffmpeg 6.1
// and later. Earlier versions write the input's name instead.
const openError = "Error opening input: "

// errDecoding marks causes for which the decoder may be responsible.
var errDecoding = errors.New("cannot be decoded")

// videoStream matches the description of a video stream: "Stream #0:0: Video: h264 (High),
// yuv420p(tv, bt709, progressive), 1920x1080, 25 fps, …".
var videoStream = lazyregexp.New(`Stream #0:\d+\S*: Video: (\w+)[^,]*(?:\([^)]*\)[^,]*)?, \w+(?:\((?:\w+, )?(\w+))?`)

// problem returns a message without its prefix, or "" if it reports no problem.
func (l *programLog) problem(line string) string {
	level, message := splitLine(line)
	if level == "info" {
		l.parseVideo(message)
		return ""
	}
	if redundant().MatchString(message) {
		return ""
	}
	if rest, ok := strings.CutPrefix(message, "pipe:0: "); ok { // the script's name
		if codec, _ := l.video(); codec == "" {
			rest = openError + rest
		}
		message = rest
	}
	return l.redact(message)
}

// splitLine splits a line into level and message. The level may be empty.
func splitLine(line string) (level, message string) {
	if m := prefix().FindStringSubmatch(line); m != nil {
		return m[1], line[len(m[0]):]
	}
	return "", line
}

// parseVideo sets codec and matrix from a line that describes a video stream. The first
// such line describes the input, later ones the output.
func (l *programLog) parseVideo(line string) {
	m := videoStream().FindStringSubmatch(line)
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

// video returns codec and matrix. The codec is empty until it is logged.
func (l *programLog) video() (codec string, matrix pixel.Matrix) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.codec, l.matrix
}

// causes returns the known causes, the likeliest first. Causes that another attempt
// cannot fix are permanent.
func causes(a *address) []program.Cause {
	password := "the camera requires a password: put name and password into the address, such as rtsp://name:password@camera.local/stream"
	if a.hasUser {
		password = "the camera rejects the name or the password of the address"
	}
	const (
		tooOld     = "this version of ffmpeg is too old: 5.1 or later is needed, sudo apt full-upgrade"
		noResponse = "nothing answers at this address: check that the camera is on and in this network"
	)
	permanent := deviceerr.ErrPermanent
	return []program.Cause{
		{Message: "Unrecognized option", Problem: tooOld, Err: permanent},
		{Message: "unknown keyword", Problem: tooOld, Err: permanent},
		{Message: "401 Unauthorized", Problem: password, Err: permanent},
		{Message: "403 Forbidden", Problem: "the camera does not let this user or this machine see the stream", Err: permanent},
		{Message: "404 Not Found", Problem: "the camera has no stream at this path: look it up in the camera's manual", Err: permanent},
		{Message: "404 Stream Not Found", Problem: "the camera has no stream at this path: look it up in the camera's manual", Err: permanent},
		{Message: "461 Unsupported", Problem: "the camera does not send its stream over TCP", Err: permanent},
		{Message: "453 Not Enough", Problem: "the camera accepts no more viewers: close other programs that show it"},
		{Message: "503 Service", Problem: "the camera accepts no more viewers: close other programs that show it"},
		{Message: "Connection refused", Problem: "the camera refuses the connection: check that it is on, that RTSP is enabled in its settings, and the port (usually 554)"},
		{Message: "Failed to resolve", Problem: "no machine has this name: check that the camera is on, or use its IP address"},
		{Message: "No route to host", Problem: noResponse},
		{Message: "Network is unreachable", Problem: "this machine has no connection to the camera's network"},
		{Message: "Connection timed out", Problem: noResponse},
		{Message: "Protocol not found", Problem: "this ffmpeg is built without the protocol of the address: sudo apt install ffmpeg", Err: permanent},
		{Message: "on whitelist", Problem: "the stream refers to an address whose protocol is not allowed", Err: permanent},
		{Message: "matches no streams", Problem: "the stream has no video", Err: permanent},
		{Message: "Decoder not found", Problem: "this ffmpeg has no decoder for the camera's video: choose H.264 in the camera's settings", Err: errors.Join(permanent, errDecoding)},
		{Message: "Decoder (codec", Problem: "this ffmpeg has no decoder for the camera's video: choose H.264 in the camera's settings", Err: errors.Join(permanent, errDecoding)},
		{Message: "Could not find codec parameters", Problem: "the stream has no complete picture yet", Err: errDecoding},
		{Message: openError + "Invalid data found when processing input", Problem: "the server at this address sends no video that ffmpeg recognizes: check the port and the path"},
	}
}
