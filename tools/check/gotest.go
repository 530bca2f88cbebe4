package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
)

// testHost runs all tests on this machine.
func testHost(r *report) {
	args := []string{"./..."}
	if inCI() {
		args = append([]string{"-count=1"}, args...) // do not reuse earlier results
	}
	goTest(r, testRun{}, nil, args...)
	goTest(r, testRun{name: "generic"}, []string{maskVariable + "generic"}, goldenPackage)
}

// testTimeout is for each package. Accuracy over folders of pictures takes
// minutes on two cores; Go's default of ten is too short on a busy machine.
const testTimeout = "-timeout=30m"

// testRun is a run of "go test".
type testRun struct {
	name string // in the report, before each test; empty for the plain run
	// repeats marks a run whose tests the plain run includes too. A test that
	// this run skips is reported as skipped only if it passes in no other run.
	repeats bool
}

// goTest runs "go test" and counts every test.
func goTest(r *report, run testRun, env []string, args ...string) {
	cmd := command(env, "go", append([]string{"test", "-json", testTimeout}, args...)...)
	cmd.Stdout = nil
	stream, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		r.fail(fmt.Sprintf("go test: %v", err))
		return
	}
	before := len(r.failed)
	readErr := newTestReader(r, run, os.Stdout).read(stream)
	err = errors.Join(readErr, cmd.Wait())
	if err != nil && len(r.failed) == before { // but no test failed
		r.fail(strings.TrimSpace(fmt.Sprintf("%s go test: %v", run.name, err)))
	}
}

// testEvent is a line of "go test -json"; "go doc test2json" describes it.
type testEvent struct {
	Action  string
	Package string
	Test    string // empty for events of the package
	Output  string
}

// testReader converts the events to the output of a plain "go test", and
// counts passed, failed and skipped tests.
type testReader struct {
	report *report
	run    testRun
	out    io.Writer

	// lines is the output of unfinished tests, by package and test.
	lines map[string]map[string]string
	// failedPackages is the set of packages with a failed test.
	failedPackages map[string]bool
}

func newTestReader(r *report, run testRun, out io.Writer) *testReader {
	return &testReader{
		report: r, run: run, out: out,
		lines:          map[string]map[string]string{},
		failedPackages: map[string]bool{},
	}
}

// read reads events until the stream ends. A line that is not an event, which
// a program that inherited stdout may write, is copied to the output.
func (t *testReader) read(stream io.Reader) error {
	in := bufio.NewReader(stream)
	for {
		line, err := in.ReadBytes('\n')
		var e testEvent
		switch {
		case len(line) == 0:
		case json.Unmarshal(line, &e) == nil:
			t.take(e)
		default:
			fmt.Fprintf(t.out, "%s", line)
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (t *testReader) take(e testEvent) {
	switch {
	case e.Action == "build-output":
		fmt.Fprint(t.out, e.Output)
	case e.Action == "output":
		t.keep(e)
	case e.Action != "pass" && e.Action != "fail" && e.Action != "skip":
		// Progress.
	case e.Test == "":
		t.endPackage(e)
	default:
		t.endTest(e)
	}
}

func (t *testReader) keep(e testEvent) {
	tests := t.lines[e.Package]
	if tests == nil {
		tests = map[string]string{}
		t.lines[e.Package] = tests
	}
	tests[e.Test] += e.Output
}

// endTest counts a test. Subtests count as part of their test, but each
// skipped one is listed.
func (t *testReader) endTest(e testEvent) {
	output := t.lines[e.Package][e.Test]
	delete(t.lines[e.Package], e.Test)
	plain := e.Package + " " + e.Test
	name := strings.TrimSpace(t.run.name + " " + plain)
	whole := !strings.Contains(e.Test, "/")
	switch e.Action {
	case "skip":
		if t.run.repeats {
			name = plain
		}
		t.report.leaveOut(skipReason(output), name)
	case "fail":
		fmt.Fprint(t.out, output)
		t.failedPackages[e.Package] = true
		if whole {
			t.report.fail(name)
		}
	case "pass":
		t.report.markPassed(plain)
		if whole {
			t.report.pass()
		}
	}
}

// endPackage prints the line that a plain "go test" would print, and after a
// failure also the output of the package and its unfinished tests.
func (t *testReader) endPackage(e testEvent) {
	tests := t.lines[e.Package]
	delete(t.lines, e.Package)
	own := tests[""]
	delete(tests, "")
	switch e.Action {
	case "pass":
		fmt.Fprintln(t.out, lastLine(own))
	case "fail":
		for _, output := range tests {
			fmt.Fprint(t.out, output)
		}
		fmt.Fprint(t.out, own)
		if !t.failedPackages[e.Package] {
			t.report.fail(strings.TrimSpace(t.run.name + " " + e.Package))
		}
	}
}

func lastLine(s string) string {
	s = strings.TrimRight(s, "\n")
	return s[strings.LastIndexByte(s, '\n')+1:]
}

// logLine is what t.Skip and t.Log print: "    file.go:12: message".
var logLine = regexp.MustCompile(`(?m)^\s+\S+\.go:\d+: (?:LEFT OUT: )?(.+)$`)

// skipReason returns the message of a skipped test: the last that it logged.
func skipReason(output string) string {
	found := logLine.FindAllStringSubmatch(output, -1)
	if len(found) == 0 {
		return "tests that are skipped without a reason"
	}
	return found[len(found)-1][1]
}
