// Quantize converts a pretrained SqueezeNet to an int8 .sqz file, calibrated on a
// folder of pictures:
//
//	go run ./tools/quantize -weights FILE -calib DIR -out FILE.sqz
//
// The file takes at most 480,000 bytes, or -max-bytes. The weights are ONNX,
// Caffe's .caffemodel, a PyTorch state dict, .safetensors or Deep Compression's
// .net. Every tenth picture is held out; on these the agreement of the int8
// network with the float one is measured at the end.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"syscall"

	"halfmeg/internal/atomicfile"
	"halfmeg/model"
	"halfmeg/model/sqz"
	"halfmeg/quant"
	"halfmeg/quant/importer"
	"halfmeg/tools/internal/cli"
	"halfmeg/tools/internal/compress"
	"halfmeg/tools/internal/metrics"
	"halfmeg/tools/internal/pictures"
)

// settings are the values of the flags.
type settings struct {
	weights string
	calib   string
	out     string
	workers int
	rounds  int // of distillation
	compress.Limits
	report  string
	options importer.Options
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C kills the program
	err := run(ctx)
	var usage importer.OptionError
	switch {
	case errors.As(err, &usage):
		cli.Usage("quantize", err.Error())
	case err != nil:
		cli.Exit("quantize", err, "interrupted; nothing was written")
	}
}

func run(ctx context.Context) error {
	s := readFlags()
	debug.SetGCPercent(30) // most of the heap is activations that stay live: do not let garbage double it
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryLimit)
	}
	outputs := []cli.Output{{Flag: "-out", Path: s.out}, {Flag: "-report", Path: s.report}}
	if err := cli.CheckOutputs("quantize", outputs, cli.Output{Flag: "weights", Path: s.weights}); err != nil {
		return err
	}
	loaded, err := importer.Load(s.weights, s.options)
	if err != nil {
		return err
	}
	n := loaded.Network
	fmt.Printf("%s: %s, SqueezeNet %s, %d classes, input %dx%d %s\n",
		s.weights, loaded.Format, n.Topology.Name, n.Topology.Head.Classes, n.Input.Size, n.Input.Size, n.Input.Order)
	for _, line := range loaded.Read {
		fmt.Println(cli.Line("read: " + line))
	}
	for _, line := range loaded.Assumed {
		fmt.Println(cli.Line("assumed: " + line))
	}
	d := &warningList{}
	for _, line := range n.Topology.Warnings() {
		d.note(line)
	}
	d.deadLayers(n)
	if n.Topology.Conv1.Pad > 0 {
		fmt.Println(borderCost(n.Input))
	}
	classes := pictures.Classes{Count: n.Topology.Head.Classes, Names: n.Labels}
	if loaded.Labels != nil {
		classes.IDs = loaded.Labels.IDs
	}
	folder, err := pictures.List(s.calib, classes)
	if err != nil {
		return err
	}
	for _, line := range folder.Notes {
		fmt.Println(cli.Line(line))
	}
	if err := folder.Check(n.Topology.Head.Classes); err != nil {
		return err
	}
	if err := probe(ctx, n, loaded.Graph, folder, s.workers, d); err != nil {
		return err
	}
	chosen, err := quantize(ctx, n, folder, s, d)
	if err != nil {
		return err
	}
	_, sizes, err := sqz.DecodeSizes(chosen.Encoded)
	if err != nil {
		return err
	}
	printLayers(chosen.Result, sizes)
	printAgreement(chosen)
	if chosen.blind == "" {
		d.warn(metrics.FewPictures(chosen.Agreement))
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if s.report != "" {
		if err := writeReport(s.report, n, chosen, sizes, d.lines); err != nil {
			return err
		}
		fmt.Printf("%s: report, with photographs from the folder\n", s.report)
	}
	// Models are public: readable for everyone.
	err = atomicfile.Write(s.out, 0o644, func(w io.Writer) error {
		_, err := w.Write(chosen.Encoded)
		return err
	})
	if err != nil {
		return fmt.Errorf("writing %s: %w", s.out, err)
	}
	fmt.Printf("%s: %d bytes\n", s.out, chosen.Bytes)
	return nil
}

// memoryLimit is the soft limit of the heap in bytes, unless GOMEMLIMIT is set:
// SqueezeNet v1.1 with a thousand pictures fits a machine with 4 GB.
const memoryLimit = 3_600 << 20

// borderCost returns a line about the error of a padded conv1: outside the picture
// it reads the mean rounded to whole bytes.
func borderCost(in model.Input) string {
	worst := 0.0
	for c, b := range in.MeanBytes() {
		worst = max(worst, math.Abs(float64(b)-float64(in.Mean[c]))/float64(in.Std[c]))
	}
	return fmt.Sprintf("conv1 is padded: outside the picture the int8 network reads bytes %v for the mean %v, an error of at most %.2g standard deviations",
		in.MeanBytes(), in.Mean, worst)
}

func readFlags() *settings {
	s := &settings{}
	flag.StringVar(&s.weights, "weights", "", "`file` of pretrained weights: .onnx, .caffemodel, .pth, .safetensors or .net")
	flag.StringVar(&s.calib, "calib", "", "`folder` of pictures for calibration, a few hundred like those the network will see")
	flag.StringVar(&s.out, "out", "", ".sqz `file` to write")
	flag.IntVar(&s.Bytes, "max-bytes", 480_000, "limit of the file in `bytes`: weights are rounded as coarsely as necessary; 0 rounds as finely as int8 allows")
	flag.Float64Var(&s.Drop, "max-drop", 0, "instead of -max-bytes: write the smallest file whose top-1 on held-out pictures is expected to drop by at most this many `points`; needs 200 pictures")
	flag.IntVar(&s.rounds, "distill", 0, "`number` of rounds of distillation from the float network, 16 pictures each; the result is kept if it is better on held-out pictures")
	flag.StringVar(&s.report, "report", "", "HTML `file` to write: a report on where the bytes and the errors are, with the worst pictures")
	flag.IntVar(&s.workers, "workers", runtime.GOMAXPROCS(0), "`number` of pictures processed in parallel; the result does not depend on it")
	s.options.Flags(flag.CommandLine)
	cli.Flags("quantize", about)
	given := map[string]bool{}
	flag.Visit(func(f *flag.Flag) { given[f.Name] = true })
	switch {
	case s.weights == "" || s.calib == "" || s.out == "":
		cli.Usage("quantize", "-weights FILE, -calib DIR and -out FILE.sqz are required (-help lists the flags)")
	case flag.NArg() > 0:
		cli.Usage("quantize", fmt.Sprintf("unexpected argument %q: quantize takes only flags", flag.Arg(0)))
	case s.workers < 1:
		cli.Usage("quantize", fmt.Sprintf("-workers %d: at least one worker is needed", s.workers))
	case s.Bytes < 0:
		cli.Usage("quantize", fmt.Sprintf("-max-bytes %d: must not be negative", s.Bytes))
	case given["max-drop"] && !(s.Drop > 0 && s.Drop <= 100):
		cli.Usage("quantize", fmt.Sprintf("-max-drop %v: expected points above 0, at most 100", s.Drop))
	case given["max-drop"] && given["max-bytes"]:
		cli.Usage("quantize", "-max-bytes and -max-drop exclude each other")
	case s.rounds < 0:
		cli.Usage("quantize", fmt.Sprintf("-distill %d: the number of rounds must not be negative", s.rounds))
	}
	return s
}

const about = `Quantize converts a pretrained SqueezeNet to an int8 .sqz file, calibrated on a
folder of pictures.

  go run ./tools/quantize -weights squeezenet.onnx -calib pictures/ -labels labels.txt -out squeezenet.sqz

If the classes of pictures are known, the tool checks that pictures are
preprocessed as the network expects. It prints what it assumed, with the flag to
override it.

` + cli.PicturesHelp + "\n" + cli.FitHelp + cli.FitAdvice + "\n" + cli.TopologyHelp

// printLayers prints the bytes and the signal-to-noise ratios of each layer.
func printLayers(r *quant.Result, sizes sqz.Sizes) {
	fmt.Printf("\n%-18s %8s %9s %9s %9s %12s %12s\n", "layer", "weights", "bytes", "bits/w", "range", "weights dB", "output dB")
	for i, l := range r.Layers {
		weights := len(r.Network.Layers[i].Weights)
		bytes := sizes.Layers[i].Weights + sizes.Layers[i].Parameters
		fmt.Printf("%-18s %8d %9d %9.2f %9.4g %12s %12s\n", l.Name, weights, bytes,
			8*float64(sizes.Layers[i].Weights)/float64(weights), l.Range, decibels(l.WeightSNR), decibels(l.ActivationSNR))
	}
}

// decibels formats a ratio, or a dash if it was not measured.
func decibels(ratio float64) string {
	if math.IsNaN(ratio) {
		return "-"
	}
	return fmt.Sprintf("%.1f", ratio)
}

// printAgreement prints the agreement with the float network on the held-out
// pictures.
func printAgreement(m *outcome) {
	a := m.Agreement
	if a.Pictures == 0 {
		fmt.Print("\nToo few pictures to hold some out: the agreement with the float network was not measured.\n")
		return
	}
	if m.blind != "" {
		fmt.Printf("\nint8 against float on %d held-out pictures: error of the logits %.2f %% of their spread\n", a.Pictures, a.LogitError)
		return
	}
	fmt.Printf("\nint8 against float on %d held-out pictures: same top-1 %.1f %% %s, KL divergence %.4f\n", a.Pictures, a.SameTop1, a.SameUncertainty(1), a.KL)
	if a.Labelled > 0 {
		fmt.Printf("top-1 float %.1f %%, int8 %.1f %%: drop %.1f %s points; top-5 float %.1f %%, int8 %.1f %%\n",
			m.float.Top1, m.int8.Top1, a.Drop, a.DropUncertainty(1), m.float.Top5, m.int8.Top5)
	}
}
