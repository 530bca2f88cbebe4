package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"halfmeg/model"
	"halfmeg/model/classify"
	"halfmeg/model/pretrained"
	"halfmeg/model/sqz"
)

// engineFlags choose the network of a command and how it is computed.
type engineFlags struct {
	model   string
	threads int
}

// maxThreads is beyond any board; more would only wait for each other.
const maxThreads = 64

func (f *engineFlags) add(flags *pflag.FlagSet) {
	f.threads = min(runtime.GOMAXPROCS(0), maxThreads)
	flags.StringVar(&f.model, "model", pretrained.Default, "network: a built-in `name` or a .sqz file")
	flags.Var(upTo(&f.threads, maxThreads), "threads", "`number` of threads that compute")
}

// recognizer makes the chosen network ready for pictures.
func (f *engineFlags) recognizer() (*classify.Recognizer, error) {
	n, err := f.network()
	if err != nil {
		return nil, err
	}
	return classify.New(n, f.threads)
}

// network is the chosen one.
func (f *engineFlags) network() (*model.Network, error) {
	file, err := networkFile(f.model)
	if err != nil {
		return nil, err
	}
	n, err := sqz.Decode(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.model, err)
	}
	return n, nil
}

// networkFile is the whole .sqz file of a built-in network or of a path.
func networkFile(name string) ([]byte, error) {
	if slices.Contains(pretrained.Names(), name) {
		return pretrained.Bytes(name)
	}
	file, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: no such .sqz file, nor a built-in network; those are %s",
			name, strings.Join(pretrained.Names(), ", "))
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	about, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if about.IsDir() {
		return nil, fmt.Errorf("%s: is a directory; give a .sqz file", name)
	}
	// One byte more than the longest file, for the decoder to complain about.
	return io.ReadAll(io.LimitReader(file, sqz.MaxFile+1))
}
