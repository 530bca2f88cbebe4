package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"halfmeg/model"
	"halfmeg/model/pretrained"
	"halfmeg/quant"
	"halfmeg/quant/float"
	"halfmeg/quant/importer"
	"halfmeg/tools/internal/cli"
	"halfmeg/tools/internal/compress"
	"halfmeg/tools/internal/pictures"
	"halfmeg/tools/internal/progress"
	"halfmeg/tools/train/dataset"
	"halfmeg/tools/train/store"
)

// data is what a job reads.
type data struct {
	start      *float.Network // the network to start from; nil for random weights
	topology   model.Topology // with random weights
	input      model.Input
	set        *dataset.Set
	store      *store.Store
	training   []dataset.Item
	validation *pictures.Inputs
}

// prepare reads the weights and the pictures.
func (j *job) prepare(ctx context.Context) error {
	var err error
	if j.from != fromScratch {
		if j.start, err = j.readStart(); err != nil {
			return err
		}
		j.input = j.start.Input
	}
	if err := j.readPictures(ctx); err != nil {
		return err
	}
	j.training = j.set.Part(false)
	j.describe()
	j.way = j.chooseWay()
	if err := j.chooseFit(); err != nil {
		return err
	}
	return j.loadValidation(ctx)
}

// chooseFit applies -fit and -resize. By default, layers that are trained see the whole
// picture: they adapt to its distortion. The features that a new head is trained on come from
// pictures prepared by the start's rule: with whole pictures, the head for ants and bees is
// right on 90 instead of 94 % of 153.
func (j *job) chooseFit() error {
	rule := j.options.Fit
	if rule == "" && j.way == fromHead {
		return nil
	}
	in := &j.input
	if err := in.Fit.UnmarshalText([]byte(cmp.Or(rule, model.Direct.String()))); err != nil {
		return fmt.Errorf("-fit: %w", err)
	}
	in.Resize = cmp.Or(j.options.Resize, in.Resize)
	if in.Fit == model.Direct {
		in.Resize = 0
	}
	if err := in.Validate(); err != nil {
		return fmt.Errorf("-fit %s -resize %d: %w", rule, j.options.Resize, err)
	}
	if j.start != nil {
		start := *j.start
		start.Input = *in
		j.start = &start
	}
	fmt.Printf("-fit %s: how pictures become the input, here and in edge\n", in.Fit)
	return nil
}

// readStart reads the network to start from.
func (j *job) readStart() (*float.Network, error) {
	if j.weights == "" {
		n, err := pretrained.Load(pretrained.Default)
		if err != nil {
			return nil, err
		}
		fmt.Printf("start: %s as built into edge (int8)\n", pretrained.Default)
		start, err := quant.Dequantize(n)
		if err != nil {
			return nil, err
		}
		start.Source.Weights += ", int8 as built into edge"
		return sized(start, cmp.Or(j.options.Size, start.Input.Size))
	}
	loaded, err := importer.Load(j.weights, j.options)
	if err != nil {
		return nil, err
	}
	for _, line := range append(slices.Clone(loaded.Read), loaded.Assumed...) {
		fmt.Println(cli.Line("weights: " + line))
	}
	fmt.Printf("start: %s\n", j.weights)
	return loaded.Network, nil
}

// sized returns the network for inputs of another side. It shares the parameters.
func sized(n *float.Network, side int) (*float.Network, error) {
	in := n.Input.Sized(side)
	n = withSide(n, side)
	n.Input = in
	if err := n.Validate(); err != nil {
		return nil, fmt.Errorf("-size %d: %w", side, err)
	}
	return n, nil
}

// readPictures lists and decodes the pictures and divides them.
func (j *job) readPictures(ctx context.Context) error {
	set, err := dataset.List(j.pictures, j.classes)
	if set != nil {
		defer func() { j.printFindings(set) }()
	}
	if err != nil {
		return err
	}
	if j.from == fromScratch {
		if j.topology, j.input, err = j.options.Fresh(len(set.Classes)); err != nil {
			return err
		}
	}
	j.store = store.New(int64(j.memory)<<20, len(set.Items), j.input.Size)
	bars := progress.New()
	err = set.Scan(ctx, j.workers, j.store.Keep, bars.Add("reading pictures", len(set.Items)))
	bars.Close()
	if err != nil {
		return err
	}
	if err := set.Divide(j.seed); err != nil {
		return err
	}
	j.store.Retain(set.Part(false))
	j.set = set
	return nil
}

// printFindings prints the notes and warnings of the data set.
func (j *job) printFindings(set *dataset.Set) {
	for _, line := range set.Notes {
		fmt.Println(cli.Line(line))
	}
	for _, line := range set.Warnings {
		j.warn(line)
	}
}

// describe prints the classes and the memory.
func (j *job) describe() {
	train, val := j.set.Counts(false), j.set.Counts(true)
	fmt.Printf("\n%-24s %8s %10s\n", "class", "training", "validation")
	for c, name := range j.set.Classes {
		fmt.Printf("%-24s %8d %10d\n", cli.Line(name), train[c], val[c])
	}
	kept, bytes := j.store.Used()
	fmt.Printf("%d training pictures, %d validation pictures; in memory: %d of the former, %d MiB, short sides up to %d pixels\n",
		len(j.training), len(j.set.Items)-len(j.training), kept, bytes>>20, j.store.Side())
	if kept < len(j.training) {
		j.warn(fmt.Sprintf("%d pictures do not fit into -memory %d and are decoded again in each epoch, which is slow", len(j.training)-kept, j.memory))
	}
	if !slices.Contains(j.set.Classes, dataset.None) {
		fmt.Printf("hint: a class named %q, with pictures of the empty scene and of other things, lets edge report nothing when it sees none of the classes\n", dataset.None)
	}
}

// loadValidation prepares the validation pictures as edge does.
func (j *job) loadValidation(ctx context.Context) error {
	j.validation = &pictures.Inputs{}
	items := inputs(j.set.Part(true))
	if len(items) == 0 {
		return nil
	}
	fit := int(max(1, int64(j.memory)<<20/int64(3*j.input.Size*j.input.Size)))
	if some := compress.Spread(items, fit); len(some) < len(items) {
		j.warn(fmt.Sprintf("only %d of %d validation pictures fit into -memory %d; the others are not used", len(some), len(items), j.memory))
		items = some
	}
	loaded, err := pictures.Load(ctx, items, j.input, j.workers, func() {})
	if err != nil {
		return err
	}
	j.validation = loaded
	return nil
}

// inputs converts items for package pictures.
func inputs(items []dataset.Item) []pictures.Item {
	var out []pictures.Item
	for _, item := range items {
		out = append(out, pictures.Item{Path: item.Path, Label: item.Class})
	}
	return out
}
