//go:build linux && (amd64 || arm64)

package v4l2

import (
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"halfmeg/camera/pixel"
)

// Node is a video device file and what is behind it.
type Node struct {
	Path    string
	Driver  string
	Card    string // the camera's name
	Bus     string // where it is plugged in
	Modes   []Mode
	Problem string // why it does not serve as a camera; empty where it does
}

// List looks at all video nodes of the system, in the order of their numbers.
func List() []Node {
	paths, _ := filepath.Glob("/dev/video[0-9]*") // the pattern is right
	slices.SortFunc(paths, func(a, b string) int { return number(a) - number(b) })
	nodes := make([]Node, len(paths))
	for i, path := range paths {
		nodes[i] = look(path)
	}
	return nodes
}

func number(path string) int {
	n, _ := strconv.Atoi(strings.TrimPrefix(path, "/dev/video")) // of a strange name 0
	return n
}

func look(path string) Node {
	d, err := openDevice(path)
	if err != nil {
		return Node{Path: path, Problem: strings.TrimPrefix(err.Error(), path+": ")}
	}
	described := d.describe()
	_ = d.close() // nothing was written
	return described
}

func (d *device) describe() Node {
	n := Node{Path: d.path, Driver: d.driver, Card: d.card, Bus: d.bus, Problem: d.unfit()}
	if d.capabilities&(capVideoCapture|capVideoCaptureMPlane) == 0 {
		return n
	}
	n.Modes = d.modes()
	codes := d.codes()
	if n.Problem == "" && !slices.ContainsFunc(codes, func(c pixel.FourCC) bool { return slices.Contains(Preference, c) }) {
		n.Problem = "offers no pixel format that can be used, but " + inWords(codes)
	}
	return n
}
