package pictures

import (
	"context"
	"fmt"

	"halfmeg/camera/picture"
	"halfmeg/internal/parallel"
	"halfmeg/model"
	"halfmeg/model/prep"
)

// Inputs are pictures as a network reads them.
type Inputs struct {
	Items  []Item
	Data   [][]int8 // one an item, as a prep.Preprocessor writes them
	Broken []error  // files that could not be read, each named
}

// Load decodes the items and brings them to a network's input, on several
// goroutines, and calls done after each. A file that cannot be read is left
// out and listed.
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
		data[i], failures[i] = read(preprocessors[worker], items[i].Path, in.Size)
		done()
	})
	if err != nil {
		return nil, err
	}
	return collect(items, data, failures)
}

func read(p *prep.Preprocessor, path string, size int) ([]int8, error) {
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
			out.Broken = append(out.Broken, failures[i])
			continue
		}
		out.Items, out.Data = append(out.Items, items[i]), append(out.Data, d)
	}
	if len(out.Data) == 0 {
		return nil, fmt.Errorf("%w; the first: %w", ErrNone, failures[0])
	}
	return out, nil
}

// HoldOut splits off every tenth picture, to be measured on and never
// calibrated on. Fewer than ten pictures are not split.
func (in *Inputs) HoldOut() (calibration, held *Inputs) {
	calibration, held = &Inputs{}, &Inputs{}
	for i := range in.Data {
		to := calibration
		if len(in.Data) >= 10 && i%10 == 9 {
			to = held
		}
		to.Items, to.Data = append(to.Items, in.Items[i]), append(to.Data, in.Data[i])
	}
	return calibration, held
}

// Labels lists the classes of the pictures.
func (in *Inputs) Labels() []int {
	labels := make([]int, len(in.Items))
	for i, item := range in.Items {
		labels[i] = item.Label
	}
	return labels
}
