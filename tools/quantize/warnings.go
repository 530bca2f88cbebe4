package main

import (
	"fmt"
	"os"

	"halfmeg/quant/float"
	"halfmeg/tools/internal/cli"
	"halfmeg/tools/internal/metrics"
)

// warningList collects the warnings for the report.
type warningList struct{ lines []string }

// warn prints a warning on standard error and keeps it.
func (d *warningList) warn(text string) {
	if text == "" {
		return
	}
	fmt.Fprintln(os.Stderr, cli.Line("quantize: warning: "+text))
	d.lines = append(d.lines, text)
}

// note prints a warning on standard output, among the results, and keeps it.
func (d *warningList) note(text string) {
	fmt.Println("warning:", text)
	d.lines = append(d.lines, text)
}

// deadLayers warns of layers whose weights are all zero.
func (d *warningList) deadLayers(n *float.Network) {
	g, err := n.Topology.Graph()
	if err != nil {
		return // the network was validated
	}
	var dead []string
	for _, s := range g.Convolutions {
		if allZero(n.Layers[s.Layer].Weights) {
			dead = append(dead, s.Name)
		}
	}
	d.warn(metrics.DeadLayers(dead))
}

func allZero(weights []float32) bool {
	for _, w := range weights {
		if w != 0 {
			return false
		}
	}
	return true
}
