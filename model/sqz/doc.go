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
// everywhere. Package arith (internal/arith) describes the stream, and
// its adaptive estimates of the probability that a bit is 1. An estimate
// belongs to a context; it starts fresh when the model that it is part of does
// and remembers 400 bits (its limit) unless something else is said. A raw bit has the
// probability 1/2 and no estimate; raw numbers come highest bit first.
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
//	            expand1x1 before expand3x3: parameters, then weights
//
// The convolutions follow from the topology. All weights together are at
// most 2^24, all texts at most 2^20 bytes.
//
// # Parameters
//
//	scale        float
//	biases       5 raw bits z; then for each output channel a signed
//	             number b: the bias is b·2^z
//	multipliers  32 raw bits m; 5 raw bits z; then for each output channel a
//	             number d: the multiplier's IEEE 754 bits are m + d·2^z
//
// Biases and multipliers have a fresh number model each, in each layer. So a
// quantizer saves bytes if it leaves the low bits of a layer's biases and
// multipliers zero.
//
// # Weights
//
// A convolution's weights begin with its predictor: a signed number for each
// term's factor in the expected value, in 1/32, -128…128; then for each
// term's factor in the expected magnitude; all with one fresh number model;
// then 15 raw bits: the start magnitude, in 1/256. The terms are six
// neighbours, which are left out where the kernel's side is 1, and the average.
//
// The weights follow in the order [out][kernel y][kernel x][in]. What is
// expected of a weight w at (o, y, x, i), in units of 1/8192:
//
//	value     = A·mean + 256·Σ a[n]·w[n]
//	magnitude = B·spread + 256·Σ b[n]·|w[n]|
//
// w[n] is the weight of the same o and i at (y, x-1), (y-1, x), (y-1, x-1),
// (y-1, x+1), (y, x-2), (y-2, x); 0 outside the kernel. a, A are the value's factors,
// b, B the magnitude's. mean and spread are averages over the outputs
// before, one each for every (y, x, i), at first 0 and the start magnitude;
// after a weight at their place
//
//	mean   += (256·w - mean) >> 3
//	spread += (256·|w| - spread) >> 5
//
// The level of a v in units of 1/8192 is the number of thresholds 4, 7, 11, 16, 26, 41, 64,
// 102, 162, 256, 407, 646 that v>>9 reaches. The levels of |value| and of
// max(magnitude, 0) choose one of 13·13 cells of estimates, which live
// through all layers. A cell has an estimate for each of these decisions:
//
//	w is not 0
//	w's sign differs from value's (where 0 counts as positive): u
//	given u, for n = 0, 1, …, 5 until the answer is 0: |w| has more than n+1 bits
//	given u and the length of |w|: the first two bits behind |w|'s leading 1, as a tree
//
// and further bits of |w| are raw.
//
// # Text
//
// A text is a series of symbols of 9 bits, highest first: a byte, or 256 for
// the end, of which only the first bit is coded. All texts of a file share one model.
// Before each bit, node is the symbol's bits so far behind a leading 1.
// With 32-bit arithmetic, the four contexts of a symbol are the products
// with 0x9E3779B1 of
//
//	1 + (last byte)·2^24
//	2 + (last two bytes)·2^16
//	3 + (last three bytes)·2^8
//	4 + word
//
// where bytes before the text count as 0 and the last byte is the lowest of
// two or three. word is 0 at the start of a text and after a byte that is no ASCII
// letter; a letter makes it (word + (letter or 0x20))·0x2F0B4C47.
//
// Context plus node, times 0x85EBCA6B, is h; h = (h xor h>>15)·0xC2B2AE35
// picks slot h>>15 of 2^17. A slot holds an estimate and a check number, at
// first fresh and 0. If the check number is not h's lowest byte it becomes that,
// and the estimate fresh.
//
// Each estimate p (of 22 bits) gives an input s: the greatest s
// from -2047 to 2047 for which squash(s) <= (p>>10)·16, or -2047 if none is.
// squash(x) is interpolated, with a right shift by 7, between the values
// 65536/(1+e^(-k/2)), rounded, at x = 128·k, k = -16…16. The bit's
// probability in 2^-16 is P = squash(x), x = Σ s·f >> 16 limited to ±2047, where
// the factors f, four for each node, start as 26624. Afterwards, with e =
// 2^16·bit - P, f += s·e·30 >> 20, and the estimates learn the bit with limit 20.
package sqz
