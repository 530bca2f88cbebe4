// Package train holds the parts of a training loop that do not depend on a
// network: an Optimiser turns gradients into updates of the parameters, a
// Schedule sets the learning rate, a Sampler draws the pictures of a batch and
// an Augmenter varies them.
//
// Package quant distils with them. Everything is deterministic: the same seeds
// lead to the same bits on every machine.
package train
