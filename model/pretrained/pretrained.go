// Package pretrained holds the networks that are built into the program, so
// that one file is all a board needs. Their origin and licences are in NOTICE;
// "make models" makes them again from the original weights.
package pretrained

import (
	"embed"
	"fmt"
	"slices"
	"strings"

	"halfmeg/model"
	"halfmeg/model/sqz"
)

// Default is the network for whoever names none: SqueezeNet v1.1, as good as
// v1.0 with 2.4 times less arithmetic.
const Default = "squeezenet1.1"

const extension = ".sqz"

//go:embed *.sqz
var files embed.FS

// Names lists the built-in networks, the default first, the rest in
// alphabetical order.
func Names() []string {
	entries, err := files.ReadDir(".")
	if err != nil {
		panic(err) // the root of an embedded file system is always there
	}
	names := []string{Default}
	for _, e := range entries {
		if name := strings.TrimSuffix(e.Name(), extension); name != Default {
			names = append(names, name)
		}
	}
	return names
}

// Bytes is the .sqz file of a built-in network, as "make models" wrote it.
func Bytes(name string) ([]byte, error) {
	if !slices.Contains(Names(), name) {
		return nil, fmt.Errorf("no built-in network %q; there are %s", name, strings.Join(Names(), ", "))
	}
	return files.ReadFile(name + extension)
}

// Load decodes a built-in network.
func Load(name string) (*model.Network, error) {
	data, err := Bytes(name)
	if err != nil {
		return nil, err
	}
	n, err := sqz.Decode(data)
	if err != nil {
		return nil, fmt.Errorf("built-in network %s: %w", name, err)
	}
	return n, nil
}
