// Package board runs programs on an emulated board: a machine of QEMU with a
// Linux kernel of Debian.
//
// The kernel with its system calls, ioctls and memory mappings is real, and so
// are the drivers vivid and v4l2loopback with all of Video4Linux above them. The
// programs are the same as for the Raspberry Pi. vivid draws the camera's
// pictures. Time is simulated: the board's clock advances one nanosecond per
// instruction and, when the board is idle, jumps to the next timer. Timeouts
// therefore do not depend on how busy the host is, and waiting for a camera that
// hangs takes no time.
//
// The machine Virt has one Cortex-A72 and none of the Raspberry Pi's devices,
// and boots fastest. Pi3 is a Raspberry Pi 3 with four Cortex-A53 cores, of
// which programs use one. The driver of its I2C controller is real; bus 1 has a display
// controller at DisplayAddress that acknowledges every byte and cannot be read.
// Its GPIO controller is emulated without anything connected. Simulated lines
// are those of gpio-sim, which programs create below /sys/kernel/config/gpio-sim.
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

// Board describes an emulated board.
type Board struct {
	Machine Machine
	Kernel  kernel.Kernel     // of kernel.Get or, for Pi3, of kernel.GetPi
	Modules []protocol.Module // to load; Path is the module's name
	Files   []File
	// I2CTrace is the file for QEMU's trace of the I2C transfers, of Pi3 only;
	// empty for none.
	I2CTrace string
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

// Device nodes of Cameras and PiDevices.
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

// PiDevices are the kernel modules of the devices of Pi3. A module that is added
// here also goes into piModules of package kernel.
var PiDevices = []protocol.Module{
	{Path: "bcm2835_wdt"}, // the watchdog, which also powers the board off
	{Path: "i2c_bcm2835"},
	{Path: "i2c_dev"},
	{Path: "gpio_sim"},
	Cameras[0],
}

// I2CBus is the device node of the bus with the display. In GPIOSim programs
// create simulated chips of GPIO lines.
const (
	I2CBus  = "/dev/i2c-1"
	GPIOSim = "/sys/kernel/config/gpio-sim"
)

// Missing lists the programs that the board needs and the host lacks.
func Missing() []string {
	return slices.DeleteFunc(append(kernel.Tools(), kernel.Emulator), func(name string) bool {
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
	cmd := exec.CommandContext(ctx, b.Kernel.Emulator, b.arguments(archive)...)
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
