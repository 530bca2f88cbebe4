package y4m_test

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"halfmeg/camera/y4m"
)

// Two frames of 4x2 pixels: eight luma samples, two of Cb, two of Cr.
func ExampleReader_Read() {
	const video = "YUV4MPEG2 W4 H2 F25:1 C420jpeg XCOLORRANGE=FULL\n" +
		"FRAME\naaaaaaaabbcc" +
		"FRAME\nddddddddeeff"
	frames, err := y4m.NewReader(strings.NewReader(video))
	if err != nil {
		fmt.Println(err)
		return
	}
	format := frames.Format()
	fmt.Printf("%v %dx%d, %d bytes per frame\n", format.FourCC, format.Width, format.Height, format.Size())
	var buf []byte
	for {
		buf, err = frames.Read(buf)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%s\n", buf)
	}
	// Output:
	// YU12 4x2, 12 bytes per frame
	// aaaaaaaabbcc
	// ddddddddeeff
}
