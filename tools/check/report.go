package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// report collects the outcome of all stages.
type report struct {
	strict      bool // omissions count as failures
	passed      int
	failed      []string
	leftOut     []omission
	passedTests map[string]bool // tests that passed on some machine
}

// omission is why something was not checked, and the tests that did not run
// because of it, if any.
type omission struct {
	reason string
	tests  []string
}

func (r *report) pass() { r.passed++ }

func (r *report) fail(what string) { r.failed = append(r.failed, what) }

// result counts one check, failed if err is not nil.
func (r *report) result(what string, err error) {
	if err != nil {
		r.fail(fmt.Sprintf("%s: %v", what, err))
		return
	}
	r.pass()
}

// leaveOut records why something is not checked. Tests with the same reason
// are listed once under it; test may be empty.
func (r *report) leaveOut(reason, test string) {
	if r.passedTests[test] {
		return
	}
	o := r.omission(reason)
	if test != "" && !slices.Contains(o.tests, test) {
		o.tests = append(o.tests, test)
	}
}

// markPassed records that a test has passed on some machine, and drops it
// from the omissions of this one.
func (r *report) markPassed(test string) {
	if r.passedTests == nil {
		r.passedTests = map[string]bool{}
	}
	r.passedTests[test] = true
	for i := range r.leftOut {
		o := &r.leftOut[i]
		at := slices.Index(o.tests, test)
		if at < 0 {
			continue
		}
		o.tests = slices.Delete(o.tests, at, at+1)
		if len(o.tests) == 0 {
			r.leftOut = slices.Delete(r.leftOut, i, i+1)
		}
		return
	}
}

func (r *report) omission(reason string) *omission {
	for i := range r.leftOut {
		if r.leftOut[i].reason == reason {
			return &r.leftOut[i]
		}
	}
	r.leftOut = append(r.leftOut, omission{reason: reason})
	return &r.leftOut[len(r.leftOut)-1]
}

func (r *report) ok() bool {
	return len(r.failed) == 0 && (!r.strict || len(r.leftOut) == 0)
}

// print writes the last lines of the output. The very last is the count.
func (r *report) print(w io.Writer) {
	r.printLeftOut(w)
	if len(r.failed) > 0 {
		fmt.Fprintln(w)
	}
	for _, f := range r.failed {
		fmt.Fprintln(w, "FAILED:", f)
	}
	failures := len(r.failed)
	if r.strict {
		failures += len(r.leftOut)
	}
	fmt.Fprintf(w, "\n%d passed, %d failed\n", r.passed, failures)
}

func (r *report) printLeftOut(w io.Writer) {
	if len(r.leftOut) == 0 {
		return
	}
	rule := strings.Repeat("=", 72)
	fmt.Fprintf(w, "\n%s\n", rule)
	for _, o := range r.leftOut {
		fmt.Fprintln(w, "LEFT OUT:", o.reason)
		for _, t := range o.tests {
			fmt.Fprintln(w, "   ", t)
		}
	}
	if r.strict {
		fmt.Fprintln(w, "CI=true: nothing may be left out, so each counts as a failure.")
	}
	fmt.Fprintln(w, rule)
}
