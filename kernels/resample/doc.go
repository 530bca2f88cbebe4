// Package resample resizes rows of camera samples and converts them to the
// stored bytes of a network's input, in three passes:
//
//	Vertical     rows of bytes             -> one line, 8 fraction bits
//	Filter       one line                  -> samples, 7 fraction bits
//	Matrix       samples of Y, Cb and Cr   -> interleaved R, G, B bytes
//
// All arithmetic is integer, so every instruction set returns the same bits.
// The taps of an output position add up to 1<<TapBits, which stands for one; a
// sum is exact and is rounded once, halves up.
//
// The plain Go loops in resample_generic.go are the reference. The NEON
// kernels are in resample_arm64.s; other architectures, and builds with the
// tag noasm, use the loops.
package resample
