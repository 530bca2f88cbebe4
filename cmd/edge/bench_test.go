package main

import (
	"encoding/json"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"halfmeg/cmd/edge/internal/pihealth"
)

func TestBenchJSON(t *testing.T) {
	got := edge(t, "bench", "--frames", "2", "--threads", "2", "--json")
	require.Equal(t, statusOK, got.status, got.stderr)
	var m benchRecord
	require.NoError(t, json.Unmarshal([]byte(got.stdout), &m))
	require.Equal(t, "squeezenet1.1", m.Network)
	require.NotEmpty(t, m.ISA)
	require.Equal(t, int64(387_747_520), m.MACs)
	require.Len(t, m.Runs, 1)
	require.Equal(t, 2, m.Runs[0].Threads)
	require.Equal(t, 2, m.Runs[0].Frames)
	if runtime.GOOS == "linux" {
		require.Greater(t, m.PeakBytes, m.Memory)
	}
}

func TestBenchText(t *testing.T) {
	got := edge(t, "bench", "--frames", "1", "--threads", "1", "--model", "squeezenet1.0")
	require.Equal(t, statusOK, got.status, got.stderr)
	require.Contains(t, got.stdout, "squeezenet1.0, ")
	require.Regexp(t, `(?m)^ +1 +1 +[0-9.]+ +[0-9.]+ +[0-9.]+ +[0-9.]+$`, got.stdout)
	require.Regexp(t, `(?m)^ +conv1 .* 173,\d{3},\d{3} +[0-9.]+ .*(loop|AVX2|VNNI|neon|dotprod)`, got.stdout)
}

func TestBenchUsage(t *testing.T) {
	for _, args := range [][]string{{"bench", "photo.jpg"}, {"bench", "--threads", "0"}, {"bench", "--frames", "-1"}} {
		require.Equal(t, statusUsage, edge(t, args...).status, args)
	}
	got := edge(t, "bench", "--model", "missing.sqz")
	require.Equal(t, statusFailure, got.status)
	require.Contains(t, got.stderr, "missing.sqz")
}

func TestBoardLines(t *testing.T) {
	warm, bits := 61.25, uint32(0x10001)
	before := pihealth.State{ClockHz: 1.5e9}
	after := pihealth.State{ClockHz: 6e8, Celsius: &warm, Throttled: &bits}
	var b strings.Builder
	require.NoError(t, writeBoard(&b, before, after))
	require.Equal(t, "\nbefore  1500 MHz\nafter   600 MHz, 61.2 °C, throttling bits 0x10001, the supply voltage is too low\n", b.String())
	b.Reset()
	require.NoError(t, writeBoard(&b, pihealth.State{}, pihealth.State{}))
	require.Empty(t, b.String())
}
