//go:build unix

package rpicam

import (
	"io"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Module is a camera that the program has found.
type Module struct {
	Name          string    // of its sensor, as imx708
	Width, Height int       // the largest, in pixels
	Rates         []float64 // the most frames a second that its modes have, highest first; none where it is not told
}

// Bounds on the list: what is read of it, and how long it may take.
const (
	listBytes    = 1 << 16
	listPatience = 10 * time.Second
)

// List asks the program of that path for the cameras it finds; cameras that
// are in use are among them.
func List(path string) ([]Module, error) {
	text, p, err := ask(path, "--list-cameras")
	if err != nil {
		return nil, err
	}
	modules := parse(text)
	if len(modules) == 0 {
		return nil, p.trouble("finds no camera module: check its cable, with the power off", nil)
	}
	return modules, nil
}

// version is what the program of that path says of its own and libcamera's.
func version(path string) string {
	text, _, err := ask(path, "--version")
	if err != nil {
		return err.Error()
	}
	if text = readable([]byte(text)[:min(len(text), keptBytes)]); text == "" {
		return "which it does not tell"
	}
	return text
}

// ask runs the program with that option until it ends, and gives its output.
func ask(path, option string) (string, *process, error) {
	reader, writer, err := os.Pipe()
	if err != nil {
		return "", nil, err
	}
	defer reader.Close()
	p, err := start(path, []string{option}, writer)
	_ = writer.Close() // it is the process's now
	if err != nil {
		return "", nil, err
	}
	_ = reader.SetReadDeadline(time.Now().Add(listPatience)) // pipes have deadlines
	text, _ := io.ReadAll(io.LimitReader(reader, listBytes)) // an error ends the list, as the end does
	p.ends(grace)
	return string(text), p, p.stop()
}

// entry begins what the list says of a camera:
// "0 : imx708 [4608x2592 10-bit RGGB] (/base/…)".
var entry = regexp.MustCompile(`(?m)^\d+ : ([\w.-]+) \[(\d{1,5})x(\d{1,5})[ \]]`)

// modeRate is in what it says of a mode: "1536x864 [120.13 fps - (768, 432)/…",
// or in older versions "1536x864 (120.13 fps)".
var modeRate = regexp.MustCompile(`[\[(](\d{1,4}(?:\.\d{1,3})?) fps`)

func parse(list string) []Module {
	list = strings.ReplaceAll(list, "\r", "")
	begins := entry.FindAllStringIndex(list, -1)
	modules := make([]Module, len(begins))
	for i, begin := range begins {
		end := len(list)
		if i+1 < len(begins) {
			end = begins[i+1][0]
		}
		m := entry.FindStringSubmatch(list[begin[0]:end])
		width, _ := strconv.Atoi(m[2]) // five digits at most
		height, _ := strconv.Atoi(m[3])
		modules[i] = Module{m[1], width, height, rates(list[begin[1]:end])}
	}
	return modules
}

// rates are those of the modes, each once.
func rates(modes string) []float64 {
	var rates []float64
	for _, m := range modeRate.FindAllStringSubmatch(modes, -1) {
		if rate, err := strconv.ParseFloat(m[1], 64); err == nil && rate > 0 {
			rates = append(rates, rate)
		}
	}
	slices.Sort(rates)
	rates = slices.Compact(rates)
	slices.Reverse(rates)
	return rates
}
