// Package quant turns a float network into an int8 one: it measures the
// activations of calibration pictures, chooses scales, rounds weights and
// corrects biases, layer by layer, each layer fed with what the already
// quantized ones before it really produce. It chooses values; package sqz
// codes them. The result does not depend on the number of workers: every
// sum over pictures has one order.
package quant
