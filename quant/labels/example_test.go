package labels_test

import (
	"fmt"
	"log"
	"os"
	"path/filepath"

	"halfmeg/quant/labels"
)

// The file has a name more than the network has classes: TensorFlow's background.
func ExampleRead() {
	dir, err := os.MkdirTemp("", "labels")
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	path := filepath.Join(dir, "labels.txt")
	if err := os.WriteFile(path, []byte("background\ntench\ngoldfish\n"), 0o600); err != nil {
		log.Fatal(err)
	}

	list, err := labels.Read(path)
	if err != nil {
		log.Fatal(err)
	}
	list, err = list.Fit(2)
	if err != nil {
		log.Fatal(err)
	}
	for class, name := range list.Names {
		fmt.Println(class, name)
	}
	for _, note := range list.Notes {
		fmt.Println("note:", note)
	}
	// Output:
	// 0 tench
	// 1 goldfish
	// note: the first label, "background", is dropped: the network has no class for it
}
