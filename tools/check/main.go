// Check runs the checks of the project, one stage after the other, and prints
// at the end what it left out, what failed, and a count. "make test" runs it,
// in the root of the project:
//
//	go run ./tools/check            the stages that need only Go and a few minutes
//	go run ./tools/check -all       every stage
//	go run ./tools/check edge lint  these stages
//
// With CI=true in the environment every stage runs, and what has to be left
// out counts as a failure.
package main

import (
	"flag"
	"fmt"
	"os"
	"time"
)

// A stage is a group of checks.
type stage struct {
	name  string
	about string
	run   func(*report)

	// onRequest, if set, says what is left out and how to run it: the stage
	// runs only by name, with -all or in CI.
	onRequest string
}

var stages = []stage{
	{name: "format", about: "gofmt", run: format},
	{name: "build", about: "go vet for every platform, and go build where there is assembly", run: build},
	{name: "test", about: "tests on this machine", run: testHost},
	{name: "arm64", about: "tests as arm64 programs on emulated cores", run: testARM64},
	{name: "noasm", about: "build and tests without assembly", run: testNoAsm,
		onRequest: "tests without assembly: go run ./tools/check noasm runs them"},
	{name: "32bit", about: "tests as 32-bit programs on an emulated processor", run: test32,
		onRequest: "tests as 32-bit programs: go run ./tools/check 32bit runs them"},
	{name: "race", about: "tests with the race detector", run: testRace,
		onRequest: "tests with the race detector: go run ./tools/check race runs them"},
	{name: "cover", about: "coverage of tests and of the programs that they build", run: cover,
		onRequest: "coverage: go run ./tools/check cover prints it"},
	{name: "fuzz", about: "every fuzz target for FUZZTIME", run: fuzz,
		onRequest: "fuzzing: make fuzz runs each target for FUZZTIME"},
	{name: "edge", about: "the program for the Raspberry Pi", run: edge},
	{name: "integration", about: "edge and tests with a camera on an emulated board", run: integration,
		onRequest: needCamera},
	{name: "pi3", about: "edge and tests with buses and lines on an emulated Raspberry Pi 3", run: integrationPi,
		onRequest: needPi},
	{name: "lint", about: "staticcheck, golangci-lint, go mod tidy", run: lint,
		onRequest: "staticcheck and golangci-lint: make lint fetches and runs them"},
}

func main() {
	all := flag.Bool("all", false, "run every stage")
	flag.Usage = usage
	flag.Parse()
	chosen, err := choose(flag.Args())
	if err != nil {
		fmt.Fprintln(os.Stderr, "check:", err)
		os.Exit(2)
	}

	r := &report{strict: inCI()}
	everything := *all || inCI() || flag.NArg() > 0 // of what is chosen
	for _, s := range chosen {
		if s.onRequest != "" && !everything {
			r.leaveOut(s.onRequest, "")
			continue
		}
		fmt.Printf("\n# %s: %s\n", s.name, s.about)
		began := time.Now()
		s.run(r)
		fmt.Printf("# %s took %.0f s\n", s.name, time.Since(began).Seconds())
	}
	r.print(os.Stdout)
	if !r.ok() {
		os.Exit(1)
	}
}

// choose returns the stages of these names, or all of them if there are none.
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
	return stage{}, fmt.Errorf("unknown stage %q; -help lists them", name)
}

func usage() {
	out := flag.CommandLine.Output()
	fmt.Fprintln(out, "usage: go run ./tools/check [-all] [stage ...]")
	for _, s := range stages {
		fmt.Fprintf(out, "  %-11s %s\n", s.name, s.about)
	}
}

func inCI() bool { return os.Getenv("CI") == "true" }
