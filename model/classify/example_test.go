package classify_test

import (
	"context"
	"fmt"
	"log"

	"halfmeg/camera"
	"halfmeg/model/classify"
	"halfmeg/model/pretrained"
)

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
	// wall clock: 54 %
	// analog clock: 46 %
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
