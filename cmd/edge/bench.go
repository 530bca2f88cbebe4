package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"halfmeg/cmd/edge/internal/bench"
	"halfmeg/cmd/edge/internal/flags"
	"halfmeg/cmd/edge/internal/jsonl"
	"halfmeg/cmd/edge/internal/pihealth"
	"halfmeg/cmd/edge/internal/text"
	"halfmeg/internal/printable"
	"halfmeg/kernels"
)

// benchCommand measures this machine.
type benchCommand struct {
	engine flags.Engine
	frames int // 0: measure for secondsPerRun
	json   bool
}

// benchRecord is what "edge bench --json" writes.
type benchRecord struct {
	Network string `json:"network"`
	ISA     string `json:"instruction_set"`
	bench.Report
	PeakBytes int            `json:"peak_memory_bytes,omitempty"` // resident, of the whole program
	Before    pihealth.State `json:"board_before"`
	After     pihealth.State `json:"board_after"`
}

// secondsPerRun is the duration of the measurement for each number of threads.
const secondsPerRun = 3

func newBench() *cobra.Command {
	var b benchCommand
	command := &cobra.Command{
		Use:   "bench [flags]",
		Short: "Measure how fast this machine runs a network",
		Long: fmt.Sprintf(`bench runs a network on one frame repeatedly, %d seconds for each number of
threads: 1, 2, 4 and so on up to all processors, or only for --threads. It
prints the times of whole frames, then the time and the kernel of each operation
with the last number of threads. On a Raspberry Pi it also reads clock,
temperature and throttling before and after.`, secondsPerRun),
		Example: `  edge bench
  edge bench --threads 1 --frames 50
  edge bench --model squeezenet1.0 --json`,
		Args: cobra.NoArgs,
		RunE: b.run,
	}
	b.engine.Add(command.Flags())
	command.Flags().Var(flags.UpTo(&b.frames, math.MaxInt32), "frames", "measure this `number` of frames instead of 3 seconds")
	command.Flags().BoolVar(&b.json, "json", false, "write one JSON object")
	return command
}

func (b *benchCommand) run(cmd *cobra.Command, _ []string) error {
	n, err := b.engine.Network()
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()

	isa, err := kernels.InstructionSet()
	if err != nil {
		return err
	}
	m := benchRecord{Network: b.engine.Model, ISA: isa, Before: pihealth.Read(os.DirFS("/"))}
	plan := bench.Plan{Threads: b.threads(cmd), Frames: b.frames, Time: secondsPerRun * time.Second}
	if m.Report, err = bench.Measure(ctx, n, plan); err != nil {
		if ctx.Err() != nil {
			err = errors.New("interrupted")
		}
		return err
	}
	m.After, m.PeakBytes = pihealth.Read(os.DirFS("/")), peakMemory()
	if b.json {
		return jsonl.Write(cmd.OutOrStdout(), m)
	}
	return m.write(cmd.OutOrStdout())
}

// threads returns the numbers of threads to measure with.
func (b *benchCommand) threads(cmd *cobra.Command) []int {
	if cmd.Flags().Changed("threads") {
		return []int{b.engine.Threads}
	}
	var list []int
	for n := 1; n < b.engine.Threads; n *= 2 {
		list = append(list, n)
	}
	return append(list, b.engine.Threads)
}

// peakMemory returns the largest resident memory of the program so far in bytes, or 0
// if the system does not report it.
func peakMemory() int {
	status, err := os.Open("/proc/self/status")
	if err != nil {
		return 0
	}
	defer status.Close()
	for lines := bufio.NewScanner(status); lines.Scan(); {
		var kB int
		if _, err := fmt.Sscanf(lines.Text(), "VmHWM: %d kB", &kB); err == nil {
			return kB << 10
		}
	}
	return 0
}

// write writes the figures as text.
func (m *benchRecord) write(w io.Writer) error {
	fmt.Fprintf(w, "%s, %s kernels, %s/%s\n", m.Network, m.ISA, runtime.GOOS, runtime.GOARCH)
	if m.Before.Model != "" {
		fmt.Fprintln(w, printable.Text(m.Before.Model))
	}
	fmt.Fprintf(w, "%s MACs a frame; weights and arena %s bytes", text.Grouped(m.MACs), text.Grouped(m.Memory))
	if m.PeakBytes > 0 {
		fmt.Fprintf(w, ", peak of the process %.1f MB", float64(m.PeakBytes)/1e6)
	}
	fmt.Fprint(w, "\n\n")
	if err := m.writeRuns(w); err != nil {
		return err
	}
	fmt.Fprintln(w)
	if err := m.writeOperations(w); err != nil {
		return err
	}
	return writeBoard(w, m.Before, m.After)
}

func (m *benchRecord) writeRuns(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "threads\tframes\tmin ms\tmedian ms\tp99 ms\tframes/s\t")
	for _, r := range m.Runs {
		fmt.Fprintf(t, "%d\t%d\t%.2f\t%.2f\t%.2f\t%.1f\t\n", r.Threads, r.Frames, r.Min, r.Median, r.P99, r.PerSecond)
	}
	return t.Flush()
}

// writeOperations writes a line for each operation, with multiply-accumulates per cycle if
// the clock is known.
func (m *benchRecord) writeOperations(w io.Writer) error {
	last := m.Runs[len(m.Runs)-1]
	clock := m.After.ClockHz
	if m.After.IsThrottled() {
		clock = 0 // the kernel does not know the clock to which the firmware throttles
	}
	fmt.Fprintf(w, "threads: %d\n", last.Threads)
	longest := 0
	for _, o := range m.Operations {
		longest = max(longest, len(o.Name))
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(t, "%-*s\tms\tMACs\tMACs/ns\t", longest, "operation")
	if clock > 0 {
		fmt.Fprint(t, "MACs/cycle, all threads\t")
	}
	fmt.Fprintln(t, "  kernel")
	for _, o := range m.Operations {
		fmt.Fprintf(t, "%-*s\t%.3f\t%s\t%s\t", longest, o.Name, o.Time, text.Grouped(o.MACs), rate(o.MACs, o.Time*1e6))
		if clock > 0 {
			fmt.Fprintf(t, "%s\t", rate(o.MACs, o.Time*1e-3*clock))
		}
		fmt.Fprintf(t, "  %s\n", strings.Join(o.Kernels, ", "))
	}
	return t.Flush()
}

// rate returns macs divided by a time or a number of cycles, or "" if either is zero.
func rate(macs int64, by float64) string {
	if macs == 0 || by == 0 {
		return ""
	}
	return fmt.Sprintf("%.2f", float64(macs)/by)
}

// writeBoard writes the state of the board before and after.
func writeBoard(w io.Writer, before, after pihealth.State) error {
	if after.ClockHz == 0 && after.Celsius == nil && after.Throttled == nil {
		return nil
	}
	fmt.Fprintln(w)
	for _, s := range []struct {
		name  string
		state pihealth.State
	}{{"before", before}, {"after", after}} {
		if line := boardLine(s.state); line != "" {
			fmt.Fprintf(w, "%-7s %s\n", s.name, line)
		}
	}
	return nil
}

func boardLine(s pihealth.State) string {
	var parts []string
	if s.ClockHz > 0 {
		parts = append(parts, fmt.Sprintf("%.0f MHz", s.ClockHz/1e6))
	}
	if s.Celsius != nil {
		parts = append(parts, fmt.Sprintf("%.1f °C", *s.Celsius))
	}
	if s.Throttled != nil {
		parts = append(parts, fmt.Sprintf("throttling bits %#x", *s.Throttled))
	}
	return strings.Join(append(parts, pihealth.Texts(s.Problems())...), ", ")
}
