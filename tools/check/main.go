// Check runs every check of the project, one stage after the other, and ends
// with what it left out, what failed and a count. It is what "make test"
// starts, and needs nothing but Go:
//
//	go run ./tools/check            every stage
//	go run ./tools/check edge lint  these stages only
//
// Started in the root of the project. Where the environment says CI=true,
// nothing may be left out: whatever is counts as a failure.
package main

import (
	"flag"
	"fmt"
	"os"
)

// A stage is one group of checks with a name to ask for it by.
type stage struct {
	name  string
	about string
	run   func(*report)

	// unasked, where set, is why the stage is left out unless it is asked
	// for by name or runs in CI, and how to run it.
	unasked string
}

var stages = []stage{
	{name: "format", about: "gofmt", run: format},
	{name: "build", about: "go build and go vet for every platform", run: build},
	{name: "test", about: "tests on this machine", run: testHost},
	{name: "arm64", about: "tests as arm64 programs on emulated cores", run: testARM64},
	{name: "edge", about: "the program for the Raspberry Pi", run: edge},
	{name: "integration", about: "edge and tests with a camera on an emulated board", run: integration,
		unasked: needCamera},
	{name: "lint", about: "staticcheck, golangci-lint, go mod tidy", run: lint,
		unasked: "staticcheck and golangci-lint: make lint fetches and runs them"},
}

func main() {
	flag.Usage = usage
	flag.Parse()
	chosen, err := choose(flag.Args())
	if err != nil {
		fmt.Fprintln(os.Stderr, "check:", err)
		os.Exit(2)
	}

	ci := inCI()
	r := &report{strict: ci}
	for _, s := range chosen {
		if s.unasked != "" && flag.NArg() == 0 && !ci {
			r.leaveOut(s.unasked, "")
			continue
		}
		fmt.Printf("\n# %s: %s\n", s.name, s.about)
		s.run(r)
	}
	r.print(os.Stdout)
	if !r.ok() {
		os.Exit(1)
	}
}

// choose gives the stages of these names, or all of them for no name.
func choose(names []string) ([]stage, error) {
	if len(names) == 0 {
		return stages, nil
	}
	var chosen []stage
	for _, name := range names {
		s, err := find(name)
		if err != nil {
			return nil, err
		}
		chosen = append(chosen, s)
	}
	return chosen, nil
}

func find(name string) (stage, error) {
	for _, s := range stages {
		if s.name == name {
			return s, nil
		}
	}
	return stage{}, fmt.Errorf("no stage is called %q; -help lists them", name)
}

func usage() {
	out := flag.CommandLine.Output()
	fmt.Fprintln(out, "usage: go run ./tools/check [stage ...]")
	for _, s := range stages {
		fmt.Fprintf(out, "  %-11s %s\n", s.name, s.about)
	}
}

func inCI() bool { return os.Getenv("CI") == "true" }
