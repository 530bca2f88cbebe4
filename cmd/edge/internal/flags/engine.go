// Package flags holds the command-line flags that several commands share.
package flags

import (
	"runtime"

	"github.com/spf13/pflag"

	"halfmeg/cmd/edge/internal/network"
	"halfmeg/model"
	"halfmeg/model/classify"
	"halfmeg/model/pretrained"
)

// Engine selects a command's network and its number of threads.
type Engine struct {
	Model   string // name of a built-in network, or path of a .sqz file
	Threads int
}

// Add defines the flags.
func (e *Engine) Add(flags *pflag.FlagSet) {
	e.Threads = min(runtime.GOMAXPROCS(0), model.MaxWorkers)
	flags.StringVar(&e.Model, "model", pretrained.Default, "network: a built-in `name` or a .sqz file")
	flags.Var(UpTo(&e.Threads, model.MaxWorkers), "threads", "`number` of threads for inference")
}

// Network loads the selected network.
func (e *Engine) Network() (*model.Network, error) { return network.Load(e.Model) }

// Classifier loads the selected network and prepares it for pictures.
func (e *Engine) Classifier() (*classify.Classifier, error) {
	n, err := e.Network()
	if err != nil {
		return nil, err
	}
	return classify.New(n, e.Threads)
}
