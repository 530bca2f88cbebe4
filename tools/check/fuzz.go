package main

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
)

// fuzzTarget is a fuzz test of a package.
type fuzzTarget struct{ pkg, name string }

// fuzz runs every fuzz target, one after the other, each for FUZZTIME: by
// default a minute, and in CI a few seconds. Go keeps an input that fails in
// testdata/fuzz of the package, where "go test" runs it again. Minimizing is
// kept short: by default Go would spend the minute on it.
func fuzz(r *report) {
	list := exec.Command("go", "test", "-list=^Fuzz", "./...")
	list.Stderr = os.Stderr
	listing, err := list.Output()
	targets := parseTargets(string(listing))
	if err != nil || len(targets) == 0 {
		r.fail("fuzz: go test -list=^Fuzz ./... lists no targets")
		return
	}
	standard := "60s"
	if inCI() {
		standard = "3s"
	}
	time := cmp.Or(os.Getenv("FUZZTIME"), standard)
	for _, t := range targets {
		cmd := command(nil, "go", "test", "-run=^$", "-fuzz=^"+t.name+"$", "-fuzztime="+time, "-fuzzminimizetime=10x", t.pkg)
		output := failureHolder{out: os.Stdout}
		cmd.Stdout = &output
		err := cmd.Run()
		if failure := output.rest(); isTimeout(failure) {
			fmt.Printf("fuzz: %s ended with -fuzztime, which go test reported as a failure\n", t.name)
			err = nil
		} else {
			fmt.Print(failure)
		}
		r.result("fuzz "+t.pkg+" "+t.name, err)
	}
}

// failureHolder passes the output of "go test -fuzz" on up to the line that reports a
// failure, and holds the rest until it is known whether it is one.
type failureHolder struct {
	out     io.Writer
	line    []byte // incomplete
	failure bool
	held    strings.Builder
}

// Write implements io.Writer.
func (h *failureHolder) Write(p []byte) (int, error) {
	h.line = append(h.line, p...)
	for {
		end := bytes.IndexByte(h.line, '\n') + 1
		if end == 0 {
			return len(p), nil
		}
		h.failure = h.failure || bytes.HasPrefix(h.line, []byte(failurePrefix))
		to := h.out
		if h.failure {
			to = &h.held
		}
		if _, err := to.Write(h.line[:end]); err != nil {
			return 0, err
		}
		h.line = h.line[end:]
	}
}

// rest returns what was not passed on, after the end of the output.
func (h *failureHolder) rest() string { return h.held.String() + string(h.line) }

const failurePrefix = "--- FAIL: Fuzz"

// isTimeout reports whether "go test -fuzz" failed only because -fuzztime ended,
// which it sometimes reports as a failure. A finding is named by its panic or
// failure and by the file that keeps the input.
func isTimeout(output string) bool {
	var causes []string // lines after the one that says FAIL
	_, after, found := strings.Cut(output, failurePrefix)
	if !found {
		return false
	}
	for line := range strings.Lines(after) {
		if line = strings.TrimSpace(line); line != "" {
			causes = append(causes, line)
		}
	}
	return len(causes) > 2 && causes[1] == "context deadline exceeded" && causes[2] == "FAIL"
}

// parseTargets reads what "go test -list" prints: the targets of a package,
// one a line, then "ok", its path and a time.
func parseTargets(listing string) []fuzzTarget {
	var targets []fuzzTarget
	begin := 0 // of the current package
	for line := range strings.Lines(listing) {
		fields := strings.Fields(line)
		switch {
		case len(fields) == 1 && strings.HasPrefix(fields[0], "Fuzz"):
			targets = append(targets, fuzzTarget{name: fields[0]})
		case len(fields) > 1 && fields[0] == "ok":
			for ; begin < len(targets); begin++ {
				targets[begin].pkg = fields[1]
			}
		}
	}
	return targets
}
