package mjpeg_test

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	"log"

	"halfmeg/camera/mjpeg"
)

// The driver's buffers are larger than a frame, so zeros follow it, and the camera
// changes the size of its frames.
func ExampleDecoder_Decode() {
	var decoder mjpeg.Decoder
	for _, height := range []int{48, 32} {
		var frame bytes.Buffer
		if err := jpeg.Encode(&frame, image.NewGray(image.Rect(0, 0, 64, height)), nil); err != nil {
			log.Fatal(err)
		}
		frame.Write(make([]byte, 100))
		img, err := decoder.Decode(frame.Bytes())
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(img.Format)
	}
	// Output:
	// GREY 64x48
	// GREY 64x32
}
