package main

import (
	"cmp"
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
		var output strings.Builder
		cmd.Stdout = io.MultiWriter(os.Stdout, &output)
		err := cmd.Run()
		if isTimeout(output.String()) {
			err = nil
		}
		r.result("fuzz "+t.pkg+" "+t.name, err)
	}
}

// isTimeout reports whether "go test -fuzz" failed only because -fuzztime ended,
// which it sometimes reports as a failure. A finding is named by its panic or
// failure and by the file that keeps the input.
func isTimeout(output string) bool {
	var causes []string // lines after the one that says FAIL
	_, after, found := strings.Cut(output, "--- FAIL: Fuzz")
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
