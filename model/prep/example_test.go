package prep_test

import (
	"fmt"

	"halfmeg/camera/pixel"
	"halfmeg/model"
	"halfmeg/model/prep"
)

// A camera's frame becomes the input of a network that reads 2x2 pixels in BGR
// order. The camera is mounted on its side, so the frame has to be rotated.
func Example() {
	rule := model.Input{Size: 2, Order: model.BGR, Std: [3]float32{1, 1, 1}, Fit: model.Direct}
	preprocessor, err := prep.NewPreprocessor(rule)
	if err != nil {
		fmt.Println(err)
		return
	}
	frame := pixel.Format{FourCC: pixel.GREY, Width: 2, Height: 2, Stride: 2}.Image([]byte{10, 20, 30, 40})
	frame.Rotate = 90
	input := make([]int8, 3*rule.Size*rule.Size)
	if err := preprocessor.Run(input, frame); err != nil {
		fmt.Println(err)
		return
	}
	for i := 0; i < len(input); i += 3 {
		fmt.Println(int(input[i])+128, int(input[i+1])+128, int(input[i+2])+128)
	}
	// Output:
	// 30 30 30
	// 10 10 10
	// 40 40 40
	// 20 20 20
}
