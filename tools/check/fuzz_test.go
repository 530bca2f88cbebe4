package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParseTargets(t *testing.T) {
	require.Equal(t, []fuzzTarget{{"m/a", "FuzzOne"}, {"m/a", "FuzzTwo"}, {"m/c", "FuzzThree"}}, parseTargets(
		"FuzzOne\nFuzzTwo\nok  \tm/a\t0.1s\n"+
			"?   \tm/none\t[no test files]\n"+
			"ok  \tm/b\t0.1s\n"+
			"FuzzThree\nok  \tm/c\t0.1s\n"))
	require.Empty(t, parseTargets(""))
}

func TestOnlyTimeIsUp(t *testing.T) {
	for output, want := range map[string]bool{
		"PASS\n": false,
		"fuzz: elapsed: 3s\n--- FAIL: FuzzA (3.06s)\n    context deadline exceeded\nFAIL\nexit status 1\n":                                  true,
		"--- FAIL: FuzzA (0.06s)\n    --- FAIL: FuzzA (0.00s)\n        a_test.go:9: context deadline exceeded\nFAIL\n":                      false,
		"--- FAIL: FuzzA (3.06s)\n    context deadline exceeded\n    Failing input written to testdata/fuzz/FuzzA/582528ddfad69eb5\nFAIL\n": false,
	} {
		require.Equal(t, want, isTimeout(output), output)
	}
}

func TestFailureHolder(t *testing.T) {
	var out strings.Builder
	h := failureHolder{out: &out}
	for _, part := range []string{"fuzz: elapsed: 3s\n--- FA", "IL: FuzzA (3.06s)\n", "    context deadline exceeded\nFAIL\nexit"} {
		_, err := fmt.Fprint(&h, part)
		require.NoError(t, err)
	}
	require.Equal(t, "fuzz: elapsed: 3s\n", out.String())
	require.Equal(t, "--- FAIL: FuzzA (3.06s)\n    context deadline exceeded\nFAIL\nexit", h.rest())
}
