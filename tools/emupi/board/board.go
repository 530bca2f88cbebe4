// Package board runs programs on an emulated board: QEMU's machine "virt"
// with one Cortex-A72 and a Linux kernel of Debian.
//
// What is real: the kernel with its system calls, ioctl and memory mappings,
// the drivers vivid and v4l2loopback with the whole of Video4Linux above
// them, and the programs, which are those for the Raspberry Pi. What is not:
// the Raspberry Pi's own devices, USB, the camera, whose pictures vivid draws,
// and time. The board's clock counts a nanosecond for each instruction and
// jumps to the next alarm where there is nothing to do. A busy host therefore
// makes no frame late, "within two seconds" has the same meaning everywhere,
// and who waits for a camera that hangs does not wait long.
package board

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"halfmeg/tools/emupi/kernel"
	"halfmeg/tools/emupi/protocol"
)

// emulator runs the board.
const emulator = "qemu-system-aarch64"

// Board is an emulated board, off.
type Board struct {
	Kernel  kernel.Kernel
	Modules []protocol.Module // to load; Path is the module's name
	Files   []File
	// Timeout is how long the board may run, by its own clock as by the host's.
	Timeout time.Duration
	// Console takes what the kernel says, line by line.
	Console io.Writer
}

// File is a file to be on the board. All may be executed.
type File struct {
	Path string // on the board
	Data []byte
}

// Command is a program to run on the board, and who hears of it.
type Command struct {
	protocol.Command
	Output io.Writer // stdout and stderr, as they come
	// Ended is called with the exit status, which is 127 for a program that
	// could not start and -1 for one that a signal ended, and with the time
	// that it ran.
	Ended func(status int, took time.Duration)
}

// Where the cameras of Cameras are.
const (
	Vivid    = "/dev/video0"  // colour bars, raw formats
	Loopback = "/dev/video10" // what a program writes to it; without one it hangs
)

// Cameras are the drivers of the board's cameras.
var Cameras = []protocol.Module{
	// One node, one input: a webcam.
	{Path: "vivid", Parameters: "n_devs=1 node_types=0x1 num_inputs=1 input_types=0x0"},
	{Path: "v4l2loopback", Parameters: "devices=1 video_nr=10 card_label=loopback"},
}

// Missing lists the programs that a board needs and the host lacks.
func Missing() []string {
	return slices.DeleteFunc(append(kernel.Tools(), emulator), func(name string) bool {
		_, err := exec.LookPath(name)
		return err == nil
	})
}

// Run switches the board on, runs the commands one after the other and
// switches it off. An error says that not all of them ran. The functions of
// the commands are called from the goroutine that called Run.
func (b *Board) Run(ctx context.Context, commands ...Command) error {
	dir, err := os.MkdirTemp("", "emupi-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	archive := filepath.Join(dir, "initramfs")
	if err := b.pack(ctx, archive, commands); err != nil {
		return err
	}

	ctx, cancel := context.WithTimeout(ctx, b.Timeout)
	defer cancel()
	r := &record{commands: commands, console: b.Console}
	err = b.emulate(ctx, archive, r)
	switch { // how QEMU ended says little where there is another cause
	case r.done:
		return nil
	case r.failure != nil:
		err = r.failure
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		err = fmt.Errorf("not done after %v", b.Timeout)
	case ctx.Err() != nil:
		err = ctx.Err()
	}
	return fmt.Errorf("the emulated board failed, %s: %w", r.where(), err)
}

// emulate runs the machine until it is switched off, and feeds a record.
func (b *Board) emulate(ctx context.Context, archive string, r *record) error {
	cmd := exec.CommandContext(ctx, emulator,
		"-machine", "virt", "-cpu", "cortex-a72", "-smp", "1", "-icount", "shift=0,sleep=off", "-m", "512",
		"-nodefaults", "-no-reboot", "-display", "none", "-monitor", "none", "-serial", "stdio",
		"-kernel", b.Kernel.Image, "-initrd", archive,
		// Of its messages, the kernel puts only emergencies on the console.
		"-append", "console=ttyAMA0 loglevel=1 panic=-1")
	var complaints strings.Builder
	cmd.Stderr = &complaints
	console, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	err = protocol.Read(console, r.take, r.other)
	if err != nil {
		_ = cmd.Process.Kill()
	}
	err = errors.Join(err, cmd.Wait())
	if err == nil && !r.done {
		err = errors.New("it switched itself off")
	}
	if complaints.Len() > 0 {
		err = errors.Join(err, errors.New(strings.TrimSpace(complaints.String())))
	}
	return err
}
