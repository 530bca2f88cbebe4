// Package board runs programs on an emulated board: QEMU's machine "virt"
// with one Cortex-A72 and a Linux kernel of Debian.
//
// The kernel with its system calls, ioctls and memory mappings is real, and so
// are the drivers vivid and v4l2loopback with all of Video4Linux above them. The
// programs are the same as for the Raspberry Pi. The Raspberry Pi's own devices
// and USB are missing; vivid draws the camera's pictures. Time is simulated: the
// board's clock advances one nanosecond per instruction and, when the board is
// idle, jumps to the next timer. Timeouts therefore do not depend on how busy
// the host is, and waiting for a camera that hangs takes no time.
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

// emulator is the program that emulates the board.
const emulator = "qemu-system-aarch64"

// Board describes an emulated board.
type Board struct {
	Kernel  kernel.Kernel
	Modules []protocol.Module // to load; Path is the module's name
	Files   []File
	// Timeout bounds how long the board runs, both by its own clock and by
	// the host's.
	Timeout time.Duration
	// Console receives the kernel's messages, line by line.
	Console io.Writer
}

// File is a file to put on the board. All files are executable.
type File struct {
	Path string // on the board
	Data []byte
}

// Command is a program to run on the board, and where its output goes.
type Command struct {
	protocol.Command
	Output io.Writer // stdout and stderr, interleaved
	// Ended is called with the exit status, 127 if the program could not
	// start and -1 if a signal killed it, and with its run time.
	Ended func(status int, took time.Duration)
}

// Device nodes of Cameras.
const (
	Vivid    = "/dev/video0"  // colour bars, raw formats
	Loopback = "/dev/video10" // shows what a program writes to it; hangs without one
)

// Cameras are the kernel modules of the board's cameras.
var Cameras = []protocol.Module{
	// One node with one input, like a webcam.
	{Path: "vivid", Parameters: "n_devs=1 node_types=0x1 num_inputs=1 input_types=0x0"},
	{Path: "v4l2loopback", Parameters: "devices=1 video_nr=10 card_label=loopback"},
}

// Missing lists the programs that the board needs and the host lacks.
func Missing() []string {
	return slices.DeleteFunc(append(kernel.Tools(), emulator), func(name string) bool {
		_, err := exec.LookPath(name)
		return err == nil
	})
}

// Run boots the board, runs the commands one after the other and powers it
// off. It returns an error unless all of them ran. Output and Ended of the
// commands are called on the goroutine of the caller.
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
	switch { // the exit of QEMU is the least specific cause
	case r.done:
		return nil
	case r.failure != nil:
		err = r.failure
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		err = fmt.Errorf("timed out after %v", b.Timeout)
	case ctx.Err() != nil:
		err = ctx.Err()
	}
	return fmt.Errorf("the emulated board failed, %s: %w", r.where(), err)
}

// emulate runs the machine until it powers off, and feeds its events to r.
func (b *Board) emulate(ctx context.Context, archive string, r *record) error {
	cmd := exec.CommandContext(ctx, emulator,
		"-machine", "virt", "-cpu", "cortex-a72", "-smp", "1", "-icount", "shift=0,sleep=off", "-m", "512",
		"-nodefaults", "-no-reboot", "-display", "none", "-monitor", "none", "-serial", "stdio",
		"-kernel", b.Kernel.Image, "-initrd", archive,
		// loglevel=1: only emergencies on the console, which carries the events.
		"-append", "console=ttyAMA0 loglevel=1 panic=-1")
	var stderr strings.Builder
	cmd.Stderr = &stderr
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
		err = errors.New("it powered itself off")
	}
	if stderr.Len() > 0 {
		err = errors.Join(err, errors.New(strings.TrimSpace(stderr.String())))
	}
	return err
}
