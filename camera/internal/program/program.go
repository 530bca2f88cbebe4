//go:build unix

package program

import (
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"halfmeg/camera/internal/deviceerr"
)

// KillDelay is how long to wait for a process to exit: by itself, then after SIGTERM,
// then after SIGKILL.
const KillDelay = time.Second

// ErrExplained marks errors whose cause is known.
var ErrExplained = errors.New("explained by the program's log")

// Process is a running program, which has its own process group.
type Process struct {
	Name string // in errors: of the camera, or of the program
	Log  *Log

	logger string // what errors call the process when they quote its log
	pid    int
	done   chan struct{} // closed after the process has exited and was waited for
	err    error         // result of Wait; valid once done is closed
}

// Start starts a command and sends its stderr to the log. Errors start with name, or
// with the name of the program if name is empty.
func Start(command *exec.Cmd, name string, log *Log) (*Process, error) {
	p := &Process{Name: name, Log: log, logger: filepath.Base(command.Path), done: make(chan struct{})}
	if name == "" {
		p.Name, p.logger = p.logger, "it"
	}
	command.Stderr = log
	command.WaitDelay = KillDelay // surviving children may keep stderr open
	command.SysProcAttr = processAttributes()
	started := make(chan error)
	go p.run(command, started)
	if err := <-started; err != nil {
		return nil, deviceerr.New(p.Name, fmt.Sprintf("cannot be started: %v", err), err)
	}
	return p, nil
}

// run starts the process and waits for it. On Linux the kernel kills the process
// when the thread that started it ends (see processAttributes), so this goroutine
// keeps its thread until then.
func (p *Process) run(command *exec.Cmd, started chan<- error) {
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

// PID returns the process ID.
func (p *Process) PID() int { return p.pid }

// signal signals the whole process group. If the group has already ended there is no
// effect: the kernel assigns IDs in ascending order, so the ID is not reused that soon.
func (p *Process) signal(s syscall.Signal) {
	_ = syscall.Kill(-p.pid, s)
}

// Done returns a channel that is closed when the process has exited and its log is
// complete.
func (p *Process) Done() <-chan struct{} { return p.done }

// Wait reports whether the process exits before the timeout.
func (p *Process) Wait(timeout time.Duration) bool {
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	select {
	case <-p.done:
		return true
	case <-timer.C:
		return false
	}
}

// Succeeded reports whether the process exits within KillDelay and without an error.
func (p *Process) Succeeded() bool { return p.Wait(KillDelay) && p.err == nil }

// Stop terminates the process with SIGTERM, then with SIGKILL if it has not
// exited.
func (p *Process) Stop() error {
	select {
	case <-p.done:
		return nil
	default:
	}
	for _, s := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		p.signal(s)
		if p.Wait(KillDelay) {
			return nil
		}
	}
	return deviceerr.New(p.Name, fmt.Sprintf("process %d cannot be killed: its driver hangs, restart the computer", p.pid), nil)
}

// Failure returns an error with the reason why a process stopped sending frames. Ended
// is the reason if it exited without an error. Where is the position within a frame, and
// empty between frames.
func (p *Process) Failure(ended, where string) error {
	if !p.Wait(KillDelay) { // it closed its output but did not exit
		if err := p.Stop(); err != nil {
			return err
		}
	}
	reason := ended
	var exit *exec.ExitError
	if errors.As(p.err, &exit) {
		reason = "ended: " + exit.String()
	}
	if where != "" {
		reason += ", " + where
	}
	return p.ErrorWithLog(reason, nil)
}

// ErrorWithLog returns an error with the kept lines of the log. If the log contains a
// known cause, its problem replaces the given one, and the error is an ErrExplained.
func (p *Process) ErrorWithLog(problem string, cause error) error {
	known, lines := p.Log.Explain()
	if known.Problem != "" {
		problem = known.Problem
		cause = errors.Join(cause, ErrExplained)
	}
	if lines != "" {
		problem += "; " + p.logger + " logged: " + lines
	}
	if known.Err != nil {
		cause = errors.Join(cause, known.Err)
	}
	return deviceerr.New(p.Name, problem, cause)
}
