package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"halfmeg/camera"
	"halfmeg/cmd/edge/internal/jsonl"
	"halfmeg/internal/printable"
)

// camerasCommand lists the sources of frames.
type camerasCommand struct {
	json bool
}

// cameraList is what "edge cameras --json" writes.
type cameraList struct {
	Sources []camera.SourceInfo `json:"sources"`
	Auto    string              `json:"auto"` // what --camera auto selects; empty if nothing
	Why     string              `json:"why"`
}

func newCameras() *cobra.Command {
	var c camerasCommand
	command := &cobra.Command{
		Use:   "cameras [flags]",
		Short: "List the cameras, and which one auto selects",
		Long: `cameras lists every source of frames with its driver, formats, sizes and frames
a second, or why it is unavailable; and which one "edge run --camera auto"
selects.`,
		Example: `  edge cameras
  edge cameras --json`,
		Args: cobra.NoArgs,
		RunE: c.run,
	}
	command.Flags().BoolVar(&c.json, "json", false, "write one JSON object")
	return command
}

func (c *camerasCommand) run(cmd *cobra.Command, _ []string) error {
	list := cameraList{Sources: camera.List()}
	list.Auto, list.Why = camera.AutoChoice(list.Sources)
	if c.json {
		return jsonl.Write(cmd.OutOrStdout(), list)
	}
	return list.write(cmd.OutOrStdout())
}

// write writes the list as text. Pixel formats with the same sizes share a
// line.
func (l *cameraList) write(w io.Writer) error {
	var b strings.Builder
	for _, f := range l.Sources {
		b.WriteString(strings.Join(nonEmpty(f.Name, printable.Text(f.Card), printable.Text(f.Driver), printable.Text(f.Bus)), "  ") + "\n")
		if f.Problem != "" {
			fmt.Fprintf(&b, "    unavailable: %s\n", printable.Text(f.Problem))
		}
		for i, m := range f.Modes {
			if i > 0 && describeSizes(f.Modes[i-1].Sizes) == describeSizes(m.Sizes) {
				continue
			}
			fmt.Fprintf(&b, "    %s  %s\n", printable.Text(sameSizes(f.Modes[i:])), describeSizes(m.Sizes))
		}
	}
	if l.Auto == "" {
		fmt.Fprintf(&b, "auto selects none: %s\n", printable.Text(l.Why))
	} else {
		fmt.Fprintf(&b, "auto selects %s: %s\n", l.Auto, printable.Text(l.Why))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// sameSizes lists the first pixel formats that share the sizes of the first.
func sameSizes(modes []camera.Mode) string {
	var names []string
	for _, m := range modes {
		if describeSizes(m.Sizes) != describeSizes(modes[0].Sizes) {
			break
		}
		names = append(names, strings.TrimRight(m.FourCC, " "))
	}
	return strings.Join(names, ", ")
}

// nonEmpty returns the words that are not empty.
func nonEmpty(words ...string) []string {
	var list []string
	for _, w := range words {
		if w != "" {
			list = append(list, w)
		}
	}
	return list
}

func describeSizes(sizes []camera.Size) string {
	if len(sizes) == 0 {
		return "sizes unknown"
	}
	words := make([]string, len(sizes))
	for i, s := range sizes {
		words[i] = fmt.Sprintf("%dx%d", s.Width, s.Height)
		if s.MaxWidth > 0 {
			words[i] += fmt.Sprintf("…%dx%d", s.MaxWidth, s.MaxHeight)
		}
		if len(s.Rates) > 0 {
			words[i] += fmt.Sprintf(" at %s", describeRates(s.Rates))
		}
	}
	return strings.Join(words, ", ")
}

// describeRates returns the lowest and the highest rate. Rates are in descending order.
func describeRates(rates []float64) string {
	highest, lowest := rates[0], rates[len(rates)-1]
	if highest == lowest {
		return fmt.Sprintf("%.4g/s", highest)
	}
	return fmt.Sprintf("%.4g…%.4g/s", lowest, highest)
}
