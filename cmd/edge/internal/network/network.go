// Package network finds networks by name: a built-in one or a .sqz file.
package network

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"halfmeg/model"
	"halfmeg/model/pretrained"
	"halfmeg/model/sqz"
)

// Load decodes the network with this name.
func Load(name string) (*model.Network, error) {
	file, err := Read(name)
	if err != nil {
		return nil, err
	}
	n, err := sqz.Decode(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return n, nil
}

// Read returns the bytes of the .sqz file with this name, undecoded.
func Read(name string) ([]byte, error) {
	if slices.Contains(pretrained.Names(), name) {
		return pretrained.Bytes(name)
	}
	file, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: no such .sqz file, and not a built-in network (built in: %s)",
			name, strings.Join(pretrained.Names(), ", "))
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return nil, fmt.Errorf("%s: is a directory; expected a .sqz file", name)
	}
	// One byte more than the longest valid file, so that the decoder reports
	// the excess.
	return io.ReadAll(io.LimitReader(file, sqz.MaxFile+1))
}
