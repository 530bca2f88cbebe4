package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"halfmeg/cmd/edge/internal/inspect"
	"halfmeg/cmd/edge/internal/jsonl"
	"halfmeg/cmd/edge/internal/network"
	"halfmeg/cmd/edge/internal/text"
	"halfmeg/internal/printable"
	"halfmeg/model"
	"halfmeg/model/pretrained"
)

// infoCommand describes a network.
type infoCommand struct {
	json     bool
	topology bool
}

// description is what "edge info --json" writes.
type description struct {
	Name    string        `json:"name"` // the argument
	BuiltIn []builtInFile `json:"built_in,omitempty"`
	inspect.Summary
}

// builtInFile is a built-in network.
type builtInFile struct {
	Name  string `json:"name"`
	Bytes int    `json:"bytes"`
}

func newInfo() *cobra.Command {
	var i infoCommand
	command := &cobra.Command{
		Use:   "info [flags] [NAME | FILE.sqz]",
		Short: "Describe a network: its layers, sizes, costs and origin",
		Long: `info describes a network: its layers with their shapes, multiply-accumulates,
weights, largest |weight|, bytes in the file and range of activations; how a
picture becomes its input; where its weights came from. Without an argument it
describes the default network and lists the built-in ones.`,
		Example: `  edge info
  edge info squeezenet1.0
  edge info --json mine.sqz
  edge info --topology mine.sqz > mine.json`,
		Args: i.checkArgs,
		RunE: i.run,
	}
	command.Flags().BoolVar(&i.json, "json", false, "write one JSON object")
	command.Flags().BoolVar(&i.topology, "topology", false, "write only the topology, as the JSON that quantize -topology reads")
	return command
}

func (i *infoCommand) checkArgs(_ *cobra.Command, names []string) error {
	if i.json && i.topology {
		return errors.New("--json contains the topology: use either --json or --topology")
	}
	if len(names) > 1 {
		return fmt.Errorf("info describes one network, not %d", len(names))
	}
	return nil
}

func (i *infoCommand) run(cmd *cobra.Command, names []string) error {
	d, err := describe(names)
	if err != nil {
		return err
	}
	if i.topology {
		return writeTopology(cmd.OutOrStdout(), d.Topology)
	}
	if i.json {
		return jsonl.Write(cmd.OutOrStdout(), d)
	}
	return d.write(cmd.OutOrStdout())
}

func describe(names []string) (description, error) {
	var d description
	if len(names) == 0 {
		builtIn, err := builtInFiles()
		if err != nil {
			return d, err
		}
		d.BuiltIn = builtIn
		names = []string{pretrained.Default}
	}
	d.Name = names[0]
	data, err := network.Read(d.Name)
	if err != nil {
		return d, err
	}
	if d.Summary, err = inspect.Summarize(data); err != nil {
		return d, fmt.Errorf("%s: %w", d.Name, err)
	}
	return d, nil
}

// writeTopology writes a topology as JSON that can be edited.
func writeTopology(w io.Writer, t model.Topology) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(t)
}

func builtInFiles() ([]builtInFile, error) {
	var list []builtInFile
	for _, name := range pretrained.Names() {
		data, err := pretrained.Bytes(name)
		if err != nil {
			return nil, err
		}
		list = append(list, builtInFile{name, len(data)})
	}
	return list, nil
}

// write writes the description as text: the network, its origin, its layers.
func (d *description) write(w io.Writer) error {
	fields := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	field := func(name, format string, args ...any) {
		fmt.Fprintf(fields, "%s\t%s\n", name, printable.Text(fmt.Sprintf(format, args...)))
	}
	field("network", "%s (SqueezeNet %s)", d.Name, d.Topology.Name)
	field("file", "%s bytes: labels %s, header %s, layers as below",
		text.Grouped(d.Bytes), text.Grouped(d.LabelBytes), text.Grouped(d.HeaderBytes))
	field("parameters", "%s", text.Grouped(d.Parameters))
	field("MACs", "%s a frame", text.Grouped(d.MACs))
	field("classes", "%d, %d labels", d.Topology.Head.Classes, d.Labels)
	field("input", "%s", text.InputRule(d.Input))
	field("pooling", "rounds %s", text.Rounding(d.Topology.PoolCeil))
	field("weights", "%s (%s)", d.Source.Weights, d.Source.Format)
	field("", "sha256 %s", d.Source.SHA256)
	field("calibration", "%s", d.Source.Calibration)
	field("made by", "%s", d.Source.Tool)
	for _, warning := range d.Warnings {
		field("warning", "%s", warning)
	}
	for _, f := range d.BuiltIn {
		field("built in", "%s, %s bytes", f.Name, text.Grouped(f.Bytes))
	}
	if err := fields.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(w)
	return writeLayers(w, d.Layers)
}

// writeLayers writes the table of layers. A tabwriter aligns all columns to the
// same side, so names are padded to be aligned left.
func writeLayers(w io.Writer, layers []inspect.Layer) error {
	longest := 0
	for _, l := range layers {
		longest = max(longest, len(l.Name))
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(table, "%-*s\tin\tout\tMACs\tweights\tzeros\tmax |w|\tbytes\trange\t\n", longest, "layer")
	for _, l := range layers {
		fmt.Fprintf(table, "%-*s\t%s\t%s\t%s\n", longest, l.Name, text.Shape(l.In), text.Shape(l.Out), convolutionCells(l))
	}
	return table.Flush()
}

// convolutionCells returns the cells that are empty for a pool.
func convolutionCells(l inspect.Layer) string {
	if l.Weights == 0 {
		return "\t\t\t\t\t\t"
	}
	activations := ""
	if l.Range > 0 {
		activations = fmt.Sprintf("%.4g", l.Range)
	}
	return fmt.Sprintf("%s\t%s\t%.1f %%\t%d\t%s\t%s\t", text.Grouped(l.MACs), text.Grouped(l.Weights),
		100*float64(l.Zeros)/float64(l.Weights), l.Largest, text.Grouped(l.Bytes), activations)
}
