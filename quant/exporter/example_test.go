package exporter_test

import (
	"bytes"
	"fmt"
	"log"

	"halfmeg/model"
	"halfmeg/quant/exporter"
	"halfmeg/quant/train"
)

// A network with random weights, as a file for PyTorch.
func ExampleSafetensors() {
	topology := model.Topology{
		Size:  32,
		Conv1: model.Stem{Filters: 4, Kernel: 3, Stride: 2},
		Fires: []model.Fire{{S1x1: 2, E1x1: 4, E3x3: 4}},
		Head:  model.Head{Classes: 2, Linear: true},
	}
	input := model.TorchvisionInput()
	input.Size = topology.Size
	n, err := train.Initialize(topology, input, []string{"open", "closed"}, train.He, 1)
	if err != nil {
		log.Fatal(err)
	}
	var file bytes.Buffer
	if err := exporter.Safetensors(&file, n); err != nil {
		log.Fatal(err)
	}
	fmt.Println(bytes.Contains(file.Bytes(), []byte(`"features.2.expand3x3.weight":{"dtype":"F32","shape":[4,2,3,3]`)))
	// Output: true
}
