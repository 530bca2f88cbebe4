package prep

import (
	"halfmeg/camera/pixel"
	"halfmeg/kernels/resample"
	"halfmeg/model"
)

// lumaCoefficients are Kr and Kb of ITU-R BT.601 and BT.709 in units of 1/lumaUnit.
// Kg is the rest.
var lumaCoefficients = [...]struct{ red, blue int64 }{
	pixel.BT601: {2990, 1140},
	pixel.BT709: {2126, 722},
}

const lumaUnit = 10000

// newMatrix returns the conversion from Y, Cb and Cr to the network's channels.
// It expands limited range to full range; then
//
//	R = Y + 2(1-Kr)Cr
//	G = Y - 2(1-Kr)Kr/Kg Cr - 2(1-Kb)Kb/Kg Cb
//	B = Y + 2(1-Kb)Cb
func newMatrix(s sourceFormat, order model.Order) resample.Matrix {
	black, lumaRange, chromaRange := uint16(0), int64(255), int64(255)
	if s.valueRange == pixel.Limited {
		black, lumaRange, chromaRange = 16, 219, 224
	}
	k := lumaCoefficients[s.matrix]
	green := lumaUnit - k.red - k.blue
	chroma := func(n, d int64) int16 { return fixedPoint(255*2*n, chromaRange*d) }

	m := resample.Matrix{Y: fixedPoint(255, lumaRange)}
	if s.fourCC != pixel.GREY {
		m.A[0] = chroma(lumaUnit-k.red, lumaUnit)
		m.A[1] = -chroma((lumaUnit-k.red)*k.red, lumaUnit*green)
		m.B[0] = -chroma((lumaUnit-k.blue)*k.blue, lumaUnit*green)
		m.B[1] = chroma(lumaUnit-k.blue, lumaUnit)
	}
	if order == model.BGR {
		m.A[0], m.A[1], m.B[0], m.B[1] = m.B[1], m.B[0], m.A[1], m.A[0]
	}
	const neutral = 128 << resample.SampleBits // of Cb and Cr
	zero := resample.Product(m.Y, black<<resample.SampleBits) + 128<<resample.SumBits
	m.Bias = [3]int16{
		-zero - resample.Product(m.A[0], neutral),
		-zero - resample.Product(m.A[1], neutral) - resample.Product(m.B[0], neutral),
		-zero - resample.Product(m.B[1], neutral),
	}
	return m
}

// fixedPoint returns n/d with FactorBits fraction bits.
func fixedPoint(n, d int64) int16 { return int16(divideHalfEven(n<<resample.FactorBits, d)) }
