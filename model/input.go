package model

import (
	"fmt"
	"math"
)

// Input is how a picture becomes the input of the network: Size x Size pixels
// of three bytes in the network's channel order. The float network reads
// (byte-Mean)/Std.
type Input struct {
	Size   int        `json:"size"`   // side in pixels
	Order  Order      `json:"order"`  // channel order
	Mean   [3]float32 `json:"mean"`   // of bytes, in the network's channel order
	Std    [3]float32 `json:"std"`    // of bytes, in the network's channel order
	Fit    Fit        `json:"fit"`    // how a picture of another shape is resized
	Resize int        `json:"resize"` // side before the centre crop, in pixels; not used by Direct
}

// Order is the order of the colour channels of a network's input.
type Order uint8

// The channel orders.
const (
	RGB Order = iota
	BGR
)

// Fit is how a picture of any shape is resized to a square.
type Fit uint8

const (
	// Squash scales the whole picture to Resize x Resize, without keeping its
	// aspect ratio, then crops the centre (Caffe: 256, then 227).
	Squash Fit = iota
	// Crop scales the short side to Resize, keeping the aspect ratio, then
	// crops the centre (torchvision: 256, then 224).
	Crop
	// Direct scales the whole picture to Size x Size, without cropping.
	Direct
)

// CaffeInput returns the input of the original SqueezeNet: the mean of ImageNet as
// rounded in Caffe's ilsvrc12 examples, channels in OpenCV's order.
func CaffeInput() Input {
	return Input{Size: 227, Order: BGR, Mean: [3]float32{104, 117, 123}, Std: [3]float32{1, 1, 1}, Fit: Squash, Resize: 256}
}

// TorchvisionInput returns the input of torchvision's ImageNet networks.
func TorchvisionInput() Input {
	return Input{
		Size:   224,
		Order:  RGB,
		Mean:   [3]float32{0.485 * 255, 0.456 * 255, 0.406 * 255},
		Std:    [3]float32{0.229 * 255, 0.224 * 255, 0.225 * 255},
		Fit:    Crop,
		Resize: 256,
	}
}

// Sized returns the input for another side. What is cut out is the same part of a picture.
func (in Input) Sized(side int) Input {
	in.Resize = (in.Resize*side + in.Size/2) / in.Size
	in.Size = side
	return in
}

// Validate checks that a picture can be prepared by these rules.
func (in Input) Validate() error {
	switch {
	case in.Size < 1 || in.Size > maxSize:
		return fmt.Errorf("input side %d is not in 1…%d", in.Size, maxSize)
	case in.Order > BGR:
		return fmt.Errorf("unknown channel order %d", in.Order)
	case in.Fit > Direct:
		return fmt.Errorf("unknown resize rule %d", in.Fit)
	case in.Fit != Direct && (in.Resize < in.Size || in.Resize > 2*maxSize):
		return fmt.Errorf("a picture resized to %d cannot be cropped to %d", in.Resize, in.Size)
	}
	for c := range 3 {
		if math.IsNaN(float64(in.Mean[c])) || math.IsInf(float64(in.Mean[c]), 0) || !positive(in.Std[c]) {
			return fmt.Errorf("channel %d: mean %v and standard deviation %v must be finite, the latter positive", c, in.Mean[c], in.Std[c])
		}
	}
	return nil
}

var (
	orderNames = []string{"rgb", "bgr"}
	fitNames   = []string{"squash", "crop", "direct"}
)

// String is "rgb" or "bgr".
func (o Order) String() string { return name(orderNames, int(o)) }

// String is "squash", "crop" or "direct".
func (f Fit) String() string { return name(fitNames, int(f)) }

// MarshalText writes the name that String returns.
func (o Order) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// UnmarshalText reads "rgb" or "bgr".
func (o *Order) UnmarshalText(text []byte) error {
	i, err := parse(orderNames, "channel order", string(text))
	*o = Order(i)
	return err
}

// MarshalText writes the name that String returns.
func (f Fit) MarshalText() ([]byte, error) { return []byte(f.String()), nil }

// UnmarshalText reads "squash", "crop" or "direct".
func (f *Fit) UnmarshalText(text []byte) error {
	i, err := parse(fitNames, "resize rule", string(text))
	*f = Fit(i)
	return err
}

func name(names []string, i int) string {
	if i < len(names) {
		return names[i]
	}
	return fmt.Sprintf("unknown (%d)", i)
}

func parse(names []string, what, text string) (int, error) {
	for i, n := range names {
		if n == text {
			return i, nil
		}
	}
	return 0, fmt.Errorf("%s %q is none of %q", what, text, names)
}

// MeanBytes returns the byte nearest to the mean of each channel. A padded conv1
// reads it outside the picture, where the float network reads zeros.
func (in Input) MeanBytes() [3]byte {
	var b [3]byte
	for c, m := range in.Mean {
		b[c] = byte(min(max(math.RoundToEven(float64(m)), 0), 255))
	}
	return b
}
