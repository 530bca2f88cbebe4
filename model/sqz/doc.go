// Package sqz is the .sqz file: a quantized network, all of a model.Network,
// in as few bytes as its weights allow.
//
// # Overview
//
//	offset    size  content
//	0         4     magic: 8A 53 51 5A (0x8A, "SQZ")
//	4         4     version of the format: 1
//	8         4     length of the whole file in bytes, at most 64 MiB
//	12        n     body: one arithmetic-coded stream
//	length-4  4     CRC-32C (Castagnoli) of all bytes before it
//
// These numbers are little-endian uint32. A reader checks magic, version,
// length and checksum, in this order, before it looks at the body.
//
// The rest of this page says what the body holds, precisely enough to write
// another reader. Division by a power of two, written >>, rounds down
// everywhere. Package arith (internal/arith) describes the stream, and its
// adaptive estimates of the probability that a bit is 1: Bit and Chance. An
// estimate belongs to a context. It is a Bit, which starts fresh when the model
// that it is part of does and remembers 400 bits (its limit), unless something
// else is said. A raw bit has the probability 1/2 and no estimate; raw numbers
// come highest bit first.
//
// # Numbers
//
// A number model codes a number v from 0 to 2^32-1: first its length in bits
// L (0 for 0, 32 at most) in 6 bits; then, if L > 1, the bits behind its
// leading 1: the first three of them, or all if there are fewer, with
// estimates, and the rest raw. Bits with estimates come highest first
// and form a tree: each has the estimate that belongs to the bits before it,
// one tree for the lengths, and one for each length for what follows.
// A signed number codes 0, -1, 1, -2, … as 0, 1, 2, 3, …
//
// In the header, "integer" is a signed number, all with one number model; a
// "flag" is a raw bit; a "float" is the 32 raw bits of an IEEE 754 single; a
// "text" is described below. "x…" is a list: an integer that counts its
// items (at most 1024), then the items.
//
// # Body
//
//	topology    text name; integer size
//	  conv1     integer filters, kernel, stride, pad
//	  fires…    integer s1x1, e1x1, e3x3; flag bypass
//	  pools…    integer pool_after
//	            flag pool_ceil
//	  head      integer classes, pad
//	input       integer size; 8 raw bits order (0 RGB, 1 BGR)
//	            float mean, three times; float std, three times
//	            8 raw bits fit (0 squash, 1 crop, 2 direct); integer resize
//	source      text weights, sha256, format, calibration, tool
//	labels      flag whether there are labels; then text, once a class
//	layers      for each convolution, in the order in which they run,
//	            expand1x1 before expand3x3: float scale, weights, parameters
//
// The convolutions follow from the topology. All weights together are at
// most 2^24, all texts at most 2^20 bytes.
//
// # Weights
//
// A convolution's weights begin with a raw bit: whether they follow the
// trellis. If so, what is called weights in this section and the next are
// indices, and the weights are made of them at last: for each (y, x, i) in the
// order of o, from state 0 on, index k of state s stands for 2k or, if s is
// odd, for the odd number next to 2k on the side of zero (0 for 0), and leads
// to the state
//
//	s            0  1  2  3  4  5  6  7
//	k is even    0  2  5  7  1  3  4  6
//	k is odd     1  3  4  6  0  2  5  7
//
// No weight may be beyond 127.
//
// The predictor follows: a signed number for each
// term's factor in the expected value, in 1/32, -128…128; then for each
// term's factor in the expected magnitude; all with one fresh number model;
// then 15 raw bits: the start magnitude S, in 1/256. The terms of a value are
// six neighbours, which are left out where the kernel's side is 1, and the
// mean; those of a magnitude six neighbours, left out likewise, the spread,
// the similar filter, the row, and the product.
//
// Each filter o but the first (o = 0) begins with a bit, with a fresh
// estimate in each layer: whether it is like an earlier filter. If so there
// follow, with most = min(o, 1024), the number back-1 in as many raw bits as
// most-1 has, back <= most, and a signed number: the gain g, in 1/16, -64…64,
// with a fresh number model in each layer. The similar filter is o-back. If
// there is none, g = 0.
//
// The weights follow in the order [out][kernel y][kernel x][in]. What is
// expected of a weight w at (o, y, x, i), in units of 1/8192:
//
//	value     = 256·Σ a[n]·w[n] + A·mean + 512·g·t
//	magnitude = 256·Σ b[n]·|w[n]| + (B + P)·spread + 16·|g|·D·|t| + C·row
//	P         = Q·row >> 8, limited to ±512
//	Q         = E·256 / max(S, 1), rounded towards 0
//
// w[n] is the weight of the same o and i at (y, x-1), (y-1, x), (y-1, x-1),
// (y-1, x+1), (y, x-2), (y-2, x); 0 outside the kernel. t is the similar
// filter's weight at (y, x, i). a and A are the value's factors; b, B, D, C
// and E, in this order, the magnitude's.
//
// mean and spread are averages over the filters before, one each for every
// (y, x, i), at first 0 and S; after a weight at their place
//
//	mean   += (256·w - mean) >> 4
//	spread += (256·|w| - spread) >> 5
//
// row is S at the beginning of a layer. It changes after each group of
// weights, those of the same o, y, x and i>>4: if there are n of them, and m
// is the sum of their magnitudes
//
//	row += (256·m - n·row) >> 5
//
// The value's class is the number of bits of v >> 11, at most 7, where v is
// value or, if that is negative, -1-value. The magnitude's class is 4·L+f,
// where L is the number of bits of M = max(magnitude, 1), and f the two bits
// behind its leading 1, as if zeros followed M. These decisions have a Chance each:
//
//	w is not 0: for each pair of classes
//	w's sign differs from value's (0 counts as positive): u, for each pair of classes
//	given u, for n = 0, 1, …, 5 until the answer is 0: |w| has more than n+1 bits,
//	    for each class of magnitude
//	given u and the length of |w|: the first two bits behind |w|'s leading 1, as a tree,
//	    for each class of magnitude
//
// and further bits of |w| are raw. These Chances live through all layers. With
// N = 2^22, divisions rounded down, and
//
//	m = min((9+2·f)·2^L >> 4, 2^20)
//	q[0] = (m·(m+8192)·N) / (m² + 2·8192·m + 2·8192²)
//	q[n+1] = q[n]² >> 22
//	h[n] = q[n]·N / (N + q[n])
//
// they start, in the order above, from 2·q[0]·N / (N+q[0]), N/2, q[n], and
// for a |w| of n+1 bits h[n-1] for the first bit and h[n-2] for the second;
// all of these limited to 127…N-128.
//
// # Parameters
//
// Two number models live through all layers: one for biases, one for
// multipliers.
//
//	biases       5 raw bits z; then for each filter a signed number b: the
//	             bias is b·2^z
//	multipliers  1 raw bit, whether they are related to the weights; 5 raw
//	             bits z; then for each filter a signed number d
//
// A multiplier is the float whose IEEE 754 bits are p·2^z, where, all modulo
// 2^32, p = d + e, and
//
//	e = (c - l) >> z
//	l = log(1 + the sum of the filter's |w|), or 0 if they are not related
//	log(v) = n·2^23 + (v·2^23 >> n) - 2^23, where n+1 is the number of v's bits
//	c += (p·2^z + l - c) >> min(o, 3), after filter o
//
// c is 0 at first and lives through all layers; it and l have 64 bits. So a
// quantizer saves bytes if it leaves the low bits of a layer's biases and
// multipliers zero.
//
// # Text
//
// A text is a series of symbols: bytes, and one for the end. Frequent ones
// have short codes: their places in one of the rows
//
//	e, space, a, r, o, i, t, n                      0, and the place in 3 bits
//	l, s, end, comma, c, h, u, p                    10, and the place in 3 bits
//	d, b, m, g, k, f, w, y, v, -, A, x, C, z, j, S  110, and the place in 4 bits
//
// All others, and a reader takes any byte there, have 111 and the byte's 8
// bits, highest first. All texts of a file share one model. Before each bit of a code,
// node is the bits so far behind a leading 1. With 32-bit arithmetic, the
// three contexts of a symbol are the products with 0x9E3779B1 of
//
//	1 + (last byte)·2^24
//	2 + (last two bytes)·2^16
//	3 + word
//
// where bytes before the text count as 0 and the last byte is the lowest of
// two. word is 0 at the start of a text and after a byte that is no ASCII
// letter; a letter makes it (word + (letter or 0x20))·0x2F0B4C47.
//
// A context h has the estimate number ((h xor h>>15)·0x85EBCA6B >> 13) + node
// modulo 2^19 of 2^19; contexts may share one.
//
// Each estimate p (of 22 bits) gives an input s: the greatest s
// from -2047 to 2047 for which squash(s) <= (p>>10)·16, or -2047 if none is.
// squash(x) is interpolated, with a right shift by 7, between the values
// 65536/(1+e^(-k/2)), rounded, at x = 128·k, k = -16…16. The bit's
// probability in 2^-16 is P = squash(x), x = Σ s·f >> 16 limited to ±2047, where
// the factors f, three for each node, start as 32768. Afterwards, with e =
// 2^16·bit - P, f += s·e·30 >> 20, and the estimates learn the bit with limit 12.
package sqz
