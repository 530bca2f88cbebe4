package main

import (
	"errors"
	"flag"
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"halfmeg/model"
	"halfmeg/quant/importer"
	"halfmeg/tools/internal/cli"
)

// settings are the values of the flags.
type settings struct {
	pictures   string
	out        string
	floatOut   string
	reportOut  string
	checkpoint string // path of the checkpoint
	resume     bool
	weights    string
	from       string
	classes    []string
	seed       uint64
	epochs     int // 0: by the method
	batch      int
	rate       float64 // 0: by the method
	mirror     bool
	mixed      float64 // negative: by the method
	side       int     // of the variants for fine-tune and scratch; 0: by the method
	memory     int     // in MiB
	bytes      int
	workers    int
	example    bool
	options    importer.Options
}

// The methods of training.
const (
	fromHead     = "head"
	fromFineTune = "fine-tune"
	fromScratch  = "scratch"
)

func readFlags() *settings {
	s := &settings{mixed: -1}
	var classes string
	flag.StringVar(&s.pictures, "pictures", "", "`folder` with one folder of pictures per class")
	flag.StringVar(&s.out, "out", "", ".sqz `file` to write; the float network is written next to it as .safetensors")
	flag.StringVar(&s.reportOut, "report", "", "HTML `file` to write: a report with curves, the confusion matrix and the worst mistakes")
	flag.StringVar(&s.from, "from", "", "training `method`: head, fine-tune or scratch (default: head below 200 training pictures, else fine-tune)")
	flag.StringVar(&s.weights, "weights", "", "`file` of pretrained weights to start from: .onnx, .caffemodel, .pth, .safetensors or .net (default: the network built into edge)")
	flag.StringVar(&classes, "classes", "", "`names` of the classes to train, in their order, separated by commas (default: all)")
	flag.Uint64Var(&s.seed, "seed", 1, "`number` that determines the split, the order and variants of the pictures, and random weights")
	flag.IntVar(&s.epochs, "epochs", 0, "`number` of passes over the training pictures (default: 30 for head; for fine-tune 80000 pictures in all, but 12 to 100 passes; for scratch 200000, but 40 to 150)")
	flag.IntVar(&s.batch, "batch", 32, "`number` of pictures per step")
	flag.Float64Var(&s.rate, "rate", 0, "peak learning `rate` (default: 1.5 for head; 0.01 for fine-tune, and proportionally less below 1000 training pictures; 0.007 for scratch)")
	flag.BoolVar(&s.mirror, "mirror", true, "mirror half of the pictures; -mirror=false for signs, text and anything else with a left and a right")
	flag.Func("mix", "`share` of the pictures, 0 to 1, that are blended with another (mixup), for fine-tune and scratch (default: 0.2 for fine-tune, none for scratch)", s.setMixed)
	flag.IntVar(&s.side, "train-size", 0, "side in `pixels` of the pictures that fine-tune and scratch train on (default: for fine-tune 5/7 of the network's input, but not less than 128; for scratch 3/4 of it, but not less than 96)")
	flag.StringVar(&s.checkpoint, "checkpoint", "", "`file` for the state of fine-tune and scratch, written after each epoch and deleted at the end (default: that of -out, ending in .checkpoint)")
	flag.BoolVar(&s.resume, "resume", false, "continue from the checkpoint")
	flag.IntVar(&s.memory, "memory", 1024, "`MiB` of memory for decoded training pictures, and again for validation pictures; training pictures that do not fit are shrunk, or decoded again in each epoch")
	flag.IntVar(&s.bytes, "max-bytes", 480_000, "limit of the .sqz file in `bytes`; 0 rounds as finely as int8 allows")
	flag.IntVar(&s.workers, "workers", runtime.GOMAXPROCS(0), "`number` of pictures processed in parallel; the result does not depend on it")
	flag.BoolVar(&s.example, "example", false, "draw a small data set, train on it and recognise further pictures; -pictures names a new folder for the drawings (default: a temporary one), -out defaults to example.sqz")
	s.options.Flags(flag.CommandLine)
	cli.Flags(tool, about)
	s.validate(classes)
	return s
}

// setMixed reads -mix.
func (s *settings) setMixed(value string) error {
	share, err := strconv.ParseFloat(value, 64)
	if err != nil || !(share >= 0 && share <= 1) {
		return errors.New("expected a share from 0 to 1")
	}
	s.mixed = share
	return nil
}

// validate ends the program if flags are wrong.
func (s *settings) validate(classes string) {
	if classes != "" {
		for name := range strings.SplitSeq(classes, ",") {
			s.classes = append(s.classes, strings.TrimSpace(name))
		}
	}
	switch {
	case flag.NArg() > 0:
		usage("unexpected argument %q: train takes only flags", flag.Arg(0))
	case !s.example && (s.pictures == "" || s.out == ""):
		usage("-pictures DIR and -out FILE.sqz are required (-help lists the flags)")
	case len(s.classes) == 1:
		usage("-classes %s: at least two classes are needed", classes)
	}
	s.validateFit()
	s.validateWay(classes)
	s.validateNumbers()
	if s.example && s.out == "" {
		s.out = "example.sqz"
	}
	stem := strings.TrimSuffix(s.out, ".sqz")
	s.floatOut = stem + ".safetensors"
	if s.checkpoint == "" {
		s.checkpoint = stem + ".checkpoint"
	}
}

func (s *settings) validateWay(classes string) {
	switch {
	case !slices.Contains([]string{"", fromHead, fromFineTune, fromScratch}, s.from):
		usage("-from %s: expected head, fine-tune or scratch", s.from)
	case s.from == fromScratch && s.weights != "":
		usage("-from scratch starts from random weights: -weights %s does not apply", s.weights)
	case s.example && (classes != "" || s.resume):
		usage("-example draws its own pictures and classes: -classes and -resume do not apply")
	case s.resume && s.from == fromHead:
		usage("-resume: training the head is not resumed, because it takes only a minute")
	case s.checkpoint != "" && s.from == fromHead:
		usage("-checkpoint: training the head keeps no checkpoint")
	case s.weights == "" && s.from != fromScratch && s.options != (importer.Options{Pool: "auto", Size: s.options.Size, Fit: s.options.Fit, Resize: s.options.Resize}):
		usage("options that describe weights, such as -topology or -mean, need -weights FILE or -from scratch")
	}
}

func (s *settings) validateFit() {
	s.options.Fit = strings.ToLower(s.options.Fit)
	var fit model.Fit
	if s.options.Fit != "" {
		if err := fit.UnmarshalText([]byte(s.options.Fit)); err != nil {
			usage("-fit: %v", err)
		}
	}
	switch {
	case s.options.Size < 0:
		usage("-size %d: must not be negative", s.options.Size)
	case s.options.Resize < 0:
		usage("-resize %d: must not be negative", s.options.Resize)
	case s.options.Resize > 0 && (s.options.Fit == "" || fit == model.Direct):
		usage("-resize %d needs -fit crop or -fit squash", s.options.Resize)
	}
}

func (s *settings) validateNumbers() {
	switch {
	case s.epochs < 0:
		usage("-epochs %d: must not be negative", s.epochs)
	case s.batch < 1:
		usage("-batch %d: at least one picture is needed", s.batch)
	case !(s.rate >= 0 && s.rate < 100):
		usage("-rate %v: expected a number from 0 to 100", s.rate)
	case s.side < 0:
		usage("-train-size %d: must not be negative", s.side)
	case s.memory < 1:
		usage("-memory %d: at least 1 MiB is needed", s.memory)
	case s.bytes < 0:
		usage("-max-bytes %d: must not be negative", s.bytes)
	case s.workers < 1:
		usage("-workers %d: at least one worker is needed", s.workers)
	}
}

func usage(format string, args ...any) { cli.Usage(tool, fmt.Sprintf(format, args...)) }

// outputs lists the files to write.
func (s *settings) outputs() []cli.Output {
	return []cli.Output{{Flag: "-out", Path: s.out}, {Flag: "the float network", Path: s.floatOut}, {Flag: "-report", Path: s.reportOut}, {Flag: "-checkpoint", Path: s.checkpoint}}
}

const about = `Train trains a SqueezeNet for classes of pictures and writes it as an int8 .sqz file
for edge, and as .safetensors for PyTorch.

  go run ./tools/train -example                   # needs no pictures
  go run ./tools/train -pictures pictures/ -out mine.sqz
  go run ./cmd/edge classify --model mine.sqz photo.jpg

The folder has one folder of pictures per class, or a labels.csv with lines
"file,class". If it has a folder train and a folder val, the network is trained on
the one and measured on the other; otherwise a fifth of each class is held out. A
class named none holds pictures without anything of interest: edge reports no event
for it.

How it trains (-from):
  head       only the last layer; the others are those of the start. Seconds to a
             minute, and enough for fewer than 200 training pictures or for classes
             of ImageNet
  fine-tune  the last layer first, then all but the earliest. Minutes, more accurate
             from about 200 training pictures on
  scratch    all layers from random weights, by default of v1.1 with a simple bypass and
             128 pixels. Ten minutes to hours, and thousands of pictures

` + cli.FitHelp + `The .sqz file tells edge to use the same rule. By default, head uses that of the
start, whose features it keeps; fine-tune and scratch use direct, by which nothing at
the edges is lost.

` + cli.TopologyHelp
