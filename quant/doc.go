// Package quant turns a float network into an int8 one, without training on
// labels. It chooses the values; package sqz codes them.
//
// Quantize works layer by layer. It measures the activations of calibration
// pictures (calibrate.go, inputstats.go, range.go), makes the ranges of
// channels more alike (equalize.go), refits each layer's weights to the
// outputs of the quantized layers before it, errors included (refit.go) and
// rounds them such that each error is compensated by later weights (rounding.go,
// viterbi.go, ldl.go); biases restore the means (bias.go).
//
// A small file needs coarse steps. MeasureFisher estimates how much the
// network's answer depends on each weight (fisher.go, kfac.go). The step size
// of every channel and the metric of rounding errors follow from it
// (metric.go). The weights then follow a trellis (package trellis), which the
// coder knows.
//
// Distill tunes the result against the float network's answers (distill.go,
// batch.go, student.go, latent.go), with the optimiser, schedule, sampler and
// augmenter of package train.
//
// The result does not depend on the number of workers: every sum over pictures
// is taken in one order.
//
// # The int8 arithmetic, three times
//
// The engine of package model defines what an int8 network computes. Two other
// places duplicate this arithmetic, for these reasons:
//
//   - The simulator (simulate.go) runs one layer at a time on all calibration
//     pictures, stops before the next and sees the codes of every tensor; the
//     engine fuses and overlaps the layers of one picture in one arena. It
//     takes the convolutions from package float, whose float32 sums of integers
//     are exact, and the rounding from package kernels.
//     TestSimulationMatchesEngine compares it with the engine.
//   - float.Codes is differentiable: distillation needs gradients through the
//     rounding, which no integer kernel has. Its rounding is that of codes, not
//     of accumulators, so that single codes may differ by one.
//     TestStudentIsTheNetwork compares it with the engine.
//
// # Where constants come from
//
// Every constant names its paper or what was measured, or is marked as not
// tuned. Measurements are of the Caffe weights of SqueezeNet v1.1 at 480,000
// bytes, on about 400 views of 100 held-out pictures, as the mean
// Kullback-Leibler divergence from the float network's answers. To repeat one,
// change the constant and run
//
//	go run ./tools/quantize -weights W -calib pictures/ -labels labels.txt -out n.sqz
//	go run ./tools/eval -model n.sqz -against W -images held-out/
package quant
