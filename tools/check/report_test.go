package main

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func printed(r *report) string {
	var out strings.Builder
	r.print(&out)
	return out.String()
}

func TestReportOfSuccessIsTheCount(t *testing.T) {
	r := &report{}
	r.result("gofmt", nil)
	require.True(t, r.ok())
	require.Equal(t, "\n1 passed, 0 failed\n", printed(r))
}

func TestReportNamesFailuresBeforeTheCount(t *testing.T) {
	r := &report{}
	r.result("gofmt", errors.New("a.go is not formatted"))
	require.False(t, r.ok())
	require.Equal(t, "\nFAILED: gofmt: a.go is not formatted\n\n0 passed, 1 failed\n", printed(r))
}

func TestReportForgetsOmissionsThatAreSettled(t *testing.T) {
	r := &report{strict: true}
	r.leaveOut("needs a camera", "m/p TestA")
	r.leaveOut("needs a camera", "m/p TestB")
	r.leaveOut("needs qemu", "")
	r.markPassed("m/p TestB")
	r.markPassed("m/p TestC")
	require.Equal(t, []omission{{"needs a camera", []string{"m/p TestA"}}, {reason: "needs qemu"}}, r.leftOut)
	r.leaveOut("needs a camera", "m/p TestB")
	r.leaveOut("needs a camera", "m/p TestA")
	require.Equal(t, []omission{{"needs a camera", []string{"m/p TestA"}}, {reason: "needs qemu"}}, r.leftOut)
	r.markPassed("m/p TestA")
	require.Equal(t, []omission{{reason: "needs qemu"}}, r.leftOut)
	require.False(t, r.ok(), "a reason without tests cannot be passedTests")
}

func TestReportIsLoudAboutWhatIsLeftOut(t *testing.T) {
	r := &report{}
	r.leaveOut("needs a camera", "m/p TestA")
	r.leaveOut("needs qemu", "")
	r.leaveOut("needs a camera", "m/p TestB")
	out := printed(r)
	require.Contains(t, out, "LEFT OUT: needs a camera\n    m/p TestA\n    m/p TestB\nLEFT OUT: needs qemu\n")
	require.True(t, strings.HasSuffix(out, "\n0 passed, 0 failed\n"))

	r.strict = true
	require.Contains(t, printed(r), "nothing may be left out")
	require.True(t, strings.HasSuffix(printed(r), "\n0 passed, 2 failed\n"))
}
