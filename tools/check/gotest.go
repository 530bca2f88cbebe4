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
		args = append([]string{"-count=1"}, args...) // no result of an earlier run
	}
	goTest(r, "", nil, args...)
	goTest(r, "generic", []string{maskVariable + "generic"}, goldenPackage)
}

// testTimeout is for each package. Those that look at folders of pictures take
// minutes on two cores, and Go's own ten are too few on a busy machine.
const testTimeout = "-timeout=30m"

// goTest runs "go test" and counts every test. Where names the place in the
// report, for a test that runs in several; it may be empty.
func goTest(r *report, where string, env []string, args ...string) {
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
	readErr := newTestReader(r, where, os.Stdout).read(stream)
	err = errors.Join(readErr, cmd.Wait())
	if err != nil && len(r.failed) == before { // and no test to blame
		r.fail(strings.TrimSpace(fmt.Sprintf("%s go test: %v", where, err)))
	}
}

// testEvent is a line of "go test -json"; "go doc test2json" describes it.
type testEvent struct {
	Action  string
	Package string
	Test    string // empty for what concerns the package
	Output  string
}

// testReader turns the events into the output of a plain "go test", and
// counts what passed, failed and was skipped.
type testReader struct {
	report *report
	where  string
	out    io.Writer

	// lines holds the output, by package and test, of what has not ended.
	lines map[string]map[string]string
	// blamed tells the packages that have a failed test.
	blamed map[string]bool
}

func newTestReader(r *report, where string, out io.Writer) *testReader {
	return &testReader{
		report: r, where: where, out: out,
		lines:  map[string]map[string]string{},
		blamed: map[string]bool{},
	}
}

// read takes the events until the stream ends. A line that is none, such as
// a program writes that takes over standard output, is passed on as it is.
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
		// The rest is progress.
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

// endTest counts a test; subtests are part of the test that holds them, but
// each that is skipped is named.
func (t *testReader) endTest(e testEvent) {
	output := t.lines[e.Package][e.Test]
	delete(t.lines[e.Package], e.Test)
	name := strings.TrimSpace(t.where + " " + e.Package + " " + e.Test)
	whole := !strings.Contains(e.Test, "/")
	switch e.Action {
	case "skip":
		t.report.leaveOut(skipReason(output), name)
	case "fail":
		fmt.Fprint(t.out, output)
		t.blamed[e.Package] = true
		if whole {
			t.report.fail(name)
		}
	case "pass":
		t.report.settle(e.Package + " " + e.Test)
		if whole {
			t.report.pass()
		}
	}
}

// endPackage prints the line that a plain "go test" would, and after a failure
// also what the package and its unfinished tests had to say.
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
		if !t.blamed[e.Package] {
			t.report.fail(strings.TrimSpace(t.where + " " + e.Package))
		}
	}
}

func lastLine(s string) string {
	s = strings.TrimRight(s, "\n")
	return s[strings.LastIndexByte(s, '\n')+1:]
}

// logLine is what t.Skip and t.Log print: "    file.go:12: message".
var logLine = regexp.MustCompile(`(?m)^\s+\S+\.go:\d+: (?:LEFT OUT: )?(.+)$`)

// skipReason is the message of a skipped test: the last it logged.
func skipReason(output string) string {
	found := logLine.FindAllStringSubmatch(output, -1)
	if len(found) == 0 {
		return "tests that are skipped without a reason"
	}
	return found[len(found)-1][1]
}
