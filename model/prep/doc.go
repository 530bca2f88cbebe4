// Package prep preprocesses pictures for a network: it crops, resizes and converts
// colours by the network's input rule, to the bytes that the engine reads. All
// arithmetic is integer, so that a picture yields the same input on every machine.
//
// Packed RGB goes through rgbResizer, everything else through yuvResizer. Both are
// separable: a horizontal and a vertical pass with the polyphase filters of
// resize.go.
package prep
