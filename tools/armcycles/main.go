// Armcycles estimates how many cycles a program for linux/arm64 takes on the
// cores of the Raspberry Pi, without the hardware.
//
//	make armcycles-deps
//	GOOS=linux GOARCH=arm64 CGO_ENABLED=0 go build -o build/cyclebench ./tools/cyclebench
//	GOMAXPROCS=1 go run ./tools/armcycles -core cortex-a76 -per 5 -- build/cyclebench -frames 5
//
// QEMU's user emulation runs the program twice with a plugin (plugin/profile.c):
// first to count the executed instructions of every block and the misses of a
// cache model, then to record a few hundred windows of the instruction stream
// at regular intervals. llvm-mca simulates each window on the model of the
// core. The cycles of the window's second half, when the pipeline is full, are
// scaled to the whole run. The error is the standard error of the mean over the windows.
//
// The cycles do not include cache misses, mispredicted branches, instruction
// fetch beyond the decode width and store-to-load aliasing. Atomic operations
// and system registers count as free. Cache misses are reported separately, as a
// number and as cycles, with a penalty per miss that was fitted to published
// times.
//
// Only code between the marks of tools/internal/roi is counted, on one thread.
//
// It needs the plugin API of QEMU up to 8 (Debian 12 has 7.2).
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/signal"
	"slices"
	"strings"

	"halfmeg/tools/internal/cli"
)

// core is a processor of the Raspberry Pi.
type core struct {
	boards string
	model  string // -mcpu of llvm-mca
	width  int    // instructions decoded in a cycle
	l1, l2 int    // bytes of data cache; l2 is the part available to one core
	miss   int    // cycles for each miss of l2
}

// cores by their QEMU name. LLVM 19 has no model for the A76, so Neoverse N1 is
// used, the same core for servers. Its model for the A53 has wrong NEON timings,
// so that of the A55 is used, its successor, which is also in-order. The cycles
// of a miss were fitted such that the estimates for other engines match their
// published times on these boards.
var cores = map[string]core{
	"cortex-a76": {"Pi 5", "neoverse-n1", 4, 64 << 10, 512 << 10, 5},
	"cortex-a72": {"Pi 4", "cortex-a72", 3, 32 << 10, 1 << 20, 46},
	"cortex-a53": {"Pi 3 and Zero 2 W", "cortex-a55", 2, 32 << 10, 512 << 10, 22},
}

// config is the values of the flags.
type config struct {
	core    string
	whole   bool
	per     int
	macs    int
	windows int
	length  int
	program []string
}

func main() {
	var c config
	flag.StringVar(&c.core, "core", "cortex-a76", "core: "+strings.Join(coreNames(), ", "))
	flag.BoolVar(&c.whole, "whole", false, "count the whole run, of a program without marks")
	flag.IntVar(&c.per, "per", 1, "divide all figures by `n`, the frames that the program counts")
	flag.IntVar(&c.macs, "macs", 0, "multiply-accumulates of a frame, to report them per cycle")
	flag.IntVar(&c.windows, "windows", 300, "`number` of windows to record")
	flag.IntVar(&c.length, "window", 3000, "`instructions` of a window")
	cli.Flags("armcycles", "Armcycles estimates the cycles of an arm64 program: armcycles [flag]... -- program [argument]...")
	c.program = flag.Args()
	if err := c.check(); err != nil {
		cli.Usage("armcycles", err.Error()+" (see -help)")
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Stdout, c)
	stop()
	if err != nil {
		cli.Exit("armcycles", err, "interrupted")
	}
}

func coreNames() []string { return slices.Sorted(maps.Keys(cores)) }

func (c config) check() error {
	_, known := cores[c.core]
	switch {
	case !known:
		return fmt.Errorf("-core %s is none of %s", c.core, strings.Join(coreNames(), ", "))
	case c.per < 1 || c.macs < 0 || c.windows < 1:
		return errors.New("-per and -windows must be at least 1, -macs not negative")
	case c.length < shortest:
		return fmt.Errorf("-window must be at least %d", shortest)
	case len(c.program) == 0:
		return errors.New("no program: armcycles -- build/cyclebench")
	}
	return nil
}

func run(ctx context.Context, w io.Writer, c config) error {
	dir, err := os.MkdirTemp("", "armcycles-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	core := cores[c.core]
	e, err := newEmulator(ctx, dir, c)
	if err != nil {
		return err
	}
	counts, err := e.run(ctx, fmt.Sprintf("l1=%d,l2=%d", core.l1, core.l2))
	if err != nil {
		return err
	}
	total := counts.instructions()
	if total == 0 {
		return errors.New("the program executed nothing to count; without marks, count the whole run with -whole")
	}
	period := max(total/c.windows, 2*c.length)
	trace, err := e.run(ctx, fmt.Sprintf("period=%d,window=%d", period, c.length))
	if err != nil {
		return err
	}
	t := toolchain{dir: dir}
	code, err := t.disassemble(ctx, counts, trace)
	if err != nil {
		return err
	}
	estimate, err := t.estimate(ctx, core, trace, code)
	if err != nil {
		return err
	}
	report{config: c, core: core, counts: counts, code: code, cpi: estimate}.print(w)
	return nil
}
