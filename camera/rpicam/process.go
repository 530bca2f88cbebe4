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

// killDelay is how long to wait for a process to exit before the next step: on
// its own, then after SIGTERM, then after SIGKILL.
const killDelay = time.Second

// process is a running program, which has its own process group.
type process struct {
	name string
	pid  int
	log  *programLog
	done chan struct{} // closed when the process has exited and was waited for
	err  error         // result of Wait; valid once done is closed
}

// start starts a program that writes to stdout.
func start(path string, args []string, stdout *os.File) (*process, error) {
	p := &process{name: filepath.Base(path), log: newLog(), done: make(chan struct{})}
	command := exec.Command(path, args...)
	command.Stdout, command.Stderr = stdout, p.log
	command.Env = environment()
	command.WaitDelay = killDelay // surviving children may keep stderr open
	command.SysProcAttr = processAttributes()
	started := make(chan error)
	go p.run(command, started)
	if err := <-started; err != nil {
		return nil, deviceerr.New(p.name, fmt.Sprintf("cannot be started: %v", err), err)
	}
	return p, nil
}

// environment has libcamera log to stderr at level INFO without colours, whatever
// the user's environment says: the log contains the frames' size.
func environment() []string {
	others := slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "LIBCAMERA_LOG_") })
	return append(others, "LIBCAMERA_LOG_LEVELS=*:INFO", "LIBCAMERA_LOG_NO_COLOR=1")
}

// run starts the process and waits for it. On Linux the kernel kills the process
// when the thread that started it ends (see processAttributes), so this goroutine
// stays on its thread until then.
func (p *process) run(command *exec.Cmd, started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := command.Start(); err != nil {
		started <- err
		return
	}
	p.pid = command.Process.Pid
	started <- nil
	p.err = command.Wait()
	p.signal(syscall.SIGKILL) // surviving children
	close(p.done)
}

// signal signals the whole process group. It has no effect on a group that has
// ended: its id is not reused that soon, because the kernel assigns ids in
// ascending order.
func (p *process) signal(s syscall.Signal) {
	_ = syscall.Kill(-p.pid, s)
}

// wait reports whether the process exits before the timeout.
func (p *process) wait(timeout time.Duration) bool {
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	select {
	case <-p.done:
		return true
	case <-timer.C:
		return false
	}
}

// stop terminates the process with SIGTERM, then with SIGKILL if it has not
// exited.
func (p *process) stop() error {
	select {
	case <-p.done:
		return nil
	default:
	}
	for _, s := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		p.signal(s)
		if p.wait(killDelay) {
			return nil
		}
	}
	return deviceerr.New(p.name, fmt.Sprintf("process %d cannot be killed: its driver hangs, restart the computer", p.pid), nil)
}

// failure returns why a process stopped sending frames. received is the number of
// bytes of the last, incomplete frame, of size bytes.
func (p *process) failure(received, size int) error {
	if !p.wait(killDelay) { // closed its output but has not exited
		if err := p.stop(); err != nil {
			return err
		}
	}
	how := "exited unexpectedly"
	var exit *exec.ExitError
	if errors.As(p.err, &exit) {
		how = "ended: " + exit.String()
	}
	if received > 0 {
		how += fmt.Sprintf(", in the middle of a frame (%d of %d bytes)", received, size)
	}
	return p.errorWithLog(how, nil)
}

// errorWithLog returns an error with the problem and the lines found in the log.
// If the log does not explain the problem, what describes it.
func (p *process) errorWithLog(what string, cause error) error {
	known, lines := p.log.explain()
	if known.problem != "" {
		what = known.problem
	}
	if lines != "" {
		what += "; it logged: " + lines
	}
	if known.err != nil {
		cause = errors.Join(cause, known.err)
	}
	return deviceerr.New(p.name, what, cause)
}
