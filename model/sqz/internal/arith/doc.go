// Package arith is an adaptive binary arithmetic coder. It codes a sequence of
// bits, each with an estimated probability of being 1, in about as many bytes
// as their information content.
//
// # Coding
//
// A message is a subinterval of [0, 1). Each bit splits the interval in
// proportion to the probabilities of 1 and 0 and keeps one part, so a bit of
// probability p costs -log2 p bits. Any number in the last interval identifies
// the message (Rissanen and Langdon, "Arithmetic coding", 1979; Witten, Neal
// and Cleary, "Arithmetic coding for data compression", 1987). Only the leading
// 32 bits of the interval's length, its range, are kept. When the range falls
// below 2^16, two bytes of the lower end are output (Martin, "Range encoding",
// 1979).
//
// # Probability estimates
//
// A CountedProb counts the bits it has seen: after k bits it moves 1/(k+3/2)
// of the distance to the next bit. This is slightly faster than the estimator
// of Krichevsky and Trofimov ("The performance of universal encoding", 1981),
// whose 1/(k+2) does worse where most contexts are rare. At a limit k stops
// growing, and older bits are forgotten exponentially.
//
// A ShiftProb has no counter. It starts from a prior and always moves 1/128 of
// the distance, like the probabilities of LZMA, which move 1/32.
//
// # Stream format
//
// The state is range, a uint32 that starts as 2^32-1, and the lower end of the
// interval. For a bit that is 1 with probability p/2^22,
// bound = floor(range*p/2^22). A 1 keeps the lower part, of length bound; a 0
// keeps the upper part, of length range-bound. Then, if range < 2^16, the two
// leading bytes of the lower end are output and range is multiplied by 2^16. At
// the end two more bytes are output: the two leading bytes of the lower end
// plus 2^16-1. A decoder reads exactly two bytes past the end, as zeros.
//
// A CountedProb is a pair (offset, count) that starts as (0, 0) and stands for
// p = 2^21+offset. After a bit, offset += floor((t-offset)*r/2^16), where t is
// 2^21-64 for a 1 and 64-2^21 for a 0, and r = floor(2^17/(2*count+3)); then
// count is incremented unless it has reached the limit.
//
// A ShiftProb is p itself, from 127 to 2^22-128. A 1 adds
// floor((2^22-1-p)/128), a 0 subtracts floor(p/128).
package arith
