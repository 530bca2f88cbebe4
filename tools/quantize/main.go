// Quantize makes a .sqz file of a pretrained SqueezeNet and a folder of
// pictures:
//
//	go run ./tools/quantize -weights FILE -calib DIR -out FILE.sqz
//
// The weights may be ONNX, Caffe's .caffemodel, a PyTorch state dict,
// .safetensors or Deep Compression's .net. Every fifth picture is held out
// and shows at the end how well the int8 network agrees with the float one.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"syscall"

	"halfmeg/model"
	"halfmeg/model/sqz"
	"halfmeg/quant"
	"halfmeg/quant/float"
	"halfmeg/quant/weights"
	"halfmeg/tools/fail"
	"halfmeg/tools/pictures"
	"halfmeg/tools/progress"
	"halfmeg/tools/score"
)

// settings are the tool's own flags.
type settings struct {
	weights string
	calib   string
	out     string
	workers int
	budget  int // bytes; 0 is no budget
	options weights.Options
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program at once
	err := run(ctx)
	var usage weights.OptionError
	switch {
	case errors.As(err, &usage):
		fail.Usage("quantize", err.Error())
	case err != nil:
		fail.Exit("quantize", err, "interrupted; nothing was written")
	}
}

func run(ctx context.Context) error {
	s := readFlags()
	debug.SetGCPercent(30) // most of the memory is activations that stay; do not let garbage double it
	if err := writable(s.out); err != nil {
		return err
	}
	loaded, err := weights.Load(s.weights, s.options)
	if err != nil {
		return err
	}
	n := loaded.Network
	fmt.Printf("%s: %s, SqueezeNet %s, %d classes, input %dx%d %s\n",
		s.weights, loaded.Format, n.Topology.Name, n.Topology.Head.Classes, n.Input.Size, n.Input.Size, n.Input.Order)
	for _, line := range loaded.Assumed {
		fmt.Println(fail.Line("assumed: " + line))
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
	result, held, err := quantize(ctx, n, folder, s)
	if err != nil {
		return err
	}
	coded, err := sqz.Encode(result.Network)
	if err != nil {
		return err
	}
	if err := printLayers(result, coded); err != nil {
		return err
	}
	if err := printAgreement(ctx, n, result.Network, held, s.workers); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := sqz.WriteFile(s.out, result.Network); err != nil {
		return err
	}
	fmt.Printf("%s: %d bytes\n", s.out, len(coded))
	return nil
}

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
	flag.IntVar(&s.budget, "max-bytes", 0, "largest file that is wanted, in `bytes`: weights are rounded as coarsely as that takes (default: as finely as int8 can)")
	flag.IntVar(&s.workers, "workers", runtime.GOMAXPROCS(0), "`number` of pictures worked on at once; the result does not depend on it")
	s.options.Flags(flag.CommandLine)
	flag.Usage = usage
	flag.Parse()
	switch {
	case s.weights == "" || s.calib == "" || s.out == "":
		fail.Usage("quantize", "needs -weights FILE, -calib DIR and -out FILE.sqz (see -help)")
	case flag.NArg() > 0:
		fail.Usage("quantize", fmt.Sprintf("takes flags, no other arguments: %q", flag.Arg(0)))
	case s.workers < 1:
		fail.Usage("quantize", fmt.Sprintf("-workers %d: at least one is needed", s.workers))
	case s.budget < 0:
		fail.Usage("quantize", fmt.Sprintf("-max-bytes %d: a file cannot be that small", s.budget))
	}
	return s
}

// writable tells beforehand whether a file can be written at path: quantizing
// takes minutes.
func writable(path string) error {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return fmt.Errorf("-out %s is a folder; a file is wanted", path)
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".quantize.*")
	if err != nil {
		return fmt.Errorf("-out %s cannot be written: %w", path, err)
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

func usage() {
	fmt.Fprint(flag.CommandLine.Output(), `Quantize makes a .sqz file of a pretrained SqueezeNet and a folder of pictures.

  go run ./tools/quantize -weights squeezenet.onnx -calib pictures/ -labels labels.txt -out squeezenet.sqz

The folder holds labels.csv (lines "file,label"), one folder a class, or just
pictures. With labels the tool checks that the pictures are prepared as the
network wants them; it tells what it assumed, and the flags correct it.

`)
	flag.PrintDefaults()
}

// quantize reads the pictures and makes the int8 network of all but the held
// out ones.
func quantize(ctx context.Context, n *float.Network, folder *pictures.Folder, s *settings) (*quant.Result, *pictures.Inputs, error) {
	inputs, err := read(ctx, n, folder, s.workers)
	if err != nil {
		return nil, nil, err
	}
	calibration, held := inputs.HoldOut()
	n.Source.Calibration = fmt.Sprintf("%d pictures", len(calibration.Data))
	n.Source.Tool = "halfmeg quantize"
	once := func(ctx context.Context, divergence float64) (*quant.Result, error) {
		return quantizeOnce(ctx, n, calibration.Data, divergence, s.workers)
	}
	var result *quant.Result
	if s.budget > 0 {
		result, err = fit(ctx, s.budget, once)
	} else {
		result, err = once(ctx, 0)
	}
	if err != nil {
		return nil, nil, err
	}
	for _, err := range inputs.Broken {
		fmt.Fprintln(os.Stderr, fail.Line("quantize: left out: "+err.Error()))
	}
	if len(inputs.Broken) > 0 {
		fmt.Printf("warning: %d of %d pictures could not be read and were left out\n", len(inputs.Broken), len(folder.Items))
	}
	if len(calibration.Data) < fewPictures {
		fmt.Printf("warning: calibrated on %d pictures only; with some hundreds the int8 network comes nearer to the float one\n", len(calibration.Data))
	}
	return result, held, nil
}

// read brings all pictures to the network's input.
func read(ctx context.Context, n *float.Network, folder *pictures.Folder, workers int) (*pictures.Inputs, error) {
	board := progress.New()
	defer board.Close()
	return pictures.Load(ctx, folder.Items, n.Input, workers, board.Bar("reading pictures", len(folder.Items)))
}

// quantizeOnce makes one int8 network, with a progress bar.
func quantizeOnce(ctx context.Context, n *float.Network, pictures [][]int8, divergence float64, workers int) (*quant.Result, error) {
	board := progress.New()
	defer board.Close()
	var advance func()
	return quant.Quantize(ctx, n, pictures, quant.Options{
		Workers:    workers,
		Divergence: divergence,
		Progress: func(_, total int) {
			if advance == nil {
				advance = board.Bar("quantizing layers", total)
			}
			advance()
		},
	})
}

// fewPictures is where calibration begins to suffer.
const fewPictures = 100

// printLayers shows what each layer costs and what it lost.
func printLayers(r *quant.Result, coded []byte) error {
	sizes, err := sqz.Measure(coded)
	if err != nil {
		return err
	}
	fmt.Printf("\n%-18s %8s %9s %9s %9s %12s %12s\n", "layer", "weights", "bytes", "bits/w", "range", "weights dB", "output dB")
	for i, l := range r.Layers {
		weights := len(r.Network.Layers[i].Weights)
		bytes := sizes.Layers[i].Weights + sizes.Layers[i].Parameters
		fmt.Printf("%-18s %8d %9d %9.2f %9.4g %12.1f %12.1f\n", l.Name, weights, bytes,
			8*float64(sizes.Layers[i].Weights)/float64(weights), l.Range, l.WeightSNR, l.ActivationSNR)
	}
	return nil
}

// printAgreement compares int8 with float on the held-out pictures.
func printAgreement(ctx context.Context, n *float.Network, q *model.Network, held *pictures.Inputs, workers int) error {
	if len(held.Data) == 0 {
		fmt.Print("\nToo few pictures to hold some out: agreement with the float network was not measured.\n")
		return nil
	}
	board := progress.New()
	defer board.Close()
	step := board.Bar("checking on held-out pictures", 2*len(held.Data))
	newFloat, err := score.Float(n)
	if err != nil {
		return err
	}
	want, err := score.Logits(ctx, newFloat, held.Data, workers, step)
	if err != nil {
		return err
	}
	got, err := score.Logits(ctx, score.Int8(q), held.Data, workers, step)
	if err != nil {
		return err
	}
	board.Close()
	labels := held.Labels()
	a := score.Compare(want, got, labels)
	fmt.Printf("\nint8 against float on %d held-out pictures: same top-1 %.1f %% ± %.1f, KL divergence %.4f\n", a.Pictures, a.SameTop1, a.SameError, a.KL)
	if a.Labelled > 0 {
		f, q := score.Of(want, labels), score.Of(got, labels)
		fmt.Printf("top-1 float %.1f %%, int8 %.1f %%: drop %.1f ± %.1f points; top-5 float %.1f %%, int8 %.1f %%\n",
			f.Top1, q.Top1, a.Drop, a.DropError, f.Top5, q.Top5)
	}
	return nil
}
