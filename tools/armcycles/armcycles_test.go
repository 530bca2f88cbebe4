package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestReadProfile(t *testing.T) {
	p, err := readProfile(strings.NewReader("window 3 3 4\n" +
		"block 3 1000 10 4e94e200 14000000\n" +
		"block 4 10f0 2 d65f03c0\n" +
		"cache 100 20 3\nend\n"))
	require.NoError(t, err)
	require.Equal(t, &profile{
		blocks:   map[int]block{3: {0x1000, 10, []word{0x4e94e200, 0x14000000}}, 4: {0x10f0, 2, []word{0xd65f03c0}}},
		windows:  [][]int{{3, 3, 4}},
		accesses: 100, l1Misses: 20, l2Misses: 3,
	}, p)
	require.Equal(t, 22, p.instructions())
}

func TestReadProfileRejects(t *testing.T) {
	for text, want := range map[string]string{
		"":                             "incomplete",
		"cache 1 2 3\n":                "incomplete",
		"window 1\nwindow x\nend\n":    "line 2",
		"block 1 zz 2 00000000\nend\n": "line 1",
		"block 1 0 2\nend\n":           "not a line",
		"block 1 0 2 123456789\nend\n": "line 1",
		"cache 1 2\nend\n":             "not a line",
		"\nend\n":                      "not a line",
	} {
		_, err := readProfile(strings.NewReader(text))
		require.ErrorContains(t, err, want, "%q", text)
	}
}

func TestStandalone(t *testing.T) {
	for text, want := range map[string]string{
		"sdot\tv0.4s, v16.16b, v20.4b[0]":    "sdot v0.4s, v16.16b, v20.4b[0]",
		"b\t0x40 <$x+0x40>":                  "b #8",
		"b.ne\t0x40 <$x+0x40>":               "b.ne #8",
		"cbnz\tx3, 0x40 <$x+0x40>":           "cbnz x3, #8",
		"tbz\tw3, #5, 0x40":                  "tbz w3, #5, #8",
		"adrp\tx0, 0x1000 <$x+0x1000>":       "adrp x0, #0",
		"ldr\tx0, 0x1000 <$x+0x1000>":        "ldr x0, #8",
		"ldr\tx0, [x1, #16]":                 "ldr x0, [x1, #16]",
		"mov\tx0, #-1                // =-1": "mov x0, #-1",
		"svc\t#0":                            "nop",
		"<unknown>":                          "nop",
	} {
		require.Equal(t, want, standalone(text))
	}
}

func TestParseCycles(t *testing.T) {
	text := "\n[0] Code Region - r0\n\nIterations:        1\nTotal Cycles:      120\n\n[1] Code Region - r1\nTotal Cycles:      7\n"
	cycles, err := parseCycles(text, 2)
	require.NoError(t, err)
	require.Equal(t, []int{120, 7}, cycles)
	_, err = parseCycles(text, 3)
	require.ErrorContains(t, err, "window 3 of 3")
}

func TestRelativeError(t *testing.T) {
	require.Zero(t, relativeError([]float64{2, 2, 2}))
	require.InDelta(t, 0.5, relativeError([]float64{1, 3}), 1e-12) // deviation √2, over √2, of mean 2
}

func TestFunctions(t *testing.T) {
	f := functions{{Name: "a", Value: 16, Size: 16}, {Name: "b", Value: 64, Size: 0}}
	for address, want := range map[uint64]string{0: "?", 16: "a", 31: "a", 32: "?", 64: "b", 68: "?"} {
		require.Equal(t, want, f.at(address), "%d", address)
	}
	require.Equal(t, "?", functions(nil).at(5))
}

func TestConfigIsChecked(t *testing.T) {
	good := config{core: "cortex-a76", per: 1, windows: 1, length: shortest, program: []string{"x"}}
	require.NoError(t, good.check())
	for want, spoil := range map[string]func(*config){
		"cortex-a53, cortex-a72": func(c *config) { c.core = "m1" },
		"-per":                   func(c *config) { c.per = 0 },
		"-window must":           func(c *config) { c.length = 1 },
		"no program":             func(c *config) { c.program = nil },
	} {
		c := good
		spoil(&c)
		require.ErrorContains(t, c.check(), want)
	}
}
