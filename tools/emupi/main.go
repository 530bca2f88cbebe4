// Emupi runs a program on an emulated arm64 board with two cameras: the
// driver vivid as /dev/video0 and v4l2loopback as /dev/video10.
//
//	make edge
//	go run ./tools/emupi -file build/edge-linux-arm64:/bin/edge edge run --camera testcard --frames 20
//
// With -board pi3 it is a Raspberry Pi 3 with vivid, an I2C bus, a display at
// address 0x3c of /dev/i2c-1, and gpio-sim, whose lines programs create below
// /sys/kernel/config/gpio-sim.
//
// The program must be static and for linux/arm64; there is no shell. It runs
// as root, and its exit status becomes that of emupi. The first run downloads
// 100 MB, which package kernel caches. Package board describes which parts of
// the board are real and which are emulated.
//
// To give the Pi 3 another kernel module, add it to piModules in package kernel
// and to PiDevices in package board. Tests that run there are listed in piSuite
// of tools/check, and "go run ./tools/check pi3" runs them. Each is an ordinary
// Go test, compiled for the board, that skips itself without the environment
// variables of piSuite. It may start programs, and write to sysfs and configfs.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"halfmeg/tools/emupi/board"
	"halfmeg/tools/emupi/kernel"
	"halfmeg/tools/emupi/protocol"
	"halfmeg/tools/internal/cli"
)

func main() {
	var files fileList
	var env envList
	flag.Var(&files, "file", "`host:board`, a file to put on the board; may be repeated")
	flag.Var(&env, "env", "`NAME=VALUE`, an environment variable of the program; may be repeated")
	name := flag.String("board", "virt", "the `machine`: virt or pi3")
	timeout := flag.Duration("timeout", 2*time.Minute, "stop the board after this time")
	verbose := flag.Bool("verbose", false, "show the messages of the kernel")
	cli.Flags("emupi", "Emupi runs a program on an emulated board: emupi [-file host:board]... program [argument]...")
	if flag.NArg() == 0 {
		cli.Usage("emupi", "no program: emupi -file edge:/bin/edge edge version")
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	b := &board.Board{Modules: board.Cameras, Files: files, Timeout: *timeout, Console: io.Discard}
	get := kernel.Get
	switch *name {
	case "virt":
	case "pi3":
		b.Machine, b.Modules, get = board.Pi3, board.PiDevices, kernel.GetPi
	default:
		cli.Usage("emupi", "-board must be virt or pi3")
	}
	if *verbose {
		b.Console = os.Stderr
	}
	status, err := run(ctx, b, get, protocol.Command{Args: flag.Args(), Env: env})
	stop()
	if err != nil {
		cli.Exit("emupi", err, "interrupted; the board is off")
	}
	os.Exit(status)
}

func run(ctx context.Context, b *board.Board, get func(context.Context, io.Writer) (kernel.Kernel, error), program protocol.Command) (int, error) {
	if missing := board.Missing(); len(missing) > 0 {
		return 0, fmt.Errorf("needs %s; make deps installs them", strings.Join(missing, ", "))
	}
	k, err := get(ctx, os.Stderr)
	if err != nil {
		return 0, err
	}
	b.Kernel = k
	var status int
	err = b.Run(ctx, board.Command{
		Command: program,
		Output:  os.Stdout,
		Ended:   func(s int, _ time.Duration) { status = s },
	})
	return status, err
}

// envList collects the variables of a repeated flag.
type envList []string

func (l *envList) String() string { return "" }

func (l *envList) Set(text string) error {
	if name, _, ok := strings.Cut(text, "="); !ok || name == "" {
		return errors.New("expected a variable and its value, such as HALFMEG_CPU=generic")
	}
	*l = append(*l, text)
	return nil
}

// fileList collects the files of a repeated flag.
type fileList []board.File

func (l *fileList) String() string { return "" }

func (l *fileList) Set(text string) error {
	from, to, ok := strings.Cut(text, ":")
	if !ok || !strings.HasPrefix(to, "/") {
		return errors.New("expected a file and its absolute path on the board, such as edge:/bin/edge")
	}
	data, err := os.ReadFile(from)
	*l = append(*l, board.File{Path: to, Data: data})
	return err
}
