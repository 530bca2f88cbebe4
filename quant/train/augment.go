package train

import (
	"math"
	"math/rand/v2"

	"halfmeg/camera/pixel"
	"halfmeg/model"
	"halfmeg/model/prep"
)

// Augmenter makes variants of pictures: crops, slightly stretched and
// recoloured, half of them mirrored. Pictures are a network's input: Size x
// Size x 3 bytes minus 128, interleaved. An Augmenter is not safe for
// concurrent use.
type Augmenter struct {
	resize  *prep.Preprocessor
	size    int
	source  []byte    // the picture, mirrored and recoloured
	results [2][]int8 // the latest variant and the one before
}

// NewAugmenter returns an Augmenter of pictures of size x size pixels. It
// panics if no network can have inputs of that size.
func NewAugmenter(size int) *Augmenter {
	resize, err := prep.NewPreprocessor(model.Input{Size: size, Std: [3]float32{1, 1, 1}, Fit: model.Direct})
	if err != nil {
		panic(err)
	}
	n := 3 * size * size
	return &Augmenter{resize: resize, size: size, source: make([]byte, n), results: [2][]int8{make([]int8, n), make([]int8, n)}}
}

// Random crops, changes of aspect ratio, mirroring and changes of colour are
// those of Szegedy et al., arXiv:1409.4842, section 6, and Howard,
// arXiv:1312.5402, in milder amounts: the pictures are calibration pictures
// that were cropped already. The amounts were not tuned.
const (
	maxCrop    = 0.5 // part of a side that is cut off at most
	maxStretch = 0.2 // bound of the logarithm of the change of height
	maxGain    = 0.3 // bound of the relative change of brightness; a third of it for each channel on top
)

// Augment returns a random variant of a picture. It stays valid during the
// next call of Augment, until the one after it.
func (a *Augmenter) Augment(picture []int8, random *rand.Rand) []int8 {
	a.recolour(picture, random)
	side := 1 - maxCrop*random.Float64()
	width := max(1, int(float64(a.size)*side))
	height := max(1, int(float64(a.size)*min(1, side*math.Exp(maxStretch*(2*random.Float64()-1)))))
	x, y := random.IntN(a.size-width+1), random.IntN(a.size-height+1)
	format := pixel.Format{FourCC: pixel.RGB24, Width: width, Height: height, Stride: 3 * a.size}
	a.results[0], a.results[1] = a.results[1], a.results[0]
	if err := a.resize.Run(a.results[0], format.Image(a.source[3*(y*a.size+x):])); err != nil {
		panic(err) // the crop lies inside the picture
	}
	return a.results[0]
}

// recolour writes the picture to source, mirrored every other time, with the
// brightness of each channel changed.
func (a *Augmenter) recolour(picture []int8, random *rand.Rand) {
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
}

// Mixup returns variants of two pictures blended in a random proportion
// (Zhang et al., "mixup", arXiv:1710.09412, section 2; the proportion is
// uniform, alpha = 1). It stays valid as long as a result of Augment.
func (a *Augmenter) Mixup(one, other []int8, random *rand.Rand) []int8 {
	first, second := a.Augment(one, random), a.Augment(other, random)
	weight := random.IntN(257) // of the first, of 256
	for i, v := range second {
		second[i] = int8((int(first[i])*weight + int(v)*(256-weight)) >> 8)
	}
	return second
}
