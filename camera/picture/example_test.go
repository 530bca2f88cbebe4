package picture_test

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"log"
	"strings"

	"halfmeg/camera/picture"
)

// A PNG of two pixels, a red one and a transparent one, which becomes white.
func ExampleDecode() {
	source := image.NewNRGBA(image.Rect(0, 0, 2, 1))
	source.Set(0, 0, color.NRGBA{R: 255, A: 255})
	var file bytes.Buffer
	if err := png.Encode(&file, source); err != nil {
		log.Fatal(err)
	}

	img, err := picture.Decode(&file)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%dx%d %d\n", img.Width, img.Height, img.Pix)
	// Output: 2x1 [255 0 0 255 255 255]
}

// The error of a file that is not a picture matches ErrUnknown. The error of a format
// that is recognised but not supported names it.
func ExampleDecode_unknown() {
	_, err := picture.Decode(strings.NewReader("frame,answer\n1,wall clock\n"))
	fmt.Println(errors.Is(err, picture.ErrUnknown))
	_, err = picture.Decode(strings.NewReader("RIFF\x24\x00\x00\x00WEBPVP8 "))
	fmt.Println(err)
	// Output:
	// true
	// WebP pictures are not supported: convert it first, for example with ImageMagick's `magick IN out.jpg`
}
