// Package train trains networks of package float: on labelled pictures with a
// Trainer, or with the parts of a training loop for other purposes (package quant
// distils with them).
//
// There are three ways to a network for new classes:
//
//   - From scratch: Initialize, then New and Trainer.Run. It needs thousands of
//     pictures and hours.
//   - Head: ReplaceHead puts a new last convolution on a trained network. Features
//     runs the other layers once on some variants of each picture, and Head
//     trains the last convolution alone. That takes seconds after Features, and few
//     pictures are enough.
//   - Fine-tuning: ReplaceHead and Head, then New and Trainer.Run at a low
//     rate. Config.LayerRates slows the early layers down or freezes them; the
//     backward pass ends at the first layer that is trained. With few pictures, a
//     network between the start and the result is better than both: Interpolate.
//
// The caller provides a Source, which draws variants of pictures (an Augmenter
// helps) and their targets: distributions over the classes, so that pictures can be
// blended. A Trainer passes over the pictures in batches and descends the gradient
// of the cross-entropy with momentum. After each epoch Config.EpochEnd can store
// the State, from which Resume continues.
//
// Everything is deterministic. The same seeds lead to the same bits for any number
// of workers: sums over the pictures of a batch are sharded (see InShards), and
// random numbers depend on the position in the run only. A run that is interrupted
// and resumed has the same bits as one that is not.
//
//	trainer.go    epochs, batches, steps; config.go: their options
//	gradients.go  sharded sums of gradients; loss.go: cross-entropy
//	pictures.go   the whole network on pictures; head.go: the last layer on features
//	state.go      the state of a run and its file
//	start.go      random weights and new heads; interpolate.go: between two networks
//	sgd.go, adam.go, schedule.go, sampler.go, augment.go, dropout.go: parts
package train
