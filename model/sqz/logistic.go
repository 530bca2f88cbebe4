package sqz

import "halfmeg/model/sqz/internal/arith"

// maxStretch bounds what squash takes and stretch gives.
const maxStretch = 2047

// squash is the logistic function 2^16/(1+e^(-x/256)), by straight lines
// between the points of logistic. It is never 0 nor 2^16.
func squash(x int32) int32 {
	i, part := (x+2048)>>7, (x+2048)&127
	return (logistic[i]*(128-part) + logistic[i+1]*part) >> 7
}

// logistic[i] is 2^16/(1+e^(-(i-16)/2)), rounded.
var logistic = [33]int32{
	22, 36, 60, 98, 162, 267, 439, 720, 1179, 1921, 3108, 4971, 7812, 11955, 17625, 24743,
	32768, 40793, 47911, 53581, 57724, 60565, 62428, 63615, 64357, 64816, 65097, 65269, 65374, 65438, 65476, 65500, 65514,
}

// stretch is the inverse of squash for a probability p/2^arith.Bits: the
// greatest x for which squash(x) is not more than p, of which 12 bits count.
func stretch(p uint32) int32 { return int32(stretchTable[p>>(arith.Bits-12)]) }

var stretchTable = func() (table [1 << 12]int16) {
	x := int32(-maxStretch)
	for i := range table {
		for x < maxStretch && squash(x+1) <= int32(i)<<4 {
			x++
		}
		table[i] = int16(x)
	}
	return table
}()
