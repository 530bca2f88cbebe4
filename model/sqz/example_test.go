package sqz_test

import (
	"bytes"
	"fmt"
	"log"

	"halfmeg/model/pretrained"
	"halfmeg/model/sqz"
)

// Decode an embedded network and encode it again.
func Example() {
	file, err := pretrained.Bytes("squeezenet1.1")
	if err != nil {
		log.Fatal(err)
	}
	network, sizes, err := sqz.DecodeSizes(file)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("SqueezeNet %s, %d classes\n", network.Topology.Name, network.Topology.Head.Classes)
	fmt.Printf("%d layers, from %s to %s\n", len(sizes.Layers), sizes.Layers[0].Name, sizes.Layers[25].Name)

	again, err := sqz.Encode(network)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("same bytes:", bytes.Equal(again, file))
	// Output:
	// SqueezeNet v1.1, 1000 classes
	// 26 layers, from conv1 to conv10
	// same bytes: true
}
