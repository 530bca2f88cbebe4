package main

import (
	"encoding/binary"
	"encoding/json"
	"hash/crc32"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"halfmeg/model"
	"halfmeg/model/pretrained"
)

func TestInfoJSON(t *testing.T) {
	d := requireDescription(t, edge(t, "info", "--json"))
	require.Equal(t, pretrained.Default, d.Name)
	require.Equal(t, "v1.1", d.Topology.Name)
	require.Equal(t, int64(387_747_520), d.MACs)
	require.Equal(t, 1_235_496, d.Parameters)
	require.Equal(t, 1000, d.Labels)
	require.Equal(t, len(builtIn(t, pretrained.Default)), d.Bytes)
	require.Len(t, d.BuiltIn, len(pretrained.Names()))
}

// A .sqz file is described like a built-in network.
func TestInfoOfFile(t *testing.T) {
	file := writeFile(t, "mine.sqz", builtIn(t, "squeezenet1.0"))
	mine := requireDescription(t, edge(t, "info", "--json", file))
	require.Equal(t, file, mine.Name)
	require.Empty(t, mine.BuiltIn)
	mine.Name = "squeezenet1.0"
	require.Equal(t, mine, requireDescription(t, edge(t, "info", "--json", "squeezenet1.0")))
}

// --topology writes exactly the JSON that the importer reads, without other fields.
func TestInfoTopology(t *testing.T) {
	for _, name := range pretrained.Names() {
		got := edge(t, "info", "--topology", name)
		require.Equal(t, statusOK, got.status, got.stderr)
		d := json.NewDecoder(strings.NewReader(got.stdout))
		d.DisallowUnknownFields()
		var topology model.Topology
		require.NoError(t, d.Decode(&topology))
		require.Equal(t, requireDescription(t, edge(t, "info", "--json", name)).Topology, topology)
	}
	requireFailure(t, statusUsage, edge(t, "info", "--json", "--topology"), "json", "topology")
}

func TestInfoText(t *testing.T) {
	got := edge(t, "info")
	require.Equal(t, statusOK, got.status, got.stderr)
	require.Contains(t, got.stdout, "387,747,520 a frame")
	require.Contains(t, got.stdout, "built in     squeezenet1.0, ")
	require.Regexp(t, `(?m)^ *fire2/expand3x3 +56x56x16 +56x56x64 +28,901,376 +9,216 `, got.stdout)
}

func TestBadNetworkFiles(t *testing.T) {
	good := builtIn(t, pretrained.Default)
	flipped := slices.Clone(good)
	flipped[len(flipped)/2] ^= 0x10
	for name, c := range map[string]struct {
		file  string
		words []string
	}{
		"flipped bit":       {writeFile(t, "flipped.sqz", flipped), []string{"flipped.sqz", "checksum"}},
		"newer version":     {writeFile(t, "newer.sqz", newer(good)), []string{"newer.sqz", "newer", "version"}},
		"truncated":         {writeFile(t, "half.sqz", half(good)), []string{"half.sqz", "truncated"}},
		"longer":            {writeFile(t, "longer.sqz", append(slices.Clone(good), 0)), []string{"longer.sqz"}},
		"empty":             {writeFile(t, "empty.sqz", nil), []string{"empty.sqz", "empty"}},
		"text":              {writeFile(t, "text.sqz", []byte("Dear diary")), []string{"text.sqz", "not a .sqz file"}},
		"missing":           {"missing.sqz", []string{"missing.sqz", strings.Join(pretrained.Names(), ", ")}},
		"directory":         {t.TempDir(), []string{"is a directory"}},
		"under a text file": {filepath.Join(writeFile(t, "a", nil), "b.sqz"), []string{"b.sqz"}},
	} {
		t.Run(name, func(t *testing.T) {
			for _, args := range [][]string{
				{"info", c.file},
				{"classify", "--model", c.file, "a.jpg"},
				{"run", "--camera", "testcard", "--frames", "1", "--model", c.file},
			} {
				got := edge(t, args...)
				requireFailure(t, statusFailure, got, c.words...)
				require.Empty(t, got.stdout)
			}
		})
	}
}

// newer returns the file with a later format version and a matching checksum.
func newer(file []byte) []byte {
	file = slices.Clone(file)
	covered := file[:len(file)-4]
	covered[4] = 200 // the version follows the four bytes of the magic
	sum := crc32.Checksum(covered, crc32.MakeTable(crc32.Castagnoli))
	binary.LittleEndian.PutUint32(file[len(covered):], sum)
	return file
}

func requireDescription(t *testing.T, got outcome) description {
	t.Helper()
	require.Equal(t, statusOK, got.status, got.stderr)
	list := decodeLines[description](t, got.stdout)
	require.Len(t, list, 1)
	return list[0]
}

func builtIn(t *testing.T, name string) []byte {
	t.Helper()
	data, err := pretrained.Bytes(name)
	require.NoError(t, err)
	return data
}
