//go:build unix

package rpicam

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"halfmeg/camera/internal/deviceerr"
)

// programs are the names that the program has, the newer first.
var programs = []string{"rpicam-vid", "libcamera-vid"}

// Find gives the path of the program.
func Find() (string, error) {
	for _, name := range programs {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", deviceerr.New(programs[0], "neither it nor "+programs[1]+" is in PATH: "+
		"on a Raspberry Pi, sudo apt install rpicam-apps", deviceerr.ErrWish)
}

// grace is how long a process may take to end by itself, and then when it is
// asked to.
const grace = time.Second

// process is a program that runs, in a group of its own with what it starts.
type process struct {
	name string
	pid  int
	log  *log
	done chan struct{} // closed when the process has ended and is no zombie
	err  error         // how it ended; to be read when done is closed
}

// start runs a program whose output goes to stdout.
func start(path string, args []string, stdout *os.File) (*process, error) {
	p := &process{name: filepath.Base(path), log: newLog(), done: make(chan struct{})}
	command := exec.Command(path, args...)
	command.Stdout, command.Stderr = stdout, p.log
	command.Env = environment()
	command.WaitDelay = grace // for what it has started and left may keep stderr open
	command.SysProcAttr = attributes()
	started := make(chan error)
	go p.keep(command, started)
	if err := <-started; err != nil {
		return nil, deviceerr.New(p.name, fmt.Sprintf("cannot be started: %v", err), err)
	}
	return p, nil
}

// environment has libcamera write its log to stderr, with what it tells of its
// ordinary work and without colours, whatever the user's environment says.
func environment() []string {
	others := slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "LIBCAMERA_LOG_") })
	return append(others, "LIBCAMERA_LOG_LEVELS=*:INFO", "LIBCAMERA_LOG_NO_COLOR=1")
}

// keep starts the process and stays until it has ended. On Linux the process
// dies with the thread that has started it, so that it dies with us whatever
// becomes of us; therefore this goroutine keeps its thread as long as that.
func (p *process) keep(command *exec.Cmd, started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := command.Start(); err != nil {
		started <- err
		return
	}
	p.pid = command.Process.Pid
	started <- nil
	p.err = command.Wait()
	p.signal(syscall.SIGKILL) // what it has started and left
	close(p.done)
}

// signal reaches the whole group; one that is gone it does not reach. The
// group's number is not another's by then: numbers are given in turn.
func (p *process) signal(s syscall.Signal) {
	_ = syscall.Kill(-p.pid, s)
}

// ends tells whether the process ends in time.
func (p *process) ends(patience time.Duration) bool {
	alarm := time.NewTimer(patience)
	defer alarm.Stop()
	select {
	case <-p.done:
		return true
	case <-alarm.C:
		return false
	}
}

// stop ends the process: it is asked to, then killed.
func (p *process) stop() error {
	select {
	case <-p.done:
		return nil
	default:
	}
	for _, s := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		p.signal(s)
		if p.ends(grace) {
			return nil
		}
	}
	return deviceerr.New(p.name, fmt.Sprintf("process %d cannot be killed: its driver hangs, which a restart mends", p.pid), nil)
}

// failure is why a process has ended that was to go on. It has written a part
// of a frame last, of so many bytes.
func (p *process) failure(part, frame int) error {
	if !p.ends(grace) { // it has closed its output alone
		if err := p.stop(); err != nil {
			return err
		}
	}
	how := "ended by itself"
	var exit *exec.ExitError
	if errors.As(p.err, &exit) {
		how = "ended: " + exit.String()
	}
	if part > 0 {
		how += fmt.Sprintf(", with %d of a frame's %d bytes", part, frame)
	}
	return p.trouble(how, nil)
}

// trouble is an error with what the log says of it.
func (p *process) trouble(what string, cause error) error {
	problem, lines := p.log.explain()
	if problem == "" {
		problem = what
	}
	if lines != "" {
		problem += "; it said: " + lines
	}
	return deviceerr.New(p.name, problem, cause)
}
