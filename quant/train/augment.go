package quant

import (
	"math"
	"math/rand/v2"

	"halfmeg/camera/pixel"
	"halfmeg/model"
	"halfmeg/model/prep"
)

// augmenter makes more pictures of one: crops, a little out of shape and
// colour, every other one mirrored.
type augmenter struct {
	resize *prep.Preprocessor
	size   int
	source []byte
	result []int8
	spare  []int8
}

func newAugmenter(size int) *augmenter {
	resize, err := prep.NewPreprocessor(model.Input{Size: size, Std: [3]float32{1, 1, 1}, Fit: model.Direct})
	if err != nil {
		panic(err) // the size is a network's
	}
	return &augmenter{resize, size, make([]byte, 3*size*size), make([]int8, 3*size*size), make([]int8, 3*size*size)}
}

const (
	maxCrop    = 0.5 // of a side cut off
	maxStretch = 0.2 // logarithm of a change of height
	maxGain    = 0.3 // part by which a channel may become brighter or darker
)

// vary makes a variant of a picture (as in Quantize), valid until the next
// call or the next but one.
func (a *augmenter) vary(picture []int8, random *rand.Rand) []int8 {
	mirror := random.IntN(2) == 1
	common := 1 + maxGain*(2*random.Float64()-1)
	var gains [3]float64
	for c := range gains {
		gains[c] = common * (1 + maxGain/3*(2*random.Float64()-1))
	}
	for at := 0; at < len(picture); at += 3 {
		to, x := at, at/3%a.size
		if mirror {
			to += 3 * (a.size - 1 - 2*x)
		}
		for c, v := range picture[at : at+3] {
			a.source[to+c] = byte(min(float64(float64(byte(v)^0x80)*gains[c])+0.5, 255))
		}
	}
	side := 1 - maxCrop*random.Float64()
	width := max(1, int(float64(a.size)*side))
	height := max(1, int(float64(a.size)*min(1, side*math.Exp(maxStretch*(2*random.Float64()-1)))))
	x, y := random.IntN(a.size-width+1), random.IntN(a.size-height+1)
	crop := pixel.Format{FourCC: pixel.RGB24, Width: width, Height: height, Stride: 3 * a.size}.Image(a.source[3*(y*a.size+x):])
	a.result, a.spare = a.spare, a.result
	if err := a.resize.Run(a.result, crop); err != nil {
		panic(err) // the crop is inside the picture
	}
	return a.result
}

// mix blends variants of two pictures: what a network says of it has never
// been said of any picture (Zhang et al., "mixup", arXiv:1710.09412).
func (a *augmenter) mix(one, other []int8, random *rand.Rand) []int8 {
	first, second := a.vary(one, random), a.vary(other, random)
	share := random.IntN(257)
	for i, v := range second {
		second[i] = int8((int(first[i])*share + int(v)*(256-share)) >> 8)
	}
	return second
}
