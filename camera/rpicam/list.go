//go:build unix

package rpicam

import (
	"io"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Module is a camera that the program has found.
type Module struct {
	Name          string // of its sensor, as imx708
	Width, Height int    // the largest, in pixels
}

// Bounds on the list: what is read of it, and how long it may take.
const (
	listBytes    = 1 << 16
	listPatience = 10 * time.Second
)

// List asks the program of that path for the cameras it finds; cameras that
// are in use are among them.
func List(path string) ([]Module, error) {
	reader, writer, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer reader.Close()
	p, err := start(path, []string{"--list-cameras"}, writer)
	_ = writer.Close() // it is the process's now
	if err != nil {
		return nil, err
	}
	_ = reader.SetReadDeadline(time.Now().Add(listPatience)) // pipes have deadlines
	text, _ := io.ReadAll(io.LimitReader(reader, listBytes)) // an error ends the list, as the end does
	p.ends(grace)
	if err := p.stop(); err != nil {
		return nil, err
	}
	modules := parse(string(text))
	if len(modules) == 0 {
		return nil, p.trouble("finds no camera module: check its cable, with the power off", nil)
	}
	return modules, nil
}

// entry begins what the list says of a camera:
// "0 : imx708 [4608x2592 10-bit RGGB] (/base/…)".
var entry = regexp.MustCompile(`(?m)^\d+ : ([\w.-]+) \[(\d{1,5})x(\d{1,5})[ \]]`)

func parse(list string) []Module {
	var modules []Module
	for _, m := range entry.FindAllStringSubmatch(strings.ReplaceAll(list, "\r", ""), -1) {
		width, _ := strconv.Atoi(m[2]) // five digits at most
		height, _ := strconv.Atoi(m[3])
		modules = append(modules, Module{m[1], width, height})
	}
	return modules
}
