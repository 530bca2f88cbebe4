// Quantize makes a .sqz file of a pretrained SqueezeNet and a folder of
// pictures:
//
//	go run ./tools/quantize -weights FILE -calib DIR -out FILE.sqz
//
// The file stays under 480,000 bytes, or what -max-bytes says.
// The weights may be ONNX, Caffe's .caffemodel, a PyTorch state dict,
// .safetensors or Deep Compression's .net. Every tenth picture is held out
// and shows at the end how well the int8 network agrees with the float one.
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
	"path/filepath"
	"runtime"
	"runtime/debug"
	"syscall"

	"halfmeg/internal/atomicfile"
	"halfmeg/model"
	"halfmeg/model/sqz"
	"halfmeg/quant"
	"halfmeg/quant/importer"
	"halfmeg/tools/internal/cli"
	"halfmeg/tools/internal/pictures"
)

// settings are the tool's own flags.
type settings struct {
	weights string
	calib   string
	out     string
	workers int
	bytes   int     // largest file; 0 is as fine as int8 can be
	drop    float64 // largest expected drop of top-1 in points, instead of bytes; 0 is none
	rounds  int     // of distillation
	report  string
	options importer.Options
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program at once
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
	debug.SetGCPercent(30) // most of the memory is activations that stay; do not let garbage double it
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryLimit)
	}
	if err := s.checkOutputs(); err != nil {
		return err
	}
	loaded, err := importer.Load(s.weights, s.options)
	if err != nil {
		return err
	}
	n := loaded.Network
	fmt.Printf("%s: %s, SqueezeNet %s, %d classes, input %dx%d %s\n",
		s.weights, loaded.Format, n.Topology.Name, n.Topology.Head.Classes, n.Input.Size, n.Input.Size, n.Input.Order)
	for _, line := range loaded.Assumed {
		fmt.Println(cli.Line("assumed: " + line))
	}
	for _, line := range n.Topology.Warnings() {
		fmt.Println("warning:", line)
	}
	if n.Topology.Conv1.Pad > 0 {
		fmt.Println(borderCost(n.Input))
	}
	folder, err := pictures.List(s.calib, n.Labels)
	if err != nil {
		return err
	}
	if err := folder.Check(n.Topology.Head.Classes); err != nil {
		return err
	}
	if err := probe(ctx, n, folder, s.workers); err != nil {
		return err
	}
	made, err := quantize(ctx, n, folder, s)
	if err != nil {
		return err
	}
	_, sizes, err := sqz.DecodeSizes(made.coded)
	if err != nil {
		return err
	}
	printLayers(made.result, sizes)
	printAgreement(made)
	if err := ctx.Err(); err != nil {
		return err
	}
	if s.report != "" {
		if err := writeReport(s.report, n, made, sizes); err != nil {
			return err
		}
		fmt.Printf("%s: the report, with photographs of the folder\n", s.report)
	}
	// Readable for everyone, as models are.
	err = atomicfile.Write(s.out, 0o644, func(w io.Writer) error {
		_, err := w.Write(made.coded)
		return err
	})
	if err != nil {
		return fmt.Errorf("writing %s: %w", s.out, err)
	}
	fmt.Printf("%s: %d bytes\n", s.out, made.bytes)
	return nil
}

// memoryLimit is where garbage is collected at once: 4 GB are enough for
// SqueezeNet v1.1 and a thousand pictures.
const memoryLimit = 3_600 << 20

// borderCost says what a padded conv1 loses: outside the frame it reads whole
// bytes, not the exact mean.
func borderCost(in model.Input) string {
	worst := 0.0
	for c, b := range in.MeanBytes() {
		worst = max(worst, math.Abs(float64(b)-float64(in.Mean[c]))/float64(in.Std[c]))
	}
	return fmt.Sprintf("conv1 is padded: outside the frame int8 reads the bytes %v for the mean %v, off by %.2g of a standard deviation at most",
		in.MeanBytes(), in.Mean, worst)
}

func readFlags() *settings {
	s := &settings{}
	flag.StringVar(&s.weights, "weights", "", "pretrained weights: `file` .onnx, .caffemodel, .pth, .safetensors or .net")
	flag.StringVar(&s.calib, "calib", "", "`folder` of pictures to calibrate on, some hundreds of the kind the network will see")
	flag.StringVar(&s.out, "out", "", ".sqz `file` to write")
	flag.IntVar(&s.bytes, "max-bytes", 480_000, "largest file that is wanted, in `bytes`: weights are rounded as coarsely as that takes; 0 rounds as finely as int8 can")
	flag.Float64Var(&s.drop, "max-drop", 0, "instead of -max-bytes: the smallest file whose top-1 on held-out pictures is expected to drop by `points` at most; takes 200 pictures")
	flag.IntVar(&s.rounds, "distill", 0, "`rounds` in which the int8 network then learns from the float one, 16 pictures each; it is kept if it is better on held-out pictures")
	flag.StringVar(&s.report, "report", "", "HTML `file` to write: where the bytes and the errors are, with the worst pictures")
	flag.IntVar(&s.workers, "workers", runtime.GOMAXPROCS(0), "`number` of pictures worked on at once; the result does not depend on it")
	s.options.Flags(flag.CommandLine)
	cli.Flags("quantize", about)
	given := map[string]bool{}
	flag.Visit(func(f *flag.Flag) { given[f.Name] = true })
	switch {
	case s.weights == "" || s.calib == "" || s.out == "":
		cli.Usage("quantize", "needs -weights FILE, -calib DIR and -out FILE.sqz (see -help)")
	case flag.NArg() > 0:
		cli.Usage("quantize", fmt.Sprintf("takes flags, no other arguments: %q", flag.Arg(0)))
	case s.workers < 1:
		cli.Usage("quantize", fmt.Sprintf("-workers %d: at least one is needed", s.workers))
	case s.bytes < 0:
		cli.Usage("quantize", fmt.Sprintf("-max-bytes %d: a file cannot be that small", s.bytes))
	case given["max-drop"] && !(s.drop > 0 && s.drop <= 100):
		cli.Usage("quantize", fmt.Sprintf("-max-drop %v: points above 0, 100 at most, are wanted", s.drop))
	case given["max-drop"] && given["max-bytes"]:
		cli.Usage("quantize", "-max-bytes and -max-drop: only one of them can be met")
	case s.rounds < 0:
		cli.Usage("quantize", fmt.Sprintf("-distill %d: a number of rounds is wanted", s.rounds))
	}
	return s
}

// checkOutputs tells beforehand whether the files can be written, for
// quantizing takes minutes, and whether one would take the place of another.
func (s *settings) checkOutputs() error {
	if s.report != "" && sameFile(s.out, s.report) {
		return fmt.Errorf("-out and -report are the same file, %s", s.out)
	}
	for _, f := range []struct{ name, path string }{{"-out", s.out}, {"-report", s.report}} {
		if f.path == "" {
			continue
		}
		if sameFile(f.path, s.weights) {
			return fmt.Errorf("%s %s would overwrite the weights", f.name, f.path)
		}
		if err := writable(f.name, f.path); err != nil {
			return err
		}
	}
	return nil
}

// sameFile tells whether two paths lead to one file, which need not be there.
func sameFile(a, b string) bool {
	infoA, errA := os.Stat(a)
	infoB, errB := os.Stat(b)
	return filepath.Clean(a) == filepath.Clean(b) || errA == nil && errB == nil && os.SameFile(infoA, infoB)
}

// writable tells whether a file can be written at path.
func writable(name, path string) error {
	if info, err := os.Lstat(path); err == nil && !info.Mode().IsRegular() {
		return fmt.Errorf("%s %s is a %s; a file is wanted", name, path, kind(info.Mode()))
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".quantize.*")
	if err != nil {
		return fmt.Errorf("%s %s cannot be written: %w", name, path, err)
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// kind says in a word what is at a path that is no regular file.
func kind(mode os.FileMode) string {
	switch {
	case mode.IsDir():
		return "folder"
	case mode&os.ModeSymlink != 0:
		return "symbolic link"
	}
	return "device or pipe"
}

const about = `Quantize makes a .sqz file of a pretrained SqueezeNet and a folder of pictures.

  go run ./tools/quantize -weights squeezenet.onnx -calib pictures/ -labels labels.txt -out squeezenet.sqz

The folder holds labels.csv (lines "file,label"), one folder a class, or just
pictures. With labels the tool checks that the pictures are prepared as the
network wants them; it tells what it assumed, and the flags correct it.
`

// printLayers shows what each layer costs and what it lost.
func printLayers(r *quant.Result, sizes sqz.Sizes) {
	fmt.Printf("\n%-18s %8s %9s %9s %9s %12s %12s\n", "layer", "weights", "bytes", "bits/w", "range", "weights dB", "output dB")
	for i, l := range r.Layers {
		weights := len(r.Network.Layers[i].Weights)
		bytes := sizes.Layers[i].Weights + sizes.Layers[i].Parameters
		fmt.Printf("%-18s %8d %9d %9.2f %9.4g %12s %12s\n", l.Name, weights, bytes,
			8*float64(sizes.Layers[i].Weights)/float64(weights), l.Range, decibels(l.WeightSNR), decibels(l.ActivationSNR))
	}
}

// decibels is a ratio to print; a dash stands for one that was not measured.
func decibels(ratio float64) string {
	if math.IsNaN(ratio) {
		return "-"
	}
	return fmt.Sprintf("%.1f", ratio)
}

// printAgreement compares int8 with float on the held-out pictures.
func printAgreement(m *made) {
	a := m.agreement
	if a.Pictures == 0 {
		fmt.Print("\nToo few pictures to hold some out: agreement with the float network was not measured.\n")
		return
	}
	fmt.Printf("\nint8 against float on %d held-out pictures: same top-1 %.1f %% ± %.1f, KL divergence %.4f\n", a.Pictures, a.SameTop1, a.SameError, a.KL)
	if a.Labelled > 0 {
		fmt.Printf("top-1 float %.1f %%, int8 %.1f %%: drop %.1f ± %.1f points; top-5 float %.1f %%, int8 %.1f %%\n",
			m.float.Top1, m.int8.Top1, a.Drop, a.DropError, m.float.Top5, m.int8.Top5)
	}
}
