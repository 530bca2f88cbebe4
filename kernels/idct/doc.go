// Package idct computes the inverse discrete cosine transform of JPEG blocks, at
// full size and scaled down. Plain Go is the contract; vector kernels return the
// same bits.
//
// A JPEG stores each block of 8x8 samples as 64 coefficients: the mean of the block
// (DC) and the amplitudes of 63 cosine patterns, from coarse to fine. The transform
// of size N computes NxN samples from the lowest NxN coefficients: the block scaled
// to N/8, with an ideal filter. The formula is that of ITU-T T.81, A.3.3, with N
// samples instead of 8:
//
//	s(x,y) = 128 + 1/8 sum over u,v < N of a(u) a(v) S(u,v) cos((2x+1)uπ/2N) cos((2y+1)vπ/2N)
//
// with a(0) = 1 and a(k) = √2 otherwise.
//
// # Numeric contract
//
// A coefficient is multiplied by its quantizer step and has FractionBits fraction
// bits. All numbers are int16. A product with a constant is rounded to nearest,
// (x·c + 2^14)>>15, as SQRDMULH and VPMULHRSW compute it. The horizontal pass is
// first. Transforms of eight samples are those of Loeffler, Ligtenberg and Moschytz
// (1989), each rotation by four products: all factors are at most √2, so that rounding
// errors do not grow.
//
// While the sum of a block's absolute coefficients is at most MaxSum, no number
// overflows; a larger sum is an error of the caller. No block of 8-bit samples has
// one: its coefficients have at most the energy 1024², and an absolute sum of 2^13,
// or 2^14 with the fraction bit, only if all 64 are equal. Random noise has a
// third of that.
package idct
