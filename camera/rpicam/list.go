//go:build unix

package rpicam

import (
	"io"
	"os"
	"slices"
	"strconv"
	"time"

	"halfmeg/camera/internal/deviceerr"
	"halfmeg/camera/internal/program"
	"halfmeg/internal/lazyregexp"
)

// Module is a camera module that the program has found.
type Module struct {
	Name          string    // of its sensor, such as imx708
	Width, Height int       // the largest size, in pixels
	Rates         []float64 // maximum frames per second of its modes, highest first; empty if not listed
}

// Bounds on the output and the run time of an informational option.
const (
	maxOutputBytes = 1 << 16
	outputTimeout  = 10 * time.Second
)

// List runs the program at path to list the camera modules, including those in
// use.
func List(path string) ([]Module, error) {
	text, p, err := run(path, "--list-cameras")
	if err != nil {
		return nil, err
	}
	modules := parseModules(text)
	if len(modules) == 0 {
		return nil, p.ErrorWithLog("no camera module found: check its cable, with the power off", deviceerr.ErrAbsent)
	}
	return modules, nil
}

// version returns what the program at path reports as its version and that of
// libcamera.
func version(path string) string {
	text, _, err := run(path, "--version")
	if err != nil {
		return err.Error()
	}
	if text = program.CleanLine([]byte(text)); text == "" {
		return "unknown"
	}
	return text
}

// run runs the program with one option until it ends and returns its output.
func run(path, option string) (string, *process, error) {
	reader, writer, err := os.Pipe()
	if err != nil {
		return "", nil, err
	}
	defer reader.Close()
	p, err := start(path, []string{option}, writer)
	_ = writer.Close() // the process has its own descriptor
	if err != nil {
		return "", nil, err
	}
	_ = reader.SetReadDeadline(time.Now().Add(outputTimeout))     // pipes support deadlines
	text, _ := io.ReadAll(io.LimitReader(reader, maxOutputBytes)) // an error ends the output like EOF
	p.Wait(program.KillDelay)
	return string(text), p, p.Stop()
}

// moduleLine is the first line of a module's entry:
// "0 : imx708 [4608x2592 10-bit RGGB] (/base/…)".
var moduleLine = lazyregexp.New(`(?m)^\d+ : ([\w.-]+) \[(\d{1,5})x(\d{1,5})[ \]]`)

// modeRate is part of a mode's line: "1536x864 [120.13 fps - (768, 432)/…", or in
// older versions "1536x864 (120.13 fps)".
var modeRate = lazyregexp.New(`[\[(](\d{1,4}(?:\.\d{1,3})?) fps`)

func parseModules(list string) []Module {
	starts := moduleLine().FindAllStringIndex(list, -1)
	modules := make([]Module, len(starts))
	for i, start := range starts {
		end := len(list)
		if i+1 < len(starts) {
			end = starts[i+1][0]
		}
		m := moduleLine().FindStringSubmatch(list[start[0]:end])
		width, _ := strconv.Atoi(m[2]) // at most five digits
		height, _ := strconv.Atoi(m[3])
		modules[i] = Module{m[1], width, height, parseRates(list[start[1]:end])}
	}
	return modules
}

// parseRates returns the different rates of a module's modes, highest first.
func parseRates(modes string) []float64 {
	var rates []float64
	for _, m := range modeRate().FindAllStringSubmatch(modes, -1) {
		if rate, err := strconv.ParseFloat(m[1], 64); err == nil && rate > 0 {
			rates = append(rates, rate)
		}
	}
	slices.Sort(rates)
	rates = slices.Compact(rates)
	slices.Reverse(rates)
	return rates
}
