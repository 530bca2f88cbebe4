package main

import (
	"context"
	"fmt"
	"math"
	"os"
	"slices"

	"halfmeg/model"
	"halfmeg/model/sqz"
	"halfmeg/quant"
	"halfmeg/quant/float"
	"halfmeg/tools/internal/cli"
	"halfmeg/tools/internal/metrics"
	"halfmeg/tools/internal/pictures"
	"halfmeg/tools/internal/progress"
)

// outcome is the chosen attempt and what the report compares it with.
type outcome struct {
	*attempt
	attempts []*attempt // all attempts of the search
	held     *reference
	blind    string // why the classes show no error, see metrics.Blind; "" if they do
	float    metrics.Accuracy
	int8     metrics.Accuracy
}

// maker quantizes a float network.
type maker struct {
	net         *float.Network
	workers     int
	calibration [][]int8
	held        *reference
	answers     answers
	fisher      *quant.Fisher // nil until measured
}

// quantize reads the pictures and quantizes the network, calibrated on all but
// the held-out pictures.
func quantize(ctx context.Context, n *float.Network, folder *pictures.Folder, s *settings, d *warningList) (*outcome, error) {
	inputs, err := load(ctx, n, folder, s.workers)
	if err != nil {
		return nil, err
	}
	calibration, heldOut := inputs.HoldOut()
	warn(inputs, len(folder.Items), calibration, d)
	if s.drop > 0 && len(heldOut.Data) < minHeldOut {
		return nil, fmt.Errorf("-max-drop is measured on every tenth picture and needs %d readable pictures; the folder has %d", 10*minHeldOut, len(inputs.Data))
	}
	if err := mixUncropped(ctx, calibration, n.Input, s.workers); err != nil {
		return nil, err
	}
	n.Source.Calibration = fmt.Sprintf("%d pictures", len(calibration.Data))
	n.Source.Tool = "halfmeg quantize"
	m := &maker{net: n, workers: s.workers, calibration: calibration.Data}
	if m.answers, err = askFloat(ctx, n, calibration.Data, s.workers); err != nil {
		return nil, err
	}
	if m.answers.blind != "" {
		d.warn(metrics.BlindWarning(m.answers.blind))
		if s.drop > 0 {
			return nil, fmt.Errorf("-max-drop cannot be measured: %s; use -max-bytes", m.answers.blind)
		}
	}
	if m.held, err = newReference(ctx, n, heldOut, s.workers); err != nil {
		return nil, err
	}
	found, err := m.search(ctx, s)
	if err != nil {
		return nil, err
	}
	best := found.best
	switch {
	case s.rounds == 0:
	case len(heldOut.Data) == 0:
		d.note("-distill skipped: too few pictures to hold some out and measure whether it helps")
	case m.answers.blind != "":
		d.note("-distill skipped, which learns from the divergence: " + m.answers.blind)
	default:
		if best, err = m.improve(ctx, best, s); err != nil {
			return nil, err
		}
	}
	labels := heldOut.Labels()
	return &outcome{
		attempt:  best,
		attempts: found.attempts,
		held:     m.held,
		blind:    m.answers.blind,
		float:    metrics.Measure(m.held.logits, labels),
		int8:     metrics.Measure(best.logits, labels),
	}, nil
}

// search quantizes the network until a result meets the limits.
func (m *maker) search(ctx context.Context, s *settings) (*search, error) {
	if s.bytes == 0 && s.drop == 0 {
		a, err := m.attempt(ctx, 0)
		return &search{best: a, attempts: []*attempt{a}}, err
	}
	if m.answers.blind != "" && m.answers.spread == 0 {
		return m.finest(ctx, s)
	}
	if err := m.measureFisher(ctx); err != nil {
		return nil, err
	}
	if s.drop > 0 {
		return fitDrop(ctx, s.drop, m.attempt)
	}
	return fitBytes(ctx, s.bytes, m.attempt)
}

// finest quantizes a network whose logits are the same for all pictures as finely
// as int8 can: which errors matter is unknown, so none can be allowed.
func (m *maker) finest(ctx context.Context, s *settings) (*search, error) {
	a, err := m.attempt(ctx, 0)
	if err != nil {
		return nil, err
	}
	if a.bytes > s.bytes {
		return nil, fmt.Errorf("the logits are the same for all pictures, so that no limit of bytes can be distributed: "+
			"-max-bytes 0 rounds as finely as int8 allows and writes %d bytes", a.bytes)
	}
	return &search{best: a, attempts: []*attempt{a}}, nil
}

// minHeldOut is the least number of pictures on which a drop is measured.
const minHeldOut = 20

// measureFisher measures the sensitivity of the loss to the weights, with a
// progress bar.
func (m *maker) measureFisher(ctx context.Context) (err error) {
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
func (m *maker) attempt(ctx context.Context, divergence float64) (*attempt, error) {
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
func (m *maker) evaluate(ctx context.Context, divergence float64, r *quant.Result) (*attempt, error) {
	encoded, err := sqz.Encode(r.Network)
	if err != nil {
		return nil, err
	}
	a := &attempt{divergence: divergence, blind: m.answers.blind != "", result: r, encoded: encoded, bytes: len(encoded)}
	a.logits, a.agreement, err = m.held.compare(ctx, r.Network, m.workers)
	return a, err
}

// improve distills a network. It returns the result if that is better on the
// held-out pictures and within the limits, otherwise the attempt it was given.
func (m *maker) improve(ctx context.Context, a *attempt, s *settings) (*attempt, error) {
	result := *a.result
	result.Layers = slices.Clone(result.Layers)
	var err error
	if result.Network, err = m.distill(ctx, result.Network, s.rounds); err != nil {
		return nil, err
	}
	for i := range result.Layers {
		l := &result.Layers[i]
		l.WeightSNR, l.ActivationSNR = l.SNR(result.Network.Layers[i].Weights), math.NaN() // not measured for the distilled network
	}
	tuned, err := m.evaluate(ctx, a.divergence, &result)
	if err != nil {
		return nil, err
	}
	fmt.Printf("distilled: %d bytes, KL divergence on held-out pictures %.4f, before %.4f", tuned.bytes, tuned.agreement.KL, a.agreement.KL)
	tooLarge := s.drop == 0 && s.bytes > 0 && tuned.bytes > s.bytes
	dropsTooMuch := s.drop > 0 && tuned.agreement.ExpectedDrop > s.drop
	if tuned.agreement.KL >= a.agreement.KL || tooLarge || dropsTooMuch {
		fmt.Println(": discarded")
		return a, nil
	}
	fmt.Println()
	return tuned, nil
}

// distill runs quant.Distill, with a progress bar.
func (m *maker) distill(ctx context.Context, n *model.Network, rounds int) (*model.Network, error) {
	bars := progress.New()
	defer bars.Close()
	advance := bars.Add("distilling", rounds)
	return quant.Distill(ctx, m.net, n, m.calibration, quant.Distillation{
		Workers:  m.workers,
		Rounds:   rounds,
		Progress: func(int, int, float64) { advance() },
	})
}

// reference is the held-out pictures and the logits of the float network.
type reference struct {
	inputs *pictures.Inputs
	logits [][]float32
}

func newReference(ctx context.Context, n *float.Network, heldOut *pictures.Inputs, workers int) (*reference, error) {
	newRunner, err := metrics.Float(n)
	if err != nil {
		return nil, err
	}
	logits, err := metrics.RunAll(ctx, newRunner, heldOut.Data, workers, func() {})
	return &reference{heldOut, logits}, err
}

// compare runs an int8 network on the held-out pictures and measures its agreement.
func (r *reference) compare(ctx context.Context, n *model.Network, workers int) ([][]float32, metrics.Agreement, error) {
	logits, err := metrics.RunAll(ctx, metrics.Int8(n), r.inputs.Data, workers, func() {})
	if err != nil {
		return nil, metrics.Agreement{}, err
	}
	return logits, metrics.Compare(r.logits, logits, r.inputs.Labels()), nil
}

// load prepares all pictures for the network, with a progress bar.
func load(ctx context.Context, n *float.Network, folder *pictures.Folder, workers int) (*pictures.Inputs, error) {
	bars := progress.New()
	defer bars.Close()
	return pictures.Load(ctx, folder.Items, n.Input, workers, bars.Add("reading pictures", len(folder.Items)))
}

// mixUncropped prepares every other calibration picture without the crop that the
// network's own rule may include. A network calibrated on both works with either
// rule, at nearly no cost in accuracy.
func mixUncropped(ctx context.Context, calibration *pictures.Inputs, in model.Input, workers int) error {
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

// warn prints warnings about unreadable, too few and blank pictures.
func warn(inputs *pictures.Inputs, listed int, calibration *pictures.Inputs, d *warningList) {
	for _, err := range inputs.Unreadable {
		fmt.Fprintln(os.Stderr, cli.Line("quantize: left out: "+err.Error()))
	}
	if len(inputs.Unreadable) > 0 {
		d.note(fmt.Sprintf("%d of %d pictures could not be read and were left out", len(inputs.Unreadable), listed))
	}
	if n := blank(calibration.Data); n > 0 {
		d.note(fmt.Sprintf("%d of %d calibration pictures show a single colour and are unlike what the network will see", n, len(calibration.Data)))
	}
	if calibrated := len(calibration.Data); calibrated < fewPictures {
		d.note(fmt.Sprintf("calibrated on only %d pictures; a few hundred bring the int8 network closer to the float one", calibrated))
	}
}

// blank counts the pictures (3 bytes per pixel) whose pixels are all equal.
func blank(data [][]int8) int {
	n := 0
	for _, picture := range data {
		if slices.Equal(picture[3:], picture[:len(picture)-3]) {
			n++
		}
	}
	return n
}

// fewPictures is the number below which calibration is noticeably worse.
const fewPictures = 100
