package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"halfmeg/camera/picture"
	"halfmeg/model/classify"
	"halfmeg/model/sqz"
	"halfmeg/tools/train/example"
)

// examplePictures is the number of drawn pictures of each class.
const examplePictures = 40

// runExample draws a data set, trains on it, and recognises pictures that are not
// in it, as edge does.
func runExample(ctx context.Context, s *settings) error {
	if err := s.drawExample(); err != nil {
		return err
	}
	further, err := example.Write(s.pictures, examplePictures, 1)
	if err != nil {
		return err
	}
	fmt.Printf("%s: %d drawn pictures of a garden gate: open, closed, and none\n", s.pictures, examplePictures*len(example.Classes()))
	if err := (&job{settings: s}).run(ctx); err != nil {
		return err
	}
	fmt.Println("\nPictures that the network has not seen:")
	for _, path := range further {
		if err := recognise(s.out, path); err != nil {
			return err
		}
	}
	fmt.Printf("\nThe same with edge, and on the Pi, where %s goes by scp:\n"+
		"  go run ./cmd/edge classify --model %s %s\n"+
		"  ./edge run --model %s --camera auto\n"+
		"With pictures of your own, one folder per class:\n"+
		"  go run ./tools/train -pictures pictures/ -out mine.sqz\n", s.out, s.out, further[0], filepath.Base(s.out))
	return nil
}

// drawExample chooses the folder of the pictures, which must be new: others would be
// mixed with them.
func (s *settings) drawExample() error {
	if s.pictures == "" {
		var err error
		s.pictures, err = os.MkdirTemp("", "gate-")
		return err
	}
	if _, err := os.Stat(s.pictures); err == nil {
		return fmt.Errorf("-example -pictures %s: the folder exists already; name a new one", s.pictures)
	} else if !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// recognise prints the answer for a picture.
func recognise(network, path string) error {
	n, err := sqz.ReadFile(network)
	if err != nil {
		return err
	}
	classifier, err := classify.New(n, 1)
	if err != nil {
		return err
	}
	defer classifier.Close()
	img, err := picture.DecodeFile(path)
	if err != nil {
		return err
	}
	result, err := classifier.Classify(img.Pixels())
	if err != nil {
		return err
	}
	best := result.Top(1)[0]
	fmt.Printf("  %s: %s, %.1f %%\n", path, best.Label, 100*best.Probability)
	return nil
}
