package main

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"halfmeg/model/classify"

	"github.com/stretchr/testify/require"
)

func TestClassifyText(t *testing.T) {
	a, b := writePNG(t, 64, 48), writePNG(t, 31, 57)
	got := edge(t, "classify", a, b)
	require.Equal(t, statusOK, got.status, got.stderr)
	require.Empty(t, got.stderr)
	lines := strings.Split(got.stdout, "\n")
	require.Len(t, lines, 6+1+6+1)
	require.Contains(t, lines[0], a+"  64x48  ")
	require.Contains(t, lines[7], b+"  31x57  ")
	for _, line := range lines[1:6] {
		require.Regexp(t, `^  [ 0-9]{3}\.\d %  \S`, line)
	}
}

func TestClassifyJSON(t *testing.T) {
	a, b := writePNG(t, 64, 48), writeFile(t, "b.jpg", encodeJPEG(t, 640, 480))
	got := edge(t, "classify", "--json", "--top", "3", a, b)
	require.Equal(t, statusOK, got.status, got.stderr)
	records := decodeLines[pictureRecord](t, got.stdout)
	require.Len(t, records, 2)
	require.Equal(t, []any{a, 64, 48}, []any{records[0].File, records[0].Width, records[0].Height})
	require.Equal(t, []any{b, 640, 480}, []any{records[1].File, records[1].Width, records[1].Height})
	for _, record := range records {
		requireResults(t, record.Results, 3)
		require.Positive(t, record.Times.Infer)
	}
}

// The answer does not depend on the number of threads, or on whether the picture is read
// from a file or standard input.
func TestClassifyIsReproducible(t *testing.T) {
	picture := encodePNG(t, 100, 80)
	file := writeFile(t, "a.png", picture)
	want := requireAnswer(t, edge(t, "classify", "--json", file))
	for _, args := range [][]string{{"-"}, {"--threads", "3", "-"}, {"--model", "squeezenet1.1", "-"}} {
		answer := requireAnswer(t, edgeReading(t, picture, append([]string{"classify", "--json"}, args...)...))
		require.Equal(t, "-", answer.File)
		require.Equal(t, want.Results, answer.Results)
	}
}

func TestClassifyBadPictures(t *testing.T) {
	dir := t.TempDir()
	for name, c := range map[string]struct {
		file  string
		words []string
	}{
		"text":       {writeFile(t, "notes.jpg", []byte("Dear diary, today I saw a cat.\n")), []string{"notes.jpg", "not a picture"}},
		"empty":      {writeFile(t, "empty.jpg", nil), []string{"empty.jpg"}},
		"missing":    {filepath.Join(dir, "missing.jpg"), []string{"missing.jpg", "no such file"}},
		"directory":  {dir, []string{"is a directory; name its files: edge classify " + filepath.Join(dir, "*.jpg")}},
		"truncated":  {writeFile(t, "half.jpg", half(encodeJPEG(t, 640, 480))), []string{"half.jpg", "truncated"}},
		"one pixel":  {writePNG(t, 1, 1), []string{"picture.png", "1x1"}},
		"huge claim": {writeFile(t, "bomb.png", hugePNG()), []string{"bomb.png", "30000"}},
	} {
		t.Run(name, func(t *testing.T) {
			got := edge(t, "classify", c.file)
			requireFailure(t, statusFailure, got, c.words...)
			require.Empty(t, got.stdout)
		})
	}
}

// A file that cannot be read does not stop the others.
func TestClassifyContinuesAfterError(t *testing.T) {
	got := edge(t, "classify", "--json", writePNG(t, 64, 48), "missing.jpg", writePNG(t, 48, 64))
	requireFailure(t, statusFailure, got, "missing.jpg")
	require.Len(t, decodeLines[pictureRecord](t, got.stdout), 2)
}

// A file name may contain control characters: the error stays one line.
func TestClassifyFileNameWithControlCharacters(t *testing.T) {
	requireFailure(t, statusFailure, edge(t, "classify", "a\nb\x1b[31m.jpg"), "a b [31m.jpg")
}

// A 640x480 JPEG must take at most 24 MB, for small boards. Memory is measured
// while the program waits for a second picture.
func TestClassifyMemory(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("LEFT OUT: the peak of memory is read from Linux's /proc")
	}
	if strings.Contains(os.Getenv("GOFLAGS"), "-race") {
		t.Skip("LEFT OUT: the race detector needs additional memory")
	}
	command := exec.Command(program, "classify", "--json", writeFile(t, "a.jpg", encodeJPEG(t, 640, 480)), "-")
	stdin, err := command.StdinPipe()
	require.NoError(t, err)
	stdout, err := command.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, command.Start())
	_, err = bufio.NewReader(stdout).ReadString('\n')
	require.NoError(t, err)
	status, err := os.ReadFile("/proc/" + strconv.Itoa(command.Process.Pid) + "/status")
	require.NoError(t, err)
	require.NoError(t, stdin.Close())
	_ = command.Wait() // fails: the second picture is empty

	_, peak, found := strings.Cut(string(status), "VmHWM:")
	require.True(t, found, "%s", status)
	kilobytes, err := strconv.Atoi(strings.Fields(peak)[0])
	require.NoError(t, err)
	t.Logf("peak resident memory: %d kB", kilobytes)
	require.LessOrEqual(t, kilobytes, 24_000)
}

// requireAnswer checks that a run classified one picture, and returns its record.
func requireAnswer(t *testing.T, got outcome) pictureRecord {
	t.Helper()
	require.Equal(t, statusOK, got.status, got.stderr)
	records := decodeLines[pictureRecord](t, got.stdout)
	require.Len(t, records, 1)
	return records[0]
}

// requireResults checks the number of results and their order by probability.
func requireResults(t *testing.T, list []classify.Class, n int) {
	t.Helper()
	require.Len(t, list, n)
	var sum float32
	for i, r := range list {
		require.NotEmpty(t, r.Label)
		require.Positive(t, r.Probability)
		sum += r.Probability
		if i > 0 {
			require.LessOrEqual(t, r.Logit, list[i-1].Logit)
			require.LessOrEqual(t, r.Probability, list[i-1].Probability)
		}
	}
	require.LessOrEqual(t, sum, float32(1.0001))
}

// decodeLines reads one JSON object a line and rejects fields that T lacks.
func decodeLines[T any](t *testing.T, text string) []T {
	t.Helper()
	var list []T
	for line := range strings.Lines(text) {
		d := json.NewDecoder(strings.NewReader(line))
		d.DisallowUnknownFields()
		var value T
		require.NoError(t, d.Decode(&value), line)
		list = append(list, value)
	}
	return list
}

// draw returns a picture with a smooth gradient.
func draw(width, height int) image.Image {
	m := image.NewNRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			m.SetNRGBA(x, y, color.NRGBA{uint8(255 * x / width), uint8(255 * y / height), 90, 255})
		}
	}
	return m
}

func encodePNG(t *testing.T, width, height int) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, png.Encode(&b, draw(width, height)))
	return b.Bytes()
}

func encodeJPEG(t *testing.T, width, height int) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, jpeg.Encode(&b, draw(width, height), nil))
	return b.Bytes()
}

func writePNG(t *testing.T, width, height int) string {
	t.Helper()
	return writeFile(t, "picture.png", encodePNG(t, width, height))
}

func writeFile(t *testing.T, name string, data []byte) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(file, data, 0o644))
	return file
}

func half(data []byte) []byte { return data[:len(data)/2] }

// hugePNG returns a header that claims 30000x30000 pixels, without any data.
func hugePNG() []byte {
	header := []byte("IHDR")
	header = binary.BigEndian.AppendUint32(header, 30000)
	header = binary.BigEndian.AppendUint32(header, 30000)
	header = append(header, 8, 2, 0, 0, 0) // 8 bits, RGB
	file := []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0d")
	file = append(file, header...)
	return binary.BigEndian.AppendUint32(file, crc32.ChecksumIEEE(header))
}
