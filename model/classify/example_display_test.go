package classify_test

import (
	"context"
	"fmt"
	"image"
	"log"

	"golang.org/x/image/font"
	"golang.org/x/image/font/basicfont"
	"golang.org/x/image/math/fixed"
	"periph.io/x/conn/v3/i2c/i2ctest"
	"periph.io/x/devices/v3/ssd1306"
	"periph.io/x/devices/v3/ssd1306/image1bit"

	"halfmeg/camera"
	"halfmeg/model/classify"
	"halfmeg/model/pretrained"
)

// Draw an answer on a small display with an SSD1306 controller. On a Raspberry Pi the bus
// is that of sysfs.NewI2C(1), of package periph.io/x/host/v3/sysfs.
func ExampleClassifier_display() {
	bus := &i2ctest.Record{}
	display, err := ssd1306.NewI2C(bus, &ssd1306.DefaultOpts)
	if err != nil {
		log.Fatal(err)
	}
	network, err := pretrained.Load(pretrained.Default)
	if err != nil {
		log.Fatal(err)
	}
	classifier, err := classify.New(network, 1)
	if err != nil {
		log.Fatal(err)
	}
	defer classifier.Close()
	source, err := camera.Open(context.Background(), camera.TestCard, camera.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = source.Close() }()

	frame, err := source.Next(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	result, err := classifier.Classify(frame.Pixels())
	if err != nil {
		log.Fatal(err)
	}
	img := image1bit.NewVerticalLSB(display.Bounds())
	text := font.Drawer{Dst: img, Src: image.White, Face: basicfont.Face7x13, Dot: fixed.P(0, basicfont.Face7x13.Ascent)}
	text.DrawString(result.Top(1)[0].Label)
	if err := display.Draw(img.Rect, img, image.Point{}); err != nil {
		log.Fatal(err)
	}

	fmt.Println(len(bus.Ops), "transfers") // the initialisation, then two for each page
	for y := 2; y < 11; y++ {
		for x := range 34 {
			fmt.Print(map[image1bit.Bit]string{image1bit.On: "#", image1bit.Off: "."}[img.BitAt(x, y)])
		}
		fmt.Println()
	}
	// Output:
	// 17 transfers
	// ................##.....##.........
	// .................#......#.........
	// .................#......#.........
	// .#...#..####.....#......#.........
	// .#...#......#....#......#.........
	// .#.#.#..#####....#......#.........
	// .#.#.#.#....#....#......#.........
	// .#.#.#.#...##....#......#.........
	// ..#.#...###.#..#####..#####.......
}
