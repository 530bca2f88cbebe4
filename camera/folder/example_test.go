package folder_test

import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"os"
	"path/filepath"

	"halfmeg/camera/folder"
)

// writePNG writes a grey picture to dir/name.
func writePNG(dir, name string, width, height int) error {
	f, err := os.Create(filepath.Join(dir, name))
	if err != nil {
		return err
	}
	return errors.Join(png.Encode(f, image.NewGray(image.Rect(0, 0, width, height))), f.Close())
}

func ExampleFolder_Next() {
	dir, err := os.MkdirTemp("", "pictures")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(dir) }()
	err = errors.Join(
		writePNG(dir, "2.png", 64, 48),
		writePNG(dir, "1.png", 32, 24),
		os.WriteFile(filepath.Join(dir, "notes.txt"), []byte("not a picture"), 0o600),
	)
	if err != nil {
		fmt.Println(err)
		return
	}

	skipped := 0
	pictures, err := folder.Open(dir, false, func(error) { skipped++ })
	if err != nil {
		fmt.Println(err)
		return
	}
	for {
		img, err := pictures.Next(context.Background())
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%dx%d\n", img.Width, img.Height)
	}
	fmt.Println("skipped:", skipped)
	// Output:
	// 32x24
	// 64x48
	// skipped: 1
}
