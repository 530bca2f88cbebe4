// Init is the first program of the emulated board and its only one besides
// the commands it is told to run: it mounts what Linux programs expect, loads
// kernel modules, runs the commands one after the other, tells the host what
// happens and switches the board off.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
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

// send writes an event. There is nobody else to tell that it failed.
func send(events *protocol.Writer, e protocol.Event) { _ = events.Write(e) }

func run(events *protocol.Writer) error {
	plan, err := readPlan()
	if err != nil {
		return err
	}
	time.AfterFunc(time.Duration(plan.Seconds)*time.Second, func() {
		text := fmt.Sprintf("not done after %d s by the board's clock", plan.Seconds)
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
	if err := errors.Join(os.Setenv("PATH", "/bin"), os.Setenv("HOME", "/tmp")); err != nil {
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

func load(m protocol.Module) error {
	file, err := os.Open(m.Path)
	if err != nil {
		return err
	}
	defer file.Close()
	return unix.FinitModule(int(file.Fd()), m.Parameters, 0)
}

// notStarted is the status of a command that could not start, as shells have it.
const notStarted = 127

// grace is how long a command's children may hold its output after its end.
const grace = time.Second

func runCommand(events *protocol.Writer, number int, c protocol.Command) {
	exit := protocol.Event{Kind: protocol.Exit, Command: number}
	out := output{events, number}
	cmd := exec.Command(c.Args[0], c.Args[1:]...)
	cmd.Env = append(os.Environ(), c.Env...)
	cmd.Dir = c.Dir
	cmd.Stdout, cmd.Stderr = out, out
	cmd.WaitDelay = grace
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

// output sends what a command writes.
type output struct {
	events *protocol.Writer
	number int
}

func (o output) Write(p []byte) (int, error) {
	return len(p), o.events.Write(protocol.Event{Kind: protocol.Output, Command: o.number, Output: p})
}

// powerOff does not return. Should it fail, the first program of the board
// ends, which the kernel answers with a panic that ends the board, too.
func powerOff() {
	unix.Sync()
	_ = unix.Reboot(unix.LINUX_REBOOT_CMD_POWER_OFF)
	os.Exit(1)
}
