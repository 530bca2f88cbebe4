package importer_test

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"halfmeg/model"
	"halfmeg/quant/importer"
)

// ExampleLoad imports a state dict in .safetensors. Its names and shapes reveal
// a SqueezeNet v1.1, with the fire modules reduced and three classes; a state
// dict does not state the preprocessing, so Load fills it in.
func ExampleLoad() {
	path, err := writeSqueezeNet()
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = os.RemoveAll(filepath.Dir(path)) }()

	loaded, err := importer.Load(path, importer.Options{Order: "rgb", Fit: "direct"})
	if err != nil {
		log.Fatal(err)
	}
	n := loaded.Network
	fmt.Printf("%s: SqueezeNet %s, %d layers, %d classes\n",
		loaded.Format, n.Topology.Name, len(n.Layers), n.Topology.Head.Classes)
	for _, line := range loaded.Assumed {
		fmt.Println("assumed:", line)
	}
	// Output:
	// safetensors: SqueezeNet custom, 26 layers, 3 classes
	// assumed: strides, pools after layers [1 3 5] and no bypass, as in v1.1, which has the same conv1 (-topology)
	// assumed: conv1 is not padded, as in v1.1 (-conv1-pad)
	// assumed: a ReLU after conv10, as in the published networks (-head)
	// assumed: input side 224, as in torchvision (-size)
	// assumed: mean 123.675,116.28,103.53 in bytes, as in torchvision (-mean)
	// assumed: standard deviation 58.395,57.12,57.375 in bytes, as in torchvision (-std)
}

// writeSqueezeNet writes a network whose weights are all zero to a temporary
// directory, with the keys of torchvision's state dict.
func writeSqueezeNet() (path string, err error) {
	header := map[string]any{}
	size := 0
	add := func(name string, shape ...int) {
		begin := size
		bytes := 4 // of a float32
		for _, d := range shape {
			bytes *= d
		}
		size += bytes
		header[name] = map[string]any{"dtype": "F32", "shape": shape, "data_offsets": []int{begin, size}}
	}
	conv := func(name string, out, in, kernel int) {
		add(name+".weight", out, in, kernel, kernel)
		add(name+".bias", out)
	}
	conv("features.0", model.V11().Conv1.Filters, 3, 3)
	channels := model.V11().Conv1.Filters
	for _, i := range []int{3, 4, 6, 7, 9, 10, 11, 12} { // pools are 2, 5 and 8
		fire := fmt.Sprintf("features.%d.", i)
		conv(fire+"squeeze", 2, channels, 1)
		conv(fire+"expand1x1", 4, 2, 1)
		conv(fire+"expand3x3", 4, 2, 3)
		channels = 8
	}
	conv("classifier.1", 3, channels, 1)

	text, err := json.Marshal(header)
	if err != nil {
		return "", err
	}
	file := binary.LittleEndian.AppendUint64(nil, uint64(len(text)))
	file = append(append(file, text...), make([]byte, size)...)
	dir, err := os.MkdirTemp("", "importer")
	if err != nil {
		return "", err
	}
	path = filepath.Join(dir, "tiny.safetensors")
	return path, os.WriteFile(path, file, 0o600)
}
