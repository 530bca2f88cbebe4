// Package model runs quantized SqueezeNets.
//
// A Topology describes a network of the family by a few numbers; its Graph
// lists the convolutions and pools, and the tensors between them. A Network
// adds quantized parameters and the Input, which says how a picture has to be
// prepared. An Engine runs a Network in int8, on several cores and without
// allocating.
//
// Package model/sqz reads and writes networks, model/prep prepares pictures and
// model/classify combines all of them. The arithmetic is in package kernels.
package model
