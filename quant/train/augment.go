package train

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"halfmeg/camera/pixel"
	"halfmeg/model"
	"halfmeg/model/prep"
)

// Augmenter makes variants of pictures: crops, slightly stretched, turned and
// recoloured, mirrored. Its results are a network's input: Size x Size x 3 bytes
// minus 128, interleaved. An Augmenter is not safe for concurrent use.
type Augmenter struct {
	in      model.Input
	jitter  Jitter
	resize  *prep.Preprocessor
	picture []byte    // a network's input as bytes
	crop    []byte    // the crop, mirrored and recoloured
	results [2][]int8 // the latest variant and the one before
}

// NewAugmenter returns an Augmenter of pictures of size x size pixels, which are
// a network's input already. It panics if no network can have inputs of that size.
func NewAugmenter(size int) *Augmenter {
	a, err := NewPictureAugmenter(model.Input{Size: size, Fit: model.Direct}, Jitter{})
	if err != nil {
		panic(err)
	}
	return a
}

// NewPictureAugmenter returns an Augmenter of decoded pictures for a network's
// input.
func NewPictureAugmenter(in model.Input, jitter Jitter) (*Augmenter, error) {
	resize, err := prep.NewPreprocessor(model.Input{Size: in.Size, Order: in.Order, Std: [3]float32{1, 1, 1}, Fit: model.Direct})
	if err != nil {
		return nil, err
	}
	if in.Fit != model.Direct && in.Resize < in.Size {
		return nil, fmt.Errorf("a picture resized to %d cannot be cropped to %d", in.Resize, in.Size)
	}
	n := 3 * in.Size * in.Size
	return &Augmenter{in: in, jitter: jitter, resize: resize, results: [2][]int8{make([]int8, n), make([]int8, n)}}, nil
}

// Jitter bounds the variants of decoded pictures. The zero value changes nothing
// but the crop, which is then what the network's rule takes.
type Jitter struct {
	MinArea    float64 // of a crop, as a part of the picture; 0: the crop of the network's rule
	Stretch    float64 // bound of the logarithm of the change of aspect ratio
	Mirror     bool    // half of the pictures are mirrored
	Brightness float64 // bound of the relative change of brightness
	Contrast   float64 // bound of the relative change of the distance to grey
	Saturation float64 // bound of the relative change of saturation
	Tint       float64 // bound of the relative change of each channel
	Turn       float64 // bound of the angle, in degrees
}

// FieldJitter are the variants that pictures of a class have in the field. Crops
// and colours are those of Szegedy et al., arXiv:1409.4842, section 6, and Howard,
// arXiv:1312.5402, in milder amounts: with small crops much of a small data set is
// background. The smallest crop was chosen with ten classes of clothes; the other amounts
// were not tuned.
func FieldJitter() Jitter {
	return Jitter{MinArea: 0.2, Stretch: 0.25, Mirror: true, Brightness: 0.3, Contrast: 0.3, Saturation: 0.3, Tint: 0.08, Turn: 10}
}

// Random crops, changes of aspect ratio, mirroring and changes of colour of
// calibration pictures are milder, because these were cropped already. The amounts
// were not tuned.
const (
	maxCrop    = 0.5 // part of a side that is cut off at most
	maxStretch = 0.2 // bound of the logarithm of the change of height
	maxGain    = 0.3 // bound of the relative change of brightness; a third of it for each channel on top
)

// variation is how a variant differs from its picture.
type variation struct {
	x, y, width, height int // of the crop
	mirror              bool
	curves              [3][256]byte // of the channels
	saturation          int          // of 256, or more
	turn                float64      // in radians
}

// Augment returns a random variant of a network's input. It stays valid during the
// next call of Augment, until the one after it.
func (a *Augmenter) Augment(picture []int8, random *rand.Rand) []int8 {
	size := a.in.Size
	v := variation{mirror: random.IntN(2) == 1, saturation: fullSaturation}
	common := 1 + maxGain*(2*random.Float64()-1)
	for c := range v.curves {
		v.curve(c, common*(1+maxGain/3*(2*random.Float64()-1)), 1)
	}
	side := 1 - maxCrop*random.Float64()
	v.width = max(1, int(float64(size)*side))
	v.height = max(1, int(float64(size)*min(1, side*math.Exp(maxStretch*(2*random.Float64()-1)))))
	v.x, v.y = random.IntN(size-v.width+1), random.IntN(size-v.height+1)
	if v.mirror { // the crop is one of the mirrored picture
		v.x = size - v.x - v.width
	}
	a.picture = slices.Grow(a.picture[:0], len(picture))[:len(picture)]
	for i, b := range picture {
		a.picture[i] = byte(b) ^ 0x80
	}
	return a.render(a.picture, size, size, &v)
}

// Vary returns a random variant of a decoded picture of packed RGB, width x height
// pixels. It stays valid as long as a result of Augment.
func (a *Augmenter) Vary(pix []byte, width, height int, random *rand.Rand) ([]int8, error) {
	if width < 1 || height < 1 || len(pix) != 3*width*height {
		return nil, fmt.Errorf("a picture of %dx%d pixels with %d bytes", width, height, len(pix))
	}
	j := &a.jitter
	v := variation{mirror: j.Mirror && random.IntN(2) == 1}
	bounded := func(bound float64) float64 { return bound * (2*random.Float64() - 1) }
	brightness, contrast := 1+bounded(j.Brightness), 1+bounded(j.Contrast)
	for c := range v.curves {
		v.curve(c, brightness*(1+bounded(j.Tint)), contrast)
	}
	v.saturation = int(fullSaturation * (1 + bounded(j.Saturation)))
	v.turn = bounded(j.Turn) * math.Pi / 180
	a.chooseCrop(&v, width, height, random)
	return a.render(pix, width, height, &v), nil
}

// chooseCrop chooses a crop of a picture: a random one, or that of the network's
// rule. Its aspect ratio is that which the rule takes, stretched.
func (a *Augmenter) chooseCrop(v *variation, width, height int, random *rand.Rand) {
	w, h := float64(width), float64(height)
	if a.in.Fit == model.Crop {
		w, h = min(w, h), min(w, h)
	}
	if a.jitter.MinArea > 0 {
		area := a.jitter.MinArea + (1-a.jitter.MinArea)*random.Float64()
		stretch := a.jitter.Stretch * (2*random.Float64() - 1) / 2
		w, h = w*math.Sqrt(area)*math.Exp(stretch), h*math.Sqrt(area)*math.Exp(-stretch)
	} else if a.in.Fit != model.Direct {
		share := float64(a.in.Size) / float64(a.in.Resize)
		w, h = w*share, h*share
	}
	v.width, v.height = min(width, max(1, int(w+0.5))), min(height, max(1, int(h+0.5)))
	v.x, v.y = (width-v.width)/2, (height-v.height)/2
	if a.jitter.MinArea > 0 {
		v.x, v.y = random.IntN(width-v.width+1), random.IntN(height-v.height+1)
	}
}

// fullSaturation leaves the saturation as it is.
const fullSaturation = 256

// curve sets what becomes of the bytes of a channel: contrast changes the distance
// to the middle, gain the brightness.
func (v *variation) curve(channel int, gain, contrast float64) {
	for b := range 256 {
		x := float64(b)
		if contrast != 1 {
			x = max(0, float64((x-128)*contrast)+128)
		}
		v.curves[channel][b] = byte(min(float64(x*gain)+0.5, 255))
	}
}

// render computes a variant of a picture of packed RGB.
func (a *Augmenter) render(pix []byte, width, height int, v *variation) []int8 {
	size := 3 * v.width * v.height
	a.crop = slices.Grow(a.crop[:0], size)[:size]
	if v.turn == 0 {
		cut(a.crop, pix, width, v)
	} else {
		cutTurned(a.crop, pix, width, height, v)
	}
	v.recolour(a.crop)
	format := pixel.Format{FourCC: pixel.RGB24, Width: v.width, Height: v.height, Stride: 3 * v.width}
	a.results[0], a.results[1] = a.results[1], a.results[0]
	if err := a.resize.Run(a.results[0], format.Image(a.crop)); err != nil {
		panic(err) // the crop has at least one pixel
	}
	return a.results[0]
}

// cut copies the crop, mirrored if that is set.
func cut(dst, pix []byte, width int, v *variation) {
	for y := range v.height {
		src, row := pix[3*((v.y+y)*width+v.x):][:3*v.width], dst[3*y*v.width:][:3*v.width]
		if !v.mirror {
			copy(row, src)
			continue
		}
		for at, to := 0, len(row)-3; at < len(src); at, to = at+3, to-3 {
			row[to], row[to+1], row[to+2] = src[at], src[at+1], src[at+2]
		}
	}
}

// cutTurned copies the crop from the picture turned around the middle of the crop,
// mirrored if that is set. Positions are in units of 1/256 pixel. Outside the
// picture its edge is repeated.
func cutTurned(dst, pix []byte, width, height int, v *variation) {
	sin, cos := math.Sincos(v.turn)
	stepX, stepY := int(math.Round(256*cos)), int(math.Round(256*sin)) // along a row of the crop
	if v.mirror {
		stepX, stepY = -stepX, -stepY
	}
	for y := range v.height {
		up := 2*y - v.height + 1 // twice the distance from the middle
		left := -(v.width - 1)
		middleX, middleY := 128*(2*v.x+v.width-1), 128*(2*v.y+v.height-1)
		px := middleX + left*stepX/2 - int(math.Round(128*float64(up)*sin))
		py := middleY + left*stepY/2 + int(math.Round(128*float64(up)*cos))
		row := dst[3*y*v.width:][:3*v.width]
		for at := 0; at < len(row); at += 3 {
			interpolate(row[at:at+3], pix, width, height, px, py)
			px, py = px+stepX, py+stepY
		}
	}
}

// interpolate computes the colour between four pixels.
func interpolate(dst, pix []byte, width, height, px, py int) {
	px, py = min(max(px, 0), 256*(width-1)), min(max(py, 0), 256*(height-1))
	x, y, fx, fy := px>>8, py>>8, px&255, py&255
	right, below := 3*min(1, width-1-x), 3*width*min(1, height-1-y)
	at := 3 * (y*width + x)
	for c := range dst {
		i := at + c
		top := int(pix[i])*(256-fx) + int(pix[i+right])*fx
		bottom := int(pix[i+below])*(256-fx) + int(pix[i+below+right])*fx
		dst[c] = byte((top*(256-fy) + bottom*fy + 1<<15) >> 16)
	}
}

// recolour changes colours in place.
func (v *variation) recolour(pix []byte) {
	for at := 0; at < len(pix); at += 3 {
		p := pix[at : at+3]
		r, g, b := v.curves[0][p[0]], v.curves[1][p[1]], v.curves[2][p[2]]
		if v.saturation != fullSaturation {
			grey := (77*int(r) + 150*int(g) + 29*int(b)) >> 8 // luma of BT.601
			r, g, b = v.saturate(r, grey), v.saturate(g, grey), v.saturate(b, grey)
		}
		p[0], p[1], p[2] = r, g, b
	}
}

func (v *variation) saturate(b byte, grey int) byte {
	return byte(min(max(grey+(int(b)-grey)*v.saturation/fullSaturation, 0), 255))
}

// Mixup returns variants of two pictures blended in a random proportion
// (Zhang et al., "mixup", arXiv:1710.09412, section 2; the proportion is
// uniform, alpha = 1). It stays valid as long as a result of Augment.
func (a *Augmenter) Mixup(one, other []int8, random *rand.Rand) []int8 {
	first, second := a.Augment(one, random), a.Augment(other, random)
	Blend(second, first, random.IntN(blendParts+1))
	return second
}

// blendParts are the parts of a blend.
const blendParts = 256

// Blend blends parts of other, of 256, into a picture.
func Blend(picture, other []int8, parts int) {
	for i, v := range picture {
		picture[i] = int8((int(other[i])*parts + int(v)*(blendParts-parts)) >> 8)
	}
}
