// Init is process 1 of the emulated board. It mounts the usual file systems,
// loads kernel modules, runs the commands of its plan one after the other,
// reports events to the host and powers the board off.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"halfmeg/tools/emupi/protocol"
)

func main() {
	events := protocol.NewWriter(os.Stdout)
	if err := run(events); err != nil {
		send(events, protocol.Event{Kind: protocol.Failure, Text: err.Error()})
	}
	send(events, protocol.Event{Kind: protocol.Done})
	powerOff()
}

// send writes an event. If that fails, there is nowhere to report it.
func send(events *protocol.Writer, e protocol.Event) { _ = events.Write(e) }

func run(events *protocol.Writer) error {
	plan, err := readPlan()
	if err != nil {
		return err
	}
	time.AfterFunc(time.Duration(plan.Seconds)*time.Second, func() {
		text := fmt.Sprintf("timed out after %d s by the board's clock", plan.Seconds)
		send(events, protocol.Event{Kind: protocol.Failure, Text: text})
		powerOff()
	})
	if err := mountAll(); err != nil {
		return err
	}
	for _, m := range plan.Modules {
		if err := load(m); err != nil {
			return fmt.Errorf("load %s %s: %w", m.Path, m.Parameters, err)
		}
	}
	if err := mountConfig(); err != nil {
		return err
	}
	if err := errors.Join(os.Setenv("PATH", "/bin"), os.Setenv("HOME", "/tmp")); err != nil {
		return err
	}
	if err := useOneProcessor(); err != nil {
		return err
	}
	for i, c := range plan.Commands {
		runCommand(events, i, c)
	}
	return nil
}

func readPlan() (protocol.Plan, error) {
	var plan protocol.Plan
	text, err := os.ReadFile(protocol.PlanPath)
	if err != nil {
		return plan, err
	}
	return plan, json.Unmarshal(text, &plan)
}

func mountAll() error {
	for _, m := range []struct{ kind, path string }{
		{"proc", "/proc"}, {"sysfs", "/sys"}, {"devtmpfs", "/dev"}, {"tmpfs", "/tmp"},
	} {
		if err := os.MkdirAll(m.path, 0o755); err != nil {
			return err
		}
		if err := unix.Mount(m.kind, m.path, m.kind, 0, ""); err != nil {
			return fmt.Errorf("mount %s: %w", m.path, err)
		}
	}
	return nil
}

// useOneProcessor keeps all programs on the first processor. The emulated processors
// take turns, so that more of them are not faster. The others must be online even so:
// before Linux starts them they spin, and the clock cannot jump to the next timer.
func useOneProcessor() error {
	var set unix.CPUSet
	set.Set(0)
	threads, err := os.ReadDir("/proc/self/task") // children inherit from the thread that starts them
	if err != nil {
		return err
	}
	for _, t := range threads {
		id, err := strconv.Atoi(t.Name())
		if err != nil {
			return err
		}
		if err := unix.SchedSetaffinity(id, &set); err != nil {
			return os.NewSyscallError("sched_setaffinity", err)
		}
	}
	return nil
}

// mountConfig mounts configfs if a module uses it.
func mountConfig() error {
	const path = "/sys/kernel/config"
	if _, err := os.Stat(path); err != nil {
		return nil //nolint:nilerr // no module has created the folder
	}
	return os.NewSyscallError("mount configfs", unix.Mount("configfs", path, "configfs", 0, ""))
}

func load(m protocol.Module) error {
	file, err := os.Open(m.Path)
	if err != nil {
		return err
	}
	defer file.Close()
	return unix.FinitModule(int(file.Fd()), m.Parameters, 0)
}

// notStarted is the status of a command that could not start, as in a shell.
const notStarted = 127

// outputDelay is how long children of a command may keep its output open after
// it has exited.
const outputDelay = time.Second

func runCommand(events *protocol.Writer, number int, c protocol.Command) {
	exit := protocol.Event{Kind: protocol.Exit, Command: number}
	out := output{events, number}
	cmd := exec.Command(c.Args[0], c.Args[1:]...)
	cmd.Env = append(os.Environ(), c.Env...)
	cmd.Dir = c.Dir
	cmd.Stdout, cmd.Stderr = out, out
	cmd.WaitDelay = outputDelay
	began := time.Now()
	err := cmd.Run()
	exit.Took = time.Since(began)
	switch {
	case cmd.ProcessState != nil:
		exit.Status = cmd.ProcessState.ExitCode()
		if exit.Status < 0 {
			fmt.Fprintf(out, "%s: %v\n", c.Args[0], err)
		}
	case err != nil:
		exit.Status = notStarted
		fmt.Fprintf(out, "%v\n", err)
	}
	send(events, exit)
}

// output sends the output of a command as events.
type output struct {
	events *protocol.Writer
	number int
}

func (o output) Write(p []byte) (int, error) {
	return len(p), o.events.Write(protocol.Event{Kind: protocol.Output, Command: o.number, Output: p})
}

// powerOff does not return. If it fails, init exits, and the kernel panics,
// which ends the emulation (panic=-1, -no-reboot).
func powerOff() {
	unix.Sync()
	_ = unix.Reboot(unix.LINUX_REBOOT_CMD_POWER_OFF)
	os.Exit(1)
}
