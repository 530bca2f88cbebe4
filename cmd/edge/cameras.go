package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"halfmeg/camera"
	"halfmeg/internal/printable"
)

// cameras is the command that lists the sources of frames.
type cameras struct {
	json bool
}

// sources is what "edge cameras --json" writes.
type sources struct {
	Sources []camera.Found `json:"sources"`
	Auto    string         `json:"auto"` // the one that --camera auto takes; empty where it is none
	Why     string         `json:"why"`
}

func newCameras() *cobra.Command {
	var c cameras
	command := &cobra.Command{
		Use:   "cameras [flags]",
		Short: "List the cameras, and which one auto takes",
		Long: `cameras lists every source of frames that is found, with its driver, formats,
sizes and frames a second, or why it does not serve; and which of them
"edge run --camera auto" takes.`,
		Example: `  edge cameras
  edge cameras --json`,
		Args: cobra.NoArgs,
		RunE: c.run,
	}
	command.Flags().BoolVar(&c.json, "json", false, "write one JSON object")
	return command
}

func (c *cameras) run(cmd *cobra.Command, _ []string) error {
	s := sources{Sources: camera.List()}
	s.Auto, s.Why = camera.AutoChoice(s.Sources)
	if c.json {
		return writeJSON(cmd.OutOrStdout(), s)
	}
	return s.write(cmd.OutOrStdout())
}

// write shows the sources to people. Pixel formats with the same sizes share a
// line.
func (s *sources) write(w io.Writer) error {
	var b strings.Builder
	for _, f := range s.Sources {
		b.WriteString(strings.Join(present(f.Name, printable.Text(f.Card), printable.Text(f.Driver), printable.Text(f.Bus)), "  ") + "\n")
		if f.Problem != "" {
			fmt.Fprintf(&b, "    does not serve: %s\n", printable.Text(f.Problem))
		}
		for i, m := range f.Modes {
			if i > 0 && sizesInWords(f.Modes[i-1].Sizes) == sizesInWords(m.Sizes) {
				continue
			}
			fmt.Fprintf(&b, "    %s  %s\n", printable.Text(sameSizes(f.Modes[i:])), sizesInWords(m.Sizes))
		}
	}
	if s.Auto == "" {
		fmt.Fprintf(&b, "auto takes none: %s\n", printable.Text(s.Why))
	} else {
		fmt.Fprintf(&b, "auto takes %s: %s\n", s.Auto, printable.Text(s.Why))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// sameSizes lists the pixel formats at the start that have the same sizes.
func sameSizes(modes []camera.Mode) string {
	var names []string
	for _, m := range modes {
		if sizesInWords(m.Sizes) != sizesInWords(modes[0].Sizes) {
			break
		}
		names = append(names, strings.TrimRight(m.FourCC, " "))
	}
	return strings.Join(names, ", ")
}

// present leaves out what is empty.
func present(words ...string) []string {
	var list []string
	for _, w := range words {
		if w != "" {
			list = append(list, w)
		}
	}
	return list
}

func sizesInWords(sizes []camera.Size) string {
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
			words[i] += fmt.Sprintf(" at %s", ratesInWords(s.Rates))
		}
	}
	return strings.Join(words, ", ")
}

// ratesInWords are the highest and the lowest.
func ratesInWords(rates []float64) string {
	highest, lowest := rates[0], rates[len(rates)-1]
	if highest == lowest {
		return fmt.Sprintf("%.4g/s", highest)
	}
	return fmt.Sprintf("%.4g…%.4g/s", lowest, highest)
}
