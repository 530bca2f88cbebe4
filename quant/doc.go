// Package quant turns a float network into an int8 one. It chooses values;
// package sqz codes them. The result does not depend on the number of
// workers: every sum over pictures has one order.
//
// Quantize goes through the network layer by layer. It measures the
// activations of calibration pictures (range.go), evens out the channels
// (equalize.go), solves each layer's weights anew for what the already
// quantized layers before it really produce (compensate.go), and rounds them
// such that errors make up for each other (viterbi.go, factor.go); biases
// restore the means (round.go). The pictures' activations stand at a frontier
// that moves from layer to layer (frontier.go, moments.go).
//
// A small file needs coarse steps. MeasureFisher finds out which errors the
// network's answer suffers from (fisher.go); from it follow the step of
// every channel and the metric that errors are made small in. The weights
// then follow a trellis (package trellis), which the coder knows, too.
//
// Distill tunes the outcome against the float network's answers (distill.go,
// student.go), on crops and blends of the pictures (augment.go).
package quant
