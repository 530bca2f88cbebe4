// Eval measures the accuracy of a .sqz file on labelled pictures, and its
// agreement with another .sqz or with the float weights it was made from:
//
//	go run ./tools/eval -model FILE.sqz -against WEIGHTS -images DIR
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"syscall"

	"halfmeg/model"
	"halfmeg/tools/internal/cli"
	"halfmeg/tools/internal/metrics"
	"halfmeg/tools/internal/pictures"
	"halfmeg/tools/internal/progress"
)

// settings are the values of the flags.
type settings struct {
	model    string
	against  string
	topology string // of float weights to compare with; "" is that of the model
	images   string
	labels   string
	direct   bool
	json     bool
	workers  int
	worst    int
}

// report is what -json prints.
type report struct {
	Model      string                  `json:"model"`
	Against    string                  `json:"against,omitempty"`
	Images     string                  `json:"images"`
	Fit        string                  `json:"fit"`
	Accuracy   metrics.Accuracy        `json:"accuracy"`
	Other      *metrics.Accuracy       `json:"against_accuracy,omitempty"`
	Compared   *metrics.Agreement      `json:"agreement,omitempty"`
	Worst      []metrics.ClassAccuracy `json:"worst_classes,omitempty"`
	Warning    string                  `json:"warning,omitempty"`
	Warnings   []string                `json:"warnings,omitempty"` // reasons to doubt the figures
	Notes      []string                `json:"notes,omitempty"`
	Unreadable []string                `json:"unreadable,omitempty"`

	blind string // why top-1 and divergence show no errors, see metrics.Blind
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C kills the program
	if err := run(ctx); err != nil {
		cli.Exit("eval", err, "interrupted")
	}
}

func run(ctx context.Context) error {
	s := readFlags()
	tested, err := openModel(s.model)
	if err != nil {
		return err
	}
	var reference *network
	if s.against != "" {
		if reference, err = openReference(s, tested); err != nil {
			return err
		}
	}
	classes := pictures.Classes{Count: tested.classes(), Names: tested.labels}
	var notes []string
	if s.labels != "" {
		if notes, err = classes.Label(s.labels); err != nil {
			return fmt.Errorf("-labels: %w", err)
		}
		tested.labels = classes.Names
	}
	folder, err := pictures.List(s.images, classes)
	if err != nil {
		return err
	}
	folder.Notes = append(notes, folder.Notes...)
	if err := folder.Check(tested.classes()); err != nil {
		return err
	}
	if len(folder.Labelled()) == 0 && reference == nil {
		err := fmt.Errorf("%s: the class of no picture is known: add labels.csv, name the folders by the name or number of their class, or use -against, which needs no classes", s.images)
		if w := folder.Warning(); w != "" {
			err = fmt.Errorf("%w; %s", err, w)
		}
		return err
	}
	r, err := measure(ctx, s, tested, reference, folder)
	if err != nil {
		return err
	}
	for _, w := range r.Warnings {
		fmt.Fprintln(os.Stderr, cli.Line("eval: warning: "+w))
	}
	if s.json {
		return json.NewEncoder(os.Stdout).Encode(r)
	}
	out := bufio.NewWriter(os.Stdout)
	printReport(out, r, tested.labels)
	return out.Flush()
}

func readFlags() *settings {
	s := &settings{}
	var fit string
	flag.StringVar(&s.model, "model", "", ".sqz `file` to measure, or the name of an embedded network")
	flag.StringVar(&s.against, "against", "", "reference `file` to compare with: .sqz or float weights")
	flag.StringVar(&s.topology, "topology", "", "network of float weights to compare with: v1.0, v1.1 or a JSON `file` (default: that of -model)")
	flag.StringVar(&s.images, "images", "", "`folder` of pictures, with labels.csv or one folder per class")
	flag.StringVar(&s.labels, "labels", "", "`file` of class names, as in quantize: for folders named by the WordNet ids in it, or a model without labels")
	flag.StringVar(&fit, "fit", "model", "`rule` to resize pictures to the input: model (the file's own) or direct (the whole picture, without a crop)")
	flag.BoolVar(&s.json, "json", false, "print the report as one JSON object")
	flag.IntVar(&s.workers, "workers", runtime.GOMAXPROCS(0), "`number` of pictures processed in parallel")
	flag.IntVar(&s.worst, "worst", 5, "`number` of worst classes to list")
	cli.Flags("eval", `Eval measures the accuracy of a .sqz file on labelled pictures. With -against it
also measures the agreement with a reference network, which needs no labels.

  go run ./tools/eval -model squeezenet.sqz -against squeezenet.onnx -images pictures/

`+cli.PicturesHelp+"\n"+cli.FitHelp+cli.FitAdvice)
	fit = strings.ToLower(fit)
	switch {
	case s.model == "" || s.images == "":
		cli.Usage("eval", "-model FILE.sqz and -images DIR are required (-help lists the flags)")
	case flag.NArg() > 0:
		cli.Usage("eval", fmt.Sprintf("unexpected argument %q: eval takes only flags", flag.Arg(0)))
	case s.topology != "" && s.against == "":
		cli.Usage("eval", "-topology describes the weights of -against, which is missing")
	case fit != "model" && fit != "direct":
		cli.Usage("eval", fmt.Sprintf("-fit %q: expected model or direct", fit))
	case s.workers < 1 || s.worst < 0:
		cli.Usage("eval", fmt.Sprintf("-workers %d, -worst %d: at least one worker is needed, and the number of classes must not be negative", s.workers, s.worst))
	}
	s.direct = fit == "direct"
	return s
}

func measure(ctx context.Context, s *settings, tested, reference *network, folder *pictures.Folder) (*report, error) {
	bars := progress.New()
	defer bars.Close()
	r := &report{Model: s.model, Against: s.against, Images: s.images, Fit: "model", Warning: folder.Warning(), Notes: folder.Notes}
	if s.direct {
		r.Fit = model.Direct.String()
	}
	got, inputs, err := classify(ctx, s, bars, "network", tested, folder.Items)
	if err != nil {
		return nil, err
	}
	for _, err := range inputs.Unreadable {
		r.Unreadable = append(r.Unreadable, err.Error())
	}
	labels := inputs.Labels()
	r.Accuracy = metrics.Measure(got, labels)
	r.Worst = metrics.WorstClasses(got, labels, tested.labels, s.worst)
	r.warn(metrics.DeadLayers(tested.dead))
	r.warn(metrics.AtChance(int(math.Round(r.Accuracy.Top1*float64(r.Accuracy.Pictures)/100)), r.Accuracy.Pictures, tested.classes()))
	if reference == nil {
		r.blind = metrics.Blind(got)
		if r.blind != "" {
			r.warn(r.blind + ": neither top-1 nor top-5 shows errors")
		}
		return r, nil
	}
	r.Notes = append(r.Notes, reference.notes...)
	if len(reference.dead) > 0 {
		r.warn(s.against + ": " + metrics.DeadLayers(reference.dead))
	}
	want, _, err := classify(ctx, s, bars, "reference", reference, inputs.Items)
	if err != nil {
		return nil, err
	}
	other, compared := metrics.Measure(want, labels), metrics.Compare(want, got, labels)
	r.Other, r.Compared = &other, &compared
	if r.blind = metrics.Blind(want); r.blind != "" {
		r.warn(metrics.BlindWarning(r.blind))
	} else {
		r.warn(metrics.FewPictures(compared))
	}
	return r, nil
}

// warn adds a warning; "" means none.
func (r *report) warn(warning string) {
	if warning != "" {
		r.Warnings = append(r.Warnings, warning)
	}
}

func classify(ctx context.Context, s *settings, bars *progress.Bars, stage string, n *network, items []pictures.Item) ([][]float32, *pictures.Inputs, error) {
	in := n.input
	if s.direct {
		in.Fit = model.Direct
	}
	inputs, err := pictures.Load(ctx, items, in, s.workers, bars.Add(stage+": reading", len(items)))
	if err != nil {
		return nil, nil, err
	}
	outputs, err := metrics.RunAll(ctx, n.runner, inputs.Data, s.workers, bars.Add(stage+": running", len(inputs.Data)))
	return outputs, inputs, err
}

// printReport writes the report as text. Figures that need labels are left out if
// there are none.
func printReport(w io.Writer, r *report, names []string) {
	for _, b := range r.Unreadable {
		fmt.Fprintln(os.Stderr, cli.Line("eval: left out: "+b))
	}
	if len(r.Unreadable) > 0 {
		fmt.Fprintf(w, "%d pictures could not be read and were left out\n", len(r.Unreadable))
	}
	for _, note := range r.Notes {
		fmt.Fprintln(w, cli.Line(note))
	}
	if r.Warning != "" {
		fmt.Fprintln(w, "warning:", r.Warning)
	}
	if r.Accuracy.Pictures > 0 {
		fmt.Fprintf(w, "%-28s top-1 %6.2f %%   top-5 %6.2f %%   on %d pictures, fit %s\n", r.Model, r.Accuracy.Top1, r.Accuracy.Top5, r.Accuracy.Pictures, r.Fit)
		if r.Other != nil {
			fmt.Fprintf(w, "%-28s top-1 %6.2f %%   top-5 %6.2f %%\n", r.Against, r.Other.Top1, r.Other.Top5)
		}
	}
	switch c := r.Compared; {
	case c == nil:
	case r.blind != "":
		fmt.Fprintf(w, "error of the logits %.3f %% of their spread on %d pictures\n", c.LogitError, c.Pictures)
	default:
		fmt.Fprintf(w, "same top-1 %.2f %% %s, KL divergence %.5f on %d pictures\n", c.SameTop1, c.SameUncertainty(2), c.KL, c.Pictures)
		if c.Labelled > 0 {
			fmt.Fprintf(w, "top-1 drop %.2f %s points (paired)\n", c.Drop, c.DropUncertainty(2))
		}
	}
	if len(r.Worst) > 0 {
		fmt.Fprintln(w, "\nworst classes:")
	}
	for _, c := range r.Worst {
		mistaken := ""
		if c.Mistaken >= 0 && c.Mistaken < len(names) {
			mistaken = "   taken for " + names[c.Mistaken]
		}
		fmt.Fprintf(w, "  %5.1f %% of %d: %d %s%s\n", c.Top1, c.Pictures, c.Class, cli.Line(c.Label), cli.Line(mistaken))
	}
}
