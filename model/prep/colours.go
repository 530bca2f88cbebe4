package prep

import (
	"halfmeg/camera/pixel"
	"halfmeg/kernels/resample"
	"halfmeg/model"
)

// lumaWeights are the parts that red and blue have in Y, in units of 1/wholeLuma
// (ITU-R BT.601, BT.709); green has the rest.
var lumaWeights = [...]struct{ red, blue int64 }{
	pixel.BT601: {2990, 1140},
	pixel.BT709: {2126, 722},
}

const wholeLuma = 10000

// coloursOf is the way from Y, U and V to the network's channels. Steps of
// Y and of U and V are widened to those of full range; then, with the parts
// kr, kg and kb that the colours have in Y,
//
//	R = Y + 2(1-kr)V,  G = Y - 2(1-kr)kr/kg V - 2(1-kb)kb/kg U,  B = Y + 2(1-kb)U.
func coloursOf(l layout, order model.Order) resample.Matrix {
	black, lumaSteps, chromaSteps := uint16(0), int64(255), int64(255)
	if l.colourRange == pixel.Limited {
		black, lumaSteps, chromaSteps = 16, 219, 224
	}
	k := lumaWeights[l.matrix]
	green := wholeLuma - k.red - k.blue
	chroma := func(part, of int64) int16 { return fixed(255*2*part, chromaSteps*of) }

	c := resample.Matrix{Y: fixed(255, lumaSteps)}
	if l.fourCC != pixel.GREY {
		c.A[0] = chroma(wholeLuma-k.red, wholeLuma)
		c.A[1] = -chroma((wholeLuma-k.red)*k.red, wholeLuma*green)
		c.B[0] = -chroma((wholeLuma-k.blue)*k.blue, wholeLuma*green)
		c.B[1] = chroma(wholeLuma-k.blue, wholeLuma)
	}
	if order == model.BGR {
		c.A[0], c.A[1], c.B[0], c.B[1] = c.B[1], c.B[0], c.A[1], c.A[0]
	}
	const grey = 128 << resample.SampleBits // of U and V
	zero := resample.Product(c.Y, black<<resample.SampleBits) + 128<<resample.SumBits
	c.Bias = [3]int16{
		-zero - resample.Product(c.A[0], grey),
		-zero - resample.Product(c.A[1], grey) - resample.Product(c.B[0], grey),
		-zero - resample.Product(c.B[1], grey),
	}
	return c
}

// fixed is n/d with as many fraction bits as a matrix has.
func fixed(n, d int64) int16 { return int16(divideHalfEven(n<<resample.FactorBits, d)) }
