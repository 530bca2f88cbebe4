// Package compress quantizes a float network such that its .sqz file keeps
// within a limit of bytes or of lost accuracy. It searches for the divergence
// that package quant may spend, and prints what it tries.
package compress

import (
	"context"
	"fmt"
	"math"
	"slices"

	"halfmeg/model"
	"halfmeg/model/sqz"
	"halfmeg/quant"
	"halfmeg/quant/float"
	"halfmeg/tools/internal/metrics"
	"halfmeg/tools/internal/pictures"
	"halfmeg/tools/internal/progress"
)

// Limits are what a file must keep to.
type Limits struct {
	Bytes int     // of the file; 0 means as fine as int8 can be
	Drop  float64 // expected drop of top-1 in points, instead of bytes; 0 means none

	// Start is the divergence to try first, and Enough the part of Bytes that
	// ends the search. Zeros mean what suits a network of a thousand classes.
	Start, Enough float64
}

// Maker quantizes a float network.
type Maker struct {
	net         *float.Network
	workers     int
	calibration [][]int8
	heldOut     *pictures.Inputs
	held        [][]float32 // logits of the float network on heldOut
	answers     answers
	fisher      *quant.Fisher // nil until measured
}

// New runs the float network on some of the calibration pictures and on the
// held-out ones, on which results are compared.
func New(ctx context.Context, n *float.Network, calibration [][]int8, heldOut *pictures.Inputs, workers int) (*Maker, error) {
	newRunner, err := metrics.Float(n)
	if err != nil {
		return nil, err
	}
	m := &Maker{net: n, workers: workers, calibration: calibration, heldOut: heldOut}
	logits, err := metrics.RunAll(ctx, newRunner, Spread(calibration, answerPictures), workers, func() {})
	if err != nil {
		return nil, err
	}
	m.answers = answers{metrics.Blind(logits), metrics.Spread(logits)}
	m.held, err = metrics.RunAll(ctx, newRunner, heldOut.Data, workers, func() {})
	return m, err
}

// answers are what the float network's logits for some calibration pictures show.
type answers struct {
	blind  string  // why the classes show no error, from metrics.Blind; "" if they do
	spread float64 // of the logits
}

// answerPictures is the number of pictures on which answers are based.
const answerPictures = 100

// Blind says why the network's classes show no error, see metrics.Blind; it is ""
// if they do.
func (m *Maker) Blind() string { return m.answers.blind }

// HeldOut returns the held-out pictures and the float network's logits for them.
func (m *Maker) HeldOut() (*pictures.Inputs, [][]float32) { return m.heldOut, m.held }

// Search quantizes the network until a result meets the limits.
func (m *Maker) Search(ctx context.Context, l Limits) (*Search, error) {
	if l.Bytes == 0 && l.Drop == 0 {
		a, err := m.attempt(ctx, 0)
		return &Search{Best: a, Attempts: []*Attempt{a}}, err
	}
	if m.answers.blind != "" && m.answers.spread == 0 {
		return m.finest(ctx, l.Bytes)
	}
	if err := m.measureFisher(ctx); err != nil {
		return nil, err
	}
	if l.Drop > 0 {
		return fitDrop(ctx, l.Drop, m.attempt)
	}
	return fitBytes(ctx, l, m.attempt)
}

// finest quantizes a network whose logits are the same for all pictures as finely
// as int8 can: which errors matter is unknown, so none can be allowed.
func (m *Maker) finest(ctx context.Context, bytes int) (*Search, error) {
	a, err := m.attempt(ctx, 0)
	if err != nil {
		return nil, err
	}
	if a.Bytes > bytes {
		return nil, fmt.Errorf("the logits are the same for all pictures, so that no limit of bytes can be distributed: "+
			"-max-bytes 0 rounds as finely as int8 allows and writes %d bytes", a.Bytes)
	}
	return &Search{Best: a, Attempts: []*Attempt{a}}, nil
}

// measureFisher measures the sensitivity of the loss to the weights, with a
// progress bar.
func (m *Maker) measureFisher(ctx context.Context) (err error) {
	bars := progress.New()
	defer bars.Close()
	step := bars.Add("measuring sensitivities", len(m.calibration))
	if m.answers.blind == "" {
		m.fisher, err = quant.MeasureFisher(ctx, m.net, m.calibration, m.workers, step)
	} else {
		m.fisher, err = quant.MeasureLogitFisher(ctx, m.net, m.calibration, m.answers.spread, m.workers, step)
	}
	return err
}

// attempt quantizes the network once, with a progress bar.
func (m *Maker) attempt(ctx context.Context, divergence float64) (*Attempt, error) {
	bars := progress.New()
	defer bars.Close()
	var advance func()
	r, err := quant.Quantize(ctx, m.net, m.calibration, quant.Options{
		Workers:    m.workers,
		Divergence: divergence,
		Fisher:     m.fisher,
		Progress: func(_, steps int) {
			if advance == nil {
				advance = bars.Add("quantizing layers", steps)
			}
			advance()
		},
	})
	if err != nil {
		return nil, err
	}
	return m.evaluate(ctx, divergence, r)
}

// evaluate encodes a network and compares it with the float one on the held-out
// pictures.
func (m *Maker) evaluate(ctx context.Context, divergence float64, r *quant.Result) (*Attempt, error) {
	encoded, err := sqz.Encode(r.Network)
	if err != nil {
		return nil, err
	}
	a := &Attempt{Divergence: divergence, Blind: m.answers.blind != "", Result: r, Encoded: encoded, Bytes: len(encoded)}
	a.Logits, err = metrics.RunAll(ctx, metrics.Int8(r.Network), m.heldOut.Data, m.workers, func() {})
	if err != nil {
		return nil, err
	}
	a.Agreement = metrics.Compare(m.held, a.Logits, m.heldOut.Labels())
	return a, nil
}

// Improve distills a network. It returns the result if that is better on the
// held-out pictures and within the limits, otherwise the attempt it was given.
func (m *Maker) Improve(ctx context.Context, a *Attempt, rounds int, l Limits) (*Attempt, error) {
	result := *a.Result
	result.Layers = slices.Clone(result.Layers)
	var err error
	if result.Network, err = m.distill(ctx, result.Network, rounds); err != nil {
		return nil, err
	}
	for i := range result.Layers {
		l := &result.Layers[i]
		l.WeightSNR, l.ActivationSNR = l.SNR(result.Network.Layers[i].Weights), math.NaN() // not measured for the distilled network
	}
	tuned, err := m.evaluate(ctx, a.Divergence, &result)
	if err != nil {
		return nil, err
	}
	fmt.Printf("distilled: %d bytes, KL divergence on held-out pictures %.4f, before %.4f", tuned.Bytes, tuned.Agreement.KL, a.Agreement.KL)
	tooLarge := l.Drop == 0 && l.Bytes > 0 && tuned.Bytes > l.Bytes
	dropsTooMuch := l.Drop > 0 && tuned.Agreement.ExpectedDrop > l.Drop
	if tuned.Agreement.KL >= a.Agreement.KL || tooLarge || dropsTooMuch {
		fmt.Println(": discarded")
		return a, nil
	}
	fmt.Println()
	return tuned, nil
}

// distill runs quant.Distill, with a progress bar.
func (m *Maker) distill(ctx context.Context, n *model.Network, rounds int) (*model.Network, error) {
	bars := progress.New()
	defer bars.Close()
	advance := bars.Add("distilling", rounds)
	return quant.Distill(ctx, m.net, n, m.calibration, quant.Distillation{
		Workers:  m.workers,
		Rounds:   rounds,
		Progress: func(int, int, float64) { advance() },
	})
}

// MixUncropped prepares every other calibration picture without the crop that the
// network's own rule may include. A network calibrated on both works with either
// rule, at nearly no cost in accuracy.
func MixUncropped(ctx context.Context, calibration *pictures.Inputs, in model.Input, workers int) error {
	if in.Fit == model.Direct {
		return nil
	}
	in.Fit = model.Direct
	var items []pictures.Item
	for i := 1; i < len(calibration.Items); i += 2 {
		items = append(items, calibration.Items[i])
	}
	if len(items) == 0 {
		return nil
	}
	whole, err := pictures.Load(ctx, items, in, workers, func() {})
	if err != nil {
		return err
	}
	if len(whole.Unreadable) > 0 {
		return fmt.Errorf("a picture can no longer be read: %w", whole.Unreadable[0])
	}
	for i, data := range whole.Data {
		calibration.Data[2*i+1] = data
	}
	return nil
}

// Spread returns at most n items, evenly spaced.
func Spread[T any](items []T, n int) []T {
	if len(items) <= n {
		return items
	}
	out := make([]T, n)
	for i := range out {
		out[i] = items[i*len(items)/n]
	}
	return out
}
