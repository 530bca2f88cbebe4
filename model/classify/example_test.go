package classify_test

import (
	"context"
	"fmt"
	"log"

	"halfmeg/camera"
	"halfmeg/camera/picture"
	"halfmeg/model/classify"
	"halfmeg/model/pretrained"
)

// Classify a file. A test compares this program with that of the README.
func Example() {
	network, err := pretrained.Load(pretrained.Default) // or sqz.ReadFile("mine.sqz")
	if err != nil {
		log.Fatal(err)
	}
	const threads = 4
	classifier, err := classify.New(network, threads)
	if err != nil {
		log.Fatal(err)
	}
	defer classifier.Close()

	img, err := picture.DecodeFile("testdata/photo.png")
	if err != nil {
		log.Fatal(err)
	}
	result, err := classifier.Classify(img.Pixels()) // or a camera frame's Pixels
	if err != nil {
		log.Fatal(err)
	}
	for _, class := range result.Top(5) {
		fmt.Printf("%5.1f %%  %s\n", 100*class.Probability, class.Label)
	}
	// Output:
	//  99.9 %  traffic light, traffic signal, stoplight
	//   0.0 %  remote control, remote
	//   0.0 %  face powder
	//   0.0 %  iPod
	//   0.0 %  ping-pong ball
}

// Watch a camera, which may be unplugged in between, and print what it shows when that
// changes.
func Example_watch() {
	network, err := pretrained.Load(pretrained.Default)
	if err != nil {
		log.Fatal(err)
	}
	classifier, err := classify.New(network, 4)
	if err != nil {
		log.Fatal(err)
	}
	defer classifier.Close()

	ctx := context.Background()
	opener := camera.NewOpener(camera.TestCard, camera.Options{}) // or camera.Auto, "rpicam", "rtsp://…"
	source, err := camera.Reconnect(ctx, opener.Open, camera.Retry{})
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = source.Close() }()

	last := ""
	for range 12 {
		frame, err := source.Next(ctx)
		if err != nil {
			log.Fatal(err)
		}
		result, err := classifier.Classify(frame.Pixels())
		if err != nil {
			log.Fatal(err)
		}
		if best := result.Top(1)[0]; best.Label != last {
			fmt.Println(best.Label)
			last = best.Label
		}
	}
	// Output:
	// wall clock
	// traffic light, traffic signal, stoplight
	// soccer ball
	// crossword puzzle, crossword
	// balloon
}

// Classify what a camera shows, here the built-in test card.
func ExampleClassifier() {
	network, err := pretrained.Load(pretrained.Default) // or sqz.ReadFile("mine.sqz")
	if err != nil {
		log.Fatal(err)
	}
	classifier, err := classify.New(network, 2)
	if err != nil {
		log.Fatal(err)
	}
	defer classifier.Close()

	ctx := context.Background()
	source, err := camera.Open(ctx, camera.TestCard, camera.Options{}) // or "video0", "rpicam", camera.Auto …
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = source.Close() }()
	frame, err := source.Next(ctx)
	if err != nil {
		log.Fatal(err)
	}
	result, err := classifier.Classify(frame.Pixels())
	if err != nil {
		log.Fatal(err)
	}
	for _, class := range result.Top(2) {
		fmt.Printf("%s: %.0f %%\n", class.Label, 100*class.Probability)
	}
	// Output:
	// wall clock: 58 %
	// analog clock: 42 %
}

func ExampleTopK() {
	logits := []float32{0.5, 3, 1}
	for _, class := range classify.TopK(logits, 2) {
		fmt.Printf("class %d: %.2f\n", class.Index, class.Probability)
	}
	// Output:
	// class 1: 0.82
	// class 2: 0.11
}
