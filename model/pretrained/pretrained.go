// Package pretrained embeds networks in the program, so that a board needs only
// one file. NOTICE states their origin and licences; "make models" builds them
// from the original weights.
package pretrained

import (
	"embed"
	"fmt"
	"slices"
	"strings"

	"halfmeg/model"
	"halfmeg/model/sqz"
)

// Default is the name of the default network: SqueezeNet v1.1, as accurate as
// v1.0 at 1/2.4 of the computation.
const Default = "squeezenet1.1"

const extension = ".sqz"

//go:embed *.sqz
var files embed.FS

// Names lists the embedded networks: the default, then the others in
// alphabetical order.
func Names() []string {
	entries, err := files.ReadDir(".")
	if err != nil {
		panic(err) // an embedded file system always has its root
	}
	names := []string{Default}
	for _, e := range entries {
		if name := strings.TrimSuffix(e.Name(), extension); name != Default {
			names = append(names, name)
		}
	}
	return names
}

// Bytes returns the .sqz file of an embedded network.
func Bytes(name string) ([]byte, error) {
	if !slices.Contains(Names(), name) {
		return nil, fmt.Errorf("no built-in network %q; available are %s", name, strings.Join(Names(), ", "))
	}
	return files.ReadFile(name + extension)
}

// Load decodes an embedded network.
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
