package main

import (
	"encoding/json"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// stream writes events as "go test -json" does.
func stream(t *testing.T, events ...testEvent) string {
	t.Helper()
	var lines strings.Builder
	for _, e := range events {
		line, err := json.Marshal(e)
		require.NoError(t, err)
		lines.Write(append(line, '\n'))
	}
	return lines.String()
}

// readTests returns the report and the output for a stream of events.
func readTests(t *testing.T, run testRun, events string) (*report, string) {
	t.Helper()
	r := &report{}
	var out strings.Builder
	require.NoError(t, newTestReader(r, run, &out).read(strings.NewReader(events)))
	return r, out.String()
}

func TestPassedTestsAreCountedAndSilent(t *testing.T) {
	r, out := readTests(t, testRun{}, stream(t,
		testEvent{"run", "m/p", "TestA", ""},
		testEvent{"output", "m/p", "TestA", "=== RUN   TestA\n"},
		testEvent{"pass", "m/p", "TestA/sub", ""},
		testEvent{"pass", "m/p", "TestA", ""},
		testEvent{"output", "m/p", "", "PASS\n"},
		testEvent{"output", "m/p", "", "ok  \tm/p\t0.1s\n"},
		testEvent{"pass", "m/p", "", ""},
		testEvent{"skip", "m/empty", "", ""},
	))
	require.Equal(t, 1, r.passed)
	require.Empty(t, r.failed)
	require.Empty(t, r.leftOut)
	require.Equal(t, "ok  \tm/p\t0.1s\n", out)
}

func TestSkippedTestsAreLeftOut(t *testing.T) {
	r, _ := readTests(t, testRun{name: "cortex-a53"}, stream(t,
		testEvent{"output", "m/p", "TestA", "=== RUN   TestA\n"},
		testEvent{"output", "m/p", "TestA", "    a_test.go:7: LEFT OUT: needs sha"},
		testEvent{"output", "m/p", "TestA", "red/x\n--- SKIP: TestA (0.00s)\n"},
		testEvent{"skip", "m/p", "TestA", ""},
		testEvent{"output", "m/p", "TestB/sub", "        b.go:12: LEFT OUT: needs shared/x\n"},
		testEvent{"skip", "m/p", "TestB/sub", ""},
		testEvent{"skip", "m/p", "TestC", ""},
	))
	require.Equal(t, []omission{
		{"needs shared/x", []string{"cortex-a53 m/p TestA", "cortex-a53 m/p TestB/sub"}},
		{"tests that are skipped without a reason", []string{"cortex-a53 m/p TestC"}},
	}, r.leftOut)
	require.True(t, r.ok())
	r.strict = true
	require.False(t, r.ok(), "in CI nothing may be left out")
}

// A test that is skipped on one machine and passes on another is checked; one
// that is skipped or fails there, too, is not.
func TestSkippedTestsThatPassElsewhereAreNotLeftOut(t *testing.T) {
	r := &report{}
	skipped := stream(t,
		testEvent{"output", "m/p", "TestA", "    a_test.go:7: LEFT OUT: needs a camera\n"},
		testEvent{"skip", "m/p", "TestA", ""},
		testEvent{"output", "m/p", "TestB", "    a_test.go:9: LEFT OUT: needs a camera\n"},
		testEvent{"skip", "m/p", "TestB", ""},
	)
	elsewhere := stream(t,
		testEvent{"pass", "m/p", "TestA", ""},
		testEvent{"fail", "m/p", "TestB", ""},
	)
	require.NoError(t, newTestReader(r, testRun{}, io.Discard).read(strings.NewReader(skipped)))
	require.NoError(t, newTestReader(r, testRun{name: "board"}, io.Discard).read(strings.NewReader(elsewhere)))
	require.Equal(t, []omission{{"needs a camera", []string{"m/p TestB"}}}, r.leftOut)
	require.Equal(t, []string{"board m/p TestB"}, r.failed)
}

// A run that repeats the tests of another may skip a test that passes there,
// before or after.
func TestRepeatedTestsAreLeftOutOnce(t *testing.T) {
	r := &report{}
	read := func(run testRun, action, test string) {
		events := stream(t,
			testEvent{"output", "m/p", test, "    a_test.go:7: LEFT OUT: -short\n"},
			testEvent{action, "m/p", test, ""})
		require.NoError(t, newTestReader(r, run, io.Discard).read(strings.NewReader(events)))
	}
	race := testRun{name: "race", repeats: true}
	read(testRun{}, "pass", "TestA")
	for _, test := range []string{"TestA", "TestB", "TestC"} {
		read(race, "skip", test)
		read(race, "skip", test)
	}
	read(testRun{}, "pass", "TestB")
	require.Equal(t, []omission{{"-short", []string{"m/p TestC"}}}, r.leftOut)
	read(race, "fail", "TestA")
	require.Equal(t, []string{"race m/p TestA"}, r.failed)
}

func TestFailedTestsAreShownAndNamedOnce(t *testing.T) {
	r, out := readTests(t, testRun{}, stream(t,
		testEvent{"output", "m/p", "TestA/sub", "wrong sum\n"},
		testEvent{"fail", "m/p", "TestA/sub", ""},
		testEvent{"fail", "m/p", "TestA", ""},
		testEvent{"output", "m/p", "", "FAIL\tm/p\t0.1s\n"},
		testEvent{"fail", "m/p", "", ""},
	))
	require.Equal(t, []string{"m/p TestA"}, r.failed)
	require.Equal(t, "wrong sum\nFAIL\tm/p\t0.1s\n", out)
}

func TestPackageThatFailsWithoutATestIsNamed(t *testing.T) {
	r, out := readTests(t, testRun{}, stream(t,
		testEvent{"build-output", "", "", "p.go:1: undefined: x\n"},
		testEvent{"output", "m/p", "", "FAIL\tm/p [build failed]\n"},
		testEvent{"fail", "m/p", "", ""},
	))
	require.Equal(t, []string{"m/p"}, r.failed)
	require.Equal(t, "p.go:1: undefined: x\nFAIL\tm/p [build failed]\n", out)
}

func TestUnfinishedTestsAreShown(t *testing.T) {
	r, out := readTests(t, testRun{}, stream(t,
		testEvent{"output", "m/p", "TestA", "killed here\n"},
		testEvent{"fail", "m/p", "", ""},
	))
	require.Equal(t, []string{"m/p"}, r.failed)
	require.Equal(t, "killed here\n", out)
}

func TestOtherLinesAreCopied(t *testing.T) {
	r, out := readTests(t, testRun{}, "not an event\nnor this")
	require.Equal(t, &report{}, r)
	require.Equal(t, "not an event\nnor this", out)
}
