package main

import (
	"bytes"
	"encoding/json"
	"image"
	"image/png"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"halfmeg/internal/testnet"
	"halfmeg/model/sqz"
)

// TestWordNetFolders: a .sqz file has no WordNet ids, so folders named by them need
// -labels, unless there is one for each class.
func TestWordNetFolders(t *testing.T) {
	topology := testnet.Small()
	topology.Head.Classes = 3
	n := testnet.Network(rand.New(rand.NewPCG(1, 2)), topology, testnet.Uniform)
	n.Labels = []string{"hen", "goldfish", "tench"}
	file, err := sqz.Encode(n)
	require.NoError(t, err)
	var picture bytes.Buffer
	require.NoError(t, png.Encode(&picture, image.NewGray(image.Rect(0, 0, 40, 40))))
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	for name, content := range map[string]string{
		"n.sqz": string(file), "words.txt": "n01514668 hen\nn01443537 goldfish\nn01440764 tench\n", "few.txt": "hen\n",
		"val/n01440764/a.png": picture.String(), "val/n01514668/b.png": picture.String(),
	} {
		require.NoError(t, os.MkdirAll(filepath.Dir(path(name)), 0o755))
		require.NoError(t, os.WriteFile(path(name), []byte(content), 0o644))
	}
	binary := path("eval.exe")
	out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput()
	require.NoError(t, err, string(out))
	run := func(args ...string) (stdout, stderr string) {
		c := exec.Command(binary, append([]string{"-json", "-fit", "Direct", "-model", path("n.sqz"), "-images", path("val")}, args...)...)
		var outputs [2]bytes.Buffer
		c.Stdout, c.Stderr = &outputs[0], &outputs[1]
		_ = c.Run()
		return outputs[0].String(), outputs[1].String()
	}

	_, stderr := run()
	require.Contains(t, stderr, "the class of no picture is known")
	require.Contains(t, stderr, "use -labels with a file that has them")
	_, stderr = run("-labels", path("few.txt"))
	require.Contains(t, stderr, "eval: -labels: "+path("few.txt")+`: 1 labels for 3 classes`)

	classes := func(stdout string) (found []int, r report) {
		require.NoError(t, json.Unmarshal([]byte(stdout), &r))
		for _, c := range r.Worst {
			found = append(found, c.Class)
		}
		return found, r
	}
	stdout, stderr := run("-labels", path("words.txt"))
	require.Empty(t, stderr)
	found, r := classes(stdout)
	require.ElementsMatch(t, []int{0, 2}, found)
	require.Equal(t, 2, r.Accuracy.Pictures)
	require.Empty(t, r.Notes)

	require.NoError(t, os.MkdirAll(path("val/n01443537"), 0o755))
	stdout, _ = run()
	found, r = classes(stdout)
	require.ElementsMatch(t, []int{0, 2}, found)
	require.Len(t, r.Notes, 1)
	require.Contains(t, r.Notes[0], "n01440764 is assumed to be class 0")
}
