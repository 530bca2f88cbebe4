package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path"
	"path/filepath"
	"strings"
	"time"

	"halfmeg/tools/emupi/board"
	"halfmeg/tools/emupi/kernel"
	"halfmeg/tools/emupi/protocol"
)

// suite is an emulated board with the tests that run there, in this order.
type suite struct {
	name      string
	machine   board.Machine
	getKernel func(context.Context, io.Writer) (kernel.Kernel, error)
	modules   []protocol.Module
	env       []string // names the devices of the board
	tests     []boardTest

	program *boardProgram   // runs before the tests; nil for none
	trace   string          // file in binDir for the trace of the I2C transfers; empty for none
	after   func(r *report) // runs on the host when the board is off; nil for nothing
}

// cameraSuite has a few tests that show that kernels and engine work on a
// board, and those that need a camera.
var cameraSuite = suite{
	name: "virt", machine: board.Virt, getKernel: kernel.Get, modules: board.Cameras,
	env: []string{
		"HALFMEG_EDGE=" + boardEdge,
		"HALFMEG_VIDEO=" + board.Vivid,
		"HALFMEG_LOOPBACK=" + board.Loopback,
	},
	tests: []boardTest{
		{pkg: "kernels", run: "MatchReference$"},
		{pkg: "model", run: "^TestEngine"},
		{pkg: "camera/v4l2", run: "^TestNode"},
		{pkg: "tools/integration"},
	},
}

// piSuite has the tests that need the buses and lines of a Raspberry Pi.
var piSuite = suite{
	name: "pi3", machine: board.Pi3, getKernel: kernel.GetPi, modules: board.PiDevices,
	env: []string{
		"HALFMEG_EDGE=" + boardEdge,
		"HALFMEG_VIDEO=" + board.Vivid,
		"HALFMEG_I2C=" + board.I2CBus,
		"HALFMEG_GPIO_SIM=" + board.GPIOSim,
	},
	tests: []boardTest{
		{pkg: "tools/integration", run: "^TestPi"},
	},
	program: &displayProgram,
	trace:   displayTrace,
	after:   checkDisplay,
}

// boardTest selects tests of a package.
type boardTest struct {
	pkg string // folder below the root of the project
	run string // pattern of the names of tests; empty: all
}

// Paths on the board.
const (
	boardEdge     = "/bin/edge"
	boardPrograms = "/test"
)

// boardTimeout is for all tests of a board. They should take a minute; a busy machine
// may need several.
const boardTimeout = 20 * time.Minute

// Why tests with a camera, buses or lines do not run on the host. The skipped
// tests log the same words.
const (
	needCamera = "tests with a camera: make integration runs them on an emulated board"
	needPi     = "tests with buses and lines: make integration runs them on an emulated board"
)

// integration runs tests on an emulated board with cameras: a real kernel,
// and the programs that run on the Raspberry Pi.
func integration(r *report) { cameraSuite.run(r) }

// integrationPi runs tests on an emulated Raspberry Pi 3.
func integrationPi(r *report) { piSuite.run(r) }

// run runs the tests and reports why it cannot.
func (s suite) run(r *report) {
	if missing := board.Missing(); len(missing) > 0 {
		r.fail("integration: needs " + strings.Join(missing, ", ") + "; make deps installs them")
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := s.runOnBoard(ctx, r); err != nil {
		r.fail(fmt.Sprintf("integration, board %s: %v", s.name, err))
	}
}

func (s suite) runOnBoard(ctx context.Context, r *report) error {
	files, err := s.files()
	if err != nil {
		return err
	}
	k, err := s.getKernel(ctx, os.Stdout)
	if err != nil {
		return err
	}
	b := board.Board{Machine: s.machine, Kernel: k, Modules: s.modules, Files: files, Timeout: boardTimeout, Console: os.Stdout}
	if s.trace != "" {
		if b.I2CTrace, err = inBinDir(s.trace); err != nil {
			return err
		}
	}
	runs := make([]boardRun, len(s.tests))
	var commands []board.Command
	if s.program != nil {
		commands = append(commands, s.program.command(r))
	}
	for i, t := range s.tests {
		runs[i] = boardRun{boardTest: t, env: s.env, report: r}
		commands = append(commands, runs[i].command())
	}
	fmt.Printf("booting Linux %s on the emulated board %s\n", k.Release, s.name)
	began := time.Now()
	err = b.Run(ctx, commands...)
	fmt.Printf("the board was on for %.0f s\n", time.Since(began).Seconds())
	for i := range runs {
		runs[i].showUnfinished()
	}
	if err == nil && s.program != nil {
		err = s.program.save()
	}
	if err == nil && s.after != nil {
		s.after(r)
	}
	return err
}

// boardProgram is a program that runs on the board, whose output is a result.
type boardProgram struct {
	args   []string
	file   string // in binDir, for the output
	output bytes.Buffer
}

func (p *boardProgram) command(r *report) board.Command {
	return board.Command{
		Command: protocol.Command{Args: p.args},
		Output:  &p.output,
		Ended: func(status int, _ time.Duration) {
			if status != 0 {
				r.fail(fmt.Sprintf("board %s: exit status %d: %s", strings.Join(p.args, " "), status, &p.output))
			}
		},
	}
}

// save writes the output to its file.
func (p *boardProgram) save() error {
	path, err := inBinDir(p.file)
	if err != nil {
		return err
	}
	return os.WriteFile(path, p.output.Bytes(), 0o644)
}

// files builds the programs that run on the board.
func (s suite) files() ([]board.File, error) {
	if err := buildEdge(); err != nil {
		return nil, err
	}
	programs := map[string]string{boardEdge: filepath.Join(binDir, edgeName)}
	for _, t := range s.tests {
		built, err := t.build()
		if err != nil {
			return nil, err
		}
		programs[t.program()] = built
	}
	var files []board.File
	for to, from := range programs {
		data, err := os.ReadFile(from)
		if err != nil {
			return nil, err
		}
		files = append(files, board.File{Path: to, Data: data})
	}
	return files, nil
}

// program returns the path of the tests on the board.
func (t boardTest) program() string {
	return path.Join(boardPrograms, strings.ReplaceAll(t.pkg, "/", "-")+".test")
}

// build compiles the tests for the board.
func (t boardTest) build() (string, error) {
	file, err := inBinDir(path.Base(t.program()))
	if err != nil {
		return "", err
	}
	return file, command(arm64Env(), "go", "test", "-c", "-ldflags=-s -w", "-o", file, "./"+t.pkg).Run()
}

// boardRun is a run of such tests.
type boardRun struct {
	boardTest
	env    []string
	report *report
	output bytes.Buffer
}

func (b *boardRun) command() board.Command {
	return board.Command{
		Command: protocol.Command{
			Args: []string{b.program(), "-test.v=test2json", "-test.short", "-test.run=" + b.run},
			Env:  b.env,
		},
		Output: &b.output,
		Ended:  b.ended,
	}
}

// ended counts the tests. The last line is what "go test" would print.
func (b *boardRun) ended(status int, took time.Duration) {
	verdict := "ok  "
	if status != 0 {
		verdict = "FAIL"
	}
	fmt.Fprintf(&b.output, "%s\t%s\t%.1fs on the board\n", verdict, b.path(), took.Seconds())
	before := len(b.report.failed)
	err := b.count()
	if err == nil && status != 0 && len(b.report.failed) == before { // but no test failed
		err = fmt.Errorf("exit status %d", status)
	}
	if err != nil {
		b.report.fail(fmt.Sprintf("board %s: %v", b.path(), err))
	}
}

// path returns the import path of the package.
func (b *boardRun) path() string { return "halfmeg/" + b.pkg }

// count reads the output of the tests.
func (b *boardRun) count() error {
	convert := exec.Command("go", "tool", "test2json", "-p", b.path())
	convert.Stdin = &b.output
	convert.Stderr = os.Stderr
	events, err := convert.Output()
	if err != nil {
		return err
	}
	return newTestReader(b.report, testRun{name: "board", repeats: true}, os.Stdout).read(bytes.NewReader(events))
}

// showUnfinished prints the output of tests that have not ended.
func (b *boardRun) showUnfinished() {
	if b.output.Len() > 0 {
		fmt.Printf("%s did not end; its output:\n%s\n", b.path(), &b.output)
	}
}
