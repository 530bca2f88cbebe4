//go:build unix

package rpicam

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"

	"halfmeg/camera/internal/deviceerr"
	"halfmeg/camera/internal/program"
)

// programs are the names of the program, the current one first.
var programs = []string{"rpicam-vid", "libcamera-vid"}

// Find returns the path of the program.
func Find() (string, error) {
	for _, name := range programs {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", deviceerr.New(programs[0], "neither it nor "+programs[1]+" is in PATH: "+
		"on a Raspberry Pi, sudo apt install rpicam-apps", deviceerr.ErrPermanent)
}

// process is the running program.
type process struct {
	*program.Process
	log *programLog
}

// start starts a program that writes to stdout.
func start(path string, args []string, stdout *os.File) (*process, error) {
	log := newLog()
	command := exec.Command(path, args...)
	command.Stdout = stdout
	command.Env = environment()
	p, err := program.Start(command, "", log.Log)
	if err != nil {
		return nil, err
	}
	return &process{p, log}, nil
}

// environment has libcamera log to stderr at level INFO without colours, whatever
// the user's environment says: the log contains the frames' size.
func environment() []string {
	others := slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "LIBCAMERA_LOG_") })
	return append(others, "LIBCAMERA_LOG_LEVELS=*:INFO", "LIBCAMERA_LOG_NO_COLOR=1")
}

// failure returns why a process stopped sending frames. received is the number of
// bytes of the last, incomplete frame, of size bytes.
func (p *process) failure(received, size int) error {
	where := ""
	if received > 0 {
		where = fmt.Sprintf("in the middle of a frame (%d of %d bytes)", received, size)
	}
	return p.Failure("exited unexpectedly", where)
}
