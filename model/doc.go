// Package model is what a network is at run time: the topology (fire modules
// described by data), the quantized parameters, the rule that makes a picture
// the network's input, and the int8 engine that runs it without allocating.
// Files are package sqz's work, arithmetic is package kernels'.
package model
