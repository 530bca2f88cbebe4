package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// The stages in this file repeat tests in other builds. -short leaves out the
// accuracy over folders of pictures, which does not depend on the build.

// notRaced are packages whose tests only run the program that they build, so
// that the race detector, which is not in that program, would find nothing.
var notRaced = []string{"halfmeg/tools/quantize"}

// testRace runs the tests of packages that are concurrent with the race
// detector. It alone needs cgo and a C compiler.
func testRace(r *report) {
	if _, err := exec.LookPath("gcc"); err != nil {
		r.leaveOut("the race detector: needs gcc; make deps installs it", "")
		return
	}
	packages, err := concurrentPackages()
	if err != nil {
		r.result("find concurrent packages", err)
		return
	}
	args := append([]string{"-race", "-short"}, packages...)
	// GOFLAGS also reaches the programs that tests build, such as edge.
	goTest(r, testRun{name: "race", repeats: true}, []string{"CGO_ENABLED=1", "GOFLAGS=-race"}, args...)
}

// concurrentPackages lists the packages in which a file, of tests or not,
// starts a goroutine or synchronises with one.
func concurrentPackages() ([]string, error) {
	out, err := exec.Command("go", "list", "-f", "{{.ImportPath}}\t{{.Dir}}", "./...").Output()
	if err != nil {
		return nil, err
	}
	var packages []string
	for line := range strings.Lines(string(out)) {
		pkg, dir, _ := strings.Cut(strings.TrimSpace(line), "\t")
		concurrent, err := isConcurrent(dir)
		if err != nil {
			return nil, err
		}
		if concurrent && !slices.Contains(notRaced, pkg) {
			packages = append(packages, pkg)
		}
	}
	return packages, nil
}

// goroutineImports are packages that are imported to run goroutines, or to
// share memory with them.
var goroutineImports = []string{"sync", "sync/atomic", "halfmeg/internal/parallel"}

func isConcurrent(dir string) (bool, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return false, err
	}
	for _, path := range files {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return false, err
		}
		found := slices.ContainsFunc(file.Imports, func(i *ast.ImportSpec) bool {
			return slices.Contains(goroutineImports, strings.Trim(i.Path.Value, `"`))
		})
		ast.Inspect(file, func(n ast.Node) bool {
			_, isGo := n.(*ast.GoStmt)
			found = found || isGo
			return !found
		})
		if found {
			return true, nil
		}
	}
	return false, nil
}

// assemblyPackages contain assembly or use packages that do.
var assemblyPackages = []string{"./kernels/...", "./model/...", "./quant/float"}

// testNoAsm builds and tests without assembly, as on an architecture that has
// none.
func testNoAsm(r *report) {
	for _, verb := range []string{"build", "vet"} {
		r.result("go "+verb+" -tags noasm", command(nil, "go", verb, "-tags=noasm", "./...").Run())
	}
	goTest(r, testRun{name: "noasm", repeats: true}, nil, append([]string{"-tags=noasm", "-short"}, assemblyPackages...)...)
}

// portablePackages compute the same on 32-bit processors. Others start
// programs, which QEMU would not emulate, quote errors of the standard
// library that differ there (camera/picture), or would take too long.
var portablePackages = []string{
	"./camera/mjpeg", "./camera/multipart", "./camera/y4m", "./camera/testcard",
	"./internal/...", "./kernels/...", "./model", "./model/classify", "./model/prep", "./model/pretrained",
	"./model/trellis", "./model/sqz/internal/...",
}

// test32 runs portable tests as programs for arm, on an emulated 32-bit
// processor. Programs for 386 are only built and vetted: many kernels for
// amd64 cannot run them, and under QEMU 7 the Go runtime crashes, because
// threads share their thread-local storage.
func test32(r *report) {
	qemu, err := findQEMU("qemu-arm")
	if err != nil {
		r.leaveOut("tests as 32-bit programs: need qemu-user; make deps installs it", "")
		return
	}
	env := []string{"CGO_ENABLED=0", "GOOS=linux", "GOARCH=arm"}
	args := append([]string{"-short", "-exec", qemu}, portablePackages...)
	goTest(r, testRun{name: "arm", repeats: true}, env, args...)
}

// findQEMU finds an emulator of QEMU's user emulation. Debian has it with and
// without dynamic libraries.
func findQEMU(name string) (string, error) {
	if path, err := exec.LookPath(name + "-static"); err == nil {
		return path, nil
	}
	return exec.LookPath(name)
}

// cover runs the tests with coverage and prints the total. Programs that the
// tests build are built with coverage, too, since GOFLAGS says so, and write
// what they covered to GOCOVERDIR. There is no threshold.
func cover(r *report) {
	dir, err := os.MkdirTemp("", "halfmeg-coverage-")
	if err != nil {
		r.result("coverage", err)
		return
	}
	defer func() { _ = os.RemoveAll(dir) }()
	env := []string{"GOFLAGS=-cover", "GOCOVERDIR=" + dir}
	goTest(r, testRun{name: "cover", repeats: true}, env, "-short", "./...", "-args", "-test.gocoverdir="+dir)
	r.result("coverage", printCoverage(dir))
}

// printCoverage merges the counters of all programs. The last line that it
// prints is the total.
func printCoverage(dir string) error {
	profile, err := inBinDir("coverage.txt")
	if err != nil {
		return err
	}
	if err := command(nil, "go", "tool", "covdata", "textfmt", "-i="+dir, "-o="+profile).Run(); err != nil {
		return err
	}
	functions, err := exec.Command("go", "tool", "cover", "-func="+profile).Output()
	if err != nil {
		return err
	}
	_, err = os.Stdout.WriteString("coverage: " + lastLine(string(functions)) + "\n")
	return err
}
