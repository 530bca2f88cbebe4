package pictures

import (
	"context"
	"fmt"

	"halfmeg/camera/picture"
	"halfmeg/internal/parallel"
	"halfmeg/model"
	"halfmeg/model/prep"
)

// Inputs are pictures prepared as inputs of a network.
type Inputs struct {
	Items      []Item
	Data       [][]int8 // per item, as written by prep.Preprocessor
	Unreadable []error  // errors of the files left out; each names its file
}

// Load decodes the items and prepares them for a network's input, on several
// workers. It calls done after each item, concurrently. Files that cannot be
// read are left out and listed in Unreadable.
func Load(ctx context.Context, items []Item, in model.Input, workers int, done func()) (*Inputs, error) {
	preprocessors := make([]*prep.Preprocessor, workers)
	for w := range preprocessors {
		var err error
		if preprocessors[w], err = prep.NewPreprocessor(in); err != nil {
			return nil, err
		}
	}
	data, failures := make([][]int8, len(items)), make([]error, len(items))
	err := parallel.For(ctx, workers, len(items), func(worker, i int) {
		data[i], failures[i] = load(preprocessors[worker], items[i].Path, in.Size)
		done()
	})
	if err != nil {
		return nil, err
	}
	return collect(items, data, failures)
}

func load(p *prep.Preprocessor, path string, size int) ([]int8, error) {
	img, err := picture.DecodeFile(path)
	if err != nil {
		return nil, err
	}
	dst := make([]int8, size*size*3)
	if err := p.Run(dst, img.Pixels()); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return dst, nil
}

func collect(items []Item, data [][]int8, failures []error) (*Inputs, error) {
	out := &Inputs{}
	for i, d := range data {
		if failures[i] != nil {
			out.Unreadable = append(out.Unreadable, failures[i])
			continue
		}
		out.Items, out.Data = append(out.Items, items[i]), append(out.Data, d)
	}
	if len(out.Data) == 0 {
		return nil, fmt.Errorf("%w; the first error: %w", errNoneReadable, failures[0])
	}
	return out, nil
}

// HoldOut splits off every tenth picture for evaluation. Fewer than ten pictures
// are all used for calibration.
func (in *Inputs) HoldOut() (calibration, heldOut *Inputs) {
	calibration, heldOut = &Inputs{}, &Inputs{}
	for i := range in.Data {
		to := calibration
		if len(in.Data) >= 10 && i%10 == 9 {
			to = heldOut
		}
		to.Items, to.Data = append(to.Items, in.Items[i]), append(to.Data, in.Data[i])
	}
	return calibration, heldOut
}

// Labels returns the class of each picture, or Unlabelled.
func (in *Inputs) Labels() []int {
	classes := make([]int, len(in.Items))
	for i, item := range in.Items {
		classes[i] = item.Label
	}
	return classes
}
