package baseline_test

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	"log"

	"halfmeg/camera/baseline"
)

// A frame of 640x480 pixels is scaled to a half, because a network reads no more than
// 227 rows.
func ExampleDecoder_Decode() {
	var frame bytes.Buffer
	if err := jpeg.Encode(&frame, image.NewYCbCr(image.Rect(0, 0, 640, 480), image.YCbCrSubsampleRatio420), nil); err != nil {
		log.Fatal(err)
	}
	decoder := baseline.Decoder{MinSide: 227}
	format, data, _, err := decoder.Decode(frame.Bytes())
	if err != nil {
		log.Fatal(err)
	}
	img := format.Image(data)
	fmt.Println(format, img.Validate())
	// Output:
	// YU12 320x240 <nil>
}
