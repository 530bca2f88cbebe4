// Package prep prepares pictures for a network: it crops, resizes and
// converts the colours of a picture, by the network's input rule, to the bytes
// that the engine reads. All arithmetic is integer, so that a picture gives the
// same input on every machine.
package prep
