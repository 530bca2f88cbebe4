package main

import (
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
