//go:build amd64 || arm64

package v4l2

import (
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"halfmeg/camera/pixel"
)

// Node describes a video device file and its device.
type Node struct {
	Path    string
	Driver  string
	Card    string // the device's name
	Bus     string // where it is plugged in
	Modes   []Mode
	Problem string // why it cannot be used as a camera; empty if it can
}

// List describes all video nodes of the system in the order of their numbers.
func List() []Node {
	paths, _ := filepath.Glob("/dev/video[0-9]*") // the pattern is valid
	slices.SortFunc(paths, func(a, b string) int { return number(a) - number(b) })
	nodes := make([]Node, len(paths))
	for i, path := range paths {
		nodes[i] = describeNode(path)
	}
	return nodes
}

func number(path string) int {
	n, _ := strconv.Atoi(strings.TrimPrefix(path, "/dev/video")) // 0 for an unusual name
	return n
}

func describeNode(path string) Node {
	d, err := openDevice(path)
	if err != nil {
		return Node{Path: path, Problem: strings.TrimPrefix(err.Error(), path+": ")}
	}
	n := d.describe()
	_ = d.close() // nothing was written
	return n
}

func (d *device) describe() Node {
	n := Node{Path: d.path, Driver: d.driver, Card: d.card, Bus: d.bus, Problem: d.unsuitable()}
	if d.capabilities&(capVideoCapture|capVideoCaptureMPlane) == 0 {
		return n
	}
	n.Modes = d.modes()
	codes := d.fourCCs()
	switch {
	case n.Problem != "":
	case len(codes) == 0:
		n.Problem = noFormat
	case !slices.ContainsFunc(codes, func(c pixel.FourCC) bool { return slices.Contains(preference, c) }):
		n.Problem = "offers no supported pixel format, only " + joinFourCCs(codes)
	case d.unsureReceiver():
		n.Problem = "a camera connector that lists all formats it could receive: " + throughRPiCam +
			"; a bridge, set up with media-ctl, by this name"
	}
	return n
}
