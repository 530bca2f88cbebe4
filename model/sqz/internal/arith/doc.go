// Package arith is an adaptive binary arithmetic coder: it turns a sequence
// of bits, each with an estimate of how likely it is to be 1, into about as
// many bytes as the estimates' information content, and back.
//
// The principle. A message is a sub-interval of [0, 1). Each bit cuts the
// interval in two parts as long as the bit's two probabilities say and keeps
// one of them, so that a bit of probability p costs -log2 p bits; any number
// inside the last interval names the message (Rissanen and Langdon,
// "Arithmetic coding", 1979; Witten, Neal and Cleary, "Arithmetic coding for
// data compression", 1987). Only the leading 32 bits of the interval's length
// are kept, and two bytes of its lower end leave whenever the length falls
// below 2^16 (Martin, "Range encoding", 1979).
//
// The estimates. A Bit counts what its context has seen: after k bits it goes
// 1/(k+3/2) of the way to the next one, a little quicker than the estimator
// of Krichevsky and Trofimov ("The performance of universal encoding", 1981),
// whose 1/(k+2) does worse where most contexts are rare. When k has reached
// a limit it stays there, and the past is forgotten at a steady rate. A Chance
// does not count: it begins where its owner says and always goes 1/128 of the way.
//
// The stream, for someone who writes another coder. The state is range, a
// uint32, at first 2^32-1, and the lower end of the interval. For a bit of
// probability p/2^22 of being 1, bound = floor(range*p/2^22) is what a 1
// keeps, at the lower end; a 0 keeps the remaining range-bound above it.
// Then, if range < 2^16, the leading two bytes of the lower end are moved out
// and range is multiplied by 2^16. At the end two more bytes are written: the
// leading two of the lower end plus 2^16-1. A decoder takes bytes past the
// end as zeros, and takes exactly two.
//
// A Bit is a pair (offset, count), at first (0, 0); it stands for
// p = 2^21+offset. After a bit, offset += floor((t-offset)*r/2^16) where t is
// 2^21-64 for a 1 and 64-2^21 for a 0, and r = floor(2^17/(2*count+3)); then
// count goes up by 1 unless it has reached the limit.
//
// A Chance is p itself, from 127 to 2^22-128. After a 1 it grows by
// floor((2^22-1-p)/128), after a 0 it shrinks by floor(p/128).
package arith
