// Package sqz reads and writes .sqz files: a quantized network, all of a
// model.Network, in about as few bytes as its weights allow.
//
// # File
//
//	offset    size  content
//	0         4     magic: 8A 53 51 5A (0x8A, "SQZ")
//	4         4     format version: 1, or 2 if the head has no ReLU
//	8         4     length of the file in bytes, at most 64 MiB
//	12        n     body: one arithmetic-coded stream
//	length-4  4     CRC-32C (Castagnoli) of all bytes before it
//
// These integers are little-endian uint32. A reader checks magic, version,
// length and checksum, in this order, before it decodes the body.
//
// The rest of this page specifies the body, precisely enough to write another
// reader. A right shift, written >>, rounds down everywhere. Package
// internal/arith specifies the stream and its two adaptive probabilities:
// CountedProb and ShiftProb. Each context has its own probability. Unless
// stated otherwise it is a CountedProb with limit 400, reset with the model
// that it is part of. Raw bits have probability 1/2 and no context; the highest
// bit of a raw number comes first.
//
// # Numbers
//
// A number model codes an integer v, 0 <= v < 2^32, similar to an Exp-Golomb
// code. First comes the bit length L of v (0 for 0, at most 32) in 6 bits. If
// L > 1, the bits after the leading 1 follow: the first three of them, or all
// if there are fewer, with contexts; the rest raw. Bits with contexts come
// highest first and form a binary tree, in which the context of a bit is given
// by the bits before it: one tree for lengths, and one tree per length for the
// bits after the leading 1. A signed number maps 0, -1, 1, -2, … to
// 0, 1, 2, 3, …
//
// In the header, "integer" is a signed number, all with one number model; a
// "flag" is a raw bit; a "float" is the 32 raw bits of an IEEE 754 single; a
// "text" is described below. "x…" is a list: an integer, the number of items
// (at most 1024), then the items.
//
// # Body
//
//	topology    text name; integer size
//	  conv1     integer filters, kernel, stride, pad
//	  fires…    integer s1x1, e1x1, e3x3; flag bypass
//	  pools…    integer pool_after
//	            flag pool_ceil
//	  head      integer classes, pad
//	            flag linear (no ReLU), in version 2 only
//	input       integer size; 8 raw bits order (0 RGB, 1 BGR)
//	            float mean, three times; float std, three times
//	            8 raw bits fit (0 squash, 1 crop, 2 direct); integer resize
//	source      text weights, sha256, format, calibration, tool
//	labels      flag, set if there are labels; then one text per class
//	layers      for each convolution, in execution order, expand1x1 before
//	            expand3x3: float scale, weights, parameters
//
// The topology implies the convolutions. All weights together are at most 2^24,
// all texts at most 2^20 bytes.
//
// # Weights
//
// The weights of a convolution begin with a raw bit that is set if they are
// trellis-coded. In that case, "weights" in this section and the next means
// quantization indices, and the weights are derived from them at the end. For
// each (y, x, i) there is a series over all filters o that starts in state 0.
// Index k in state s stands for 2k in an even state. In an odd state it stands
// for the odd number next to 2k towards zero (0 for 0). The next state is
//
//	s            0  1  2  3  4  5  6  7
//	k is even    0  2  5  7  1  3  4  6
//	k is odd     1  3  4  6  0  2  5  7
//
// The magnitude of a weight is at most 127.
//
// The prediction coefficients follow: a signed number for the coefficient of
// each term of the predicted value, in 1/32, -128…128; then for each term of
// the predicted magnitude; all with one fresh number model. The next 15 raw
// bits are the initial magnitude S, in 1/256. The terms of the value are six
// neighbours, omitted if the kernel side is 1, and the mean. The terms of the
// magnitude are six neighbours, omitted likewise, the spread, the similar
// filter, the recent average, and the product.
//
// Each filter o except the first (o = 0) begins with a flag, a bit whose context is
// reset in each layer: whether the filter is predicted from an earlier one, the
// similar filter. If so, two values follow:
//
//   - distance-1, as a raw number of as many bits as the binary form of
//     min(o, 1024)-1 has; the similar filter is o-distance, and distance is at
//     most min(o, 1024);
//   - the gain g in units of 1/16, a signed number from -64 to 64, with a number
//     model that is reset in each layer.
//
// Without a similar filter g = 0.
//
// The weights follow in the order [out][kernel y][kernel x][in]. The prediction
// for a weight w at (o, y, x, i), in units of 1/8192, is
//
//	value     = 256·Σ a[n]·w[n] + A·mean + 512·g·t
//	magnitude = 256·Σ b[n]·|w[n]| + (B + P)·spread + 16·|g|·D·|t| + C·recent
//	P         = Q·recent >> 8, limited to ±512
//	Q         = E·256 / max(S, 1), rounded towards 0
//
// w[n] is the weight of the same o and i at (y, x-1), (y-1, x), (y-1, x-1),
// (y-1, x+1), (y, x-2), (y-2, x); 0 outside the kernel. t is the similar
// filter's weight at (y, x, i). a and A are the coefficients of the value; b,
// B, D, C and E, in this order, those of the magnitude.
//
// mean and spread are running averages over the previous filters, one each for
// every (y, x, i), initially 0 and S. After a weight at their position
//
//	mean   += (256·w - mean) >> 4
//	spread += (256·|w| - spread) >> 5
//
// recent is S at the beginning of a layer. It is updated after each group of
// weights with the same o, y, x and i>>4. With n weights in the group and m
// the sum of their magnitudes
//
//	recent += (256·m - n·recent) >> 5
//
// The context of a value is the bit length of v >> 11, at most 7, where v is
// value or, if that is negative, -1-value. The context of a magnitude is
// 4·L+f, where L is the bit length of M = max(magnitude, 1), and f the two bits
// after its leading 1, as if M were followed by zeros. These binary decisions
// have one ShiftProb each:
//
//	w is not 0: for each pair of contexts
//	u, the sign of w differs from that of value (0 is positive): for each pair of contexts
//	given u, for n = 0, 1, …, 5 until the answer is no: the bit length of |w| is above n+1,
//	    for each context of magnitude
//	given u and the bit length of |w|: the first two bits after the leading 1 of |w|, as a tree,
//	    for each context of magnitude
//
// and the remaining bits of |w| are raw. These probabilities are kept from
// layer to layer. With N = 2^22, divisions rounded down, and
//
//	m = min((9+2·f)·2^L >> 4, 2^20)
//	q[0] = (m·(m+8192)·N) / (m² + 2·8192·m + 2·8192²)
//	q[n+1] = q[n]² >> 22
//	h[n] = q[n]·N / (N + q[n])
//
// their initial values, in the order above, are 2·q[0]·N / (N+q[0]), N/2,
// q[n], and for |w| of n+1 bits h[n-1] for the first bit and h[n-2] for the
// second; all limited to 127…N-128.
//
// # Parameters
//
// Two number models are kept from layer to layer: one for biases, one for
// multipliers.
//
//	biases       5 raw bits z; then for each filter a signed number b: the
//	             bias is b·2^z
//	multipliers  1 raw bit, set if they are predicted from the weights; 5 raw
//	             bits z; then for each filter a signed number d
//
// A multiplier is the float with the IEEE 754 bits p·2^z, where, all modulo
// 2^32, p = d + e, and
//
//	e = (c - l) >> z
//	l = log(1 + the sum of |w| over the filter), or 0 without prediction
//	log(v) = n·2^23 + (v·2^23 >> n) - 2^23, where n+1 is the bit length of v
//	c += (p·2^z + l - c) >> min(o, 3), after filter o
//
// c is initially 0 and kept from layer to layer; it and l have 64 bits. A
// quantizer therefore saves bytes by clearing the low bits of a layer's biases
// and multipliers.
//
// # Text
//
// A text is a series of symbols: bytes and an end symbol. Frequent symbols
// have short codes, given by their index in one of the rows
//
//	e, space, a, r, o, i, t, n                      0, then the index in 3 bits
//	l, s, end, comma, c, h, u, p                    10, then the index in 3 bits
//	d, b, m, g, k, f, w, y, v, -, A, x, C, z, j, S  110, then the index in 4 bits
//
// All others have 111 and the 8 bits of the byte, highest first; a reader
// accepts any byte there. All texts of a file share one model. The node of a
// bit of a code is the bits before it with a leading 1. With 32-bit arithmetic,
// the three contexts of a symbol are the products with 0x9E3779B1 of
//
//	1 + (last byte)·2^24
//	2 + (last two bytes)·2^16
//	3 + word
//
// where bytes before the text count as 0 and the last byte is the low one of
// two. word is 0 at the start of a text and after a byte that is not an ASCII
// letter; a letter sets it to (word + (letter or 0x20))·0x2F0B4C47.
//
// A context h has the probability with index
// ((h xor h>>15)·0x85EBCA6B >> 13) + node modulo 2^19 in a table of 2^19;
// contexts may collide.
//
// The three probabilities are combined by logistic mixing. Each probability p
// (of 22 bits) is an input s: the largest s from -2047 to 2047 with
// squash(s) <= (p>>10)·16, or -2047 if there is none. squash(x) is interpolated
// linearly, with a right shift by 7, between the values 65536/(1+e^(-k/2)),
// rounded, at x = 128·k, k = -16…16. The probability of a 1, in 2^-16, is
// P = squash(x), x = Σ s·f >> 16 limited to ±2047, where the mixing weights f,
// three for each node, are initially 32768. After the bit, with
// e = 2^16·bit - P, f += s·e·30 >> 20, and the probabilities are updated with
// limit 12.
package sqz
