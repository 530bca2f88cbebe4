package model

import (
	"fmt"

	"halfmeg/kernels"
)

// Engine runs a network on one frame at a time. A frame does not allocate. An
// Engine must not be used by several goroutines at the same time; several
// engines may share a Network.
type Engine struct {
	arena      []int8
	input      []int8
	logits     []float32
	operations []operation
	workers    *workers
}

// MaxWorkers is the largest number of workers an Engine takes.
const MaxWorkers = 64

// NewEngine validates the network, packs its weights, plans the arena and
// starts the workers, which run until Close. It fails if HALFMEG_CPU asks for
// kernels that this machine cannot run.
func NewEngine(n *Network, workers int) (*Engine, error) {
	if workers < 1 || workers > MaxWorkers {
		return nil, fmt.Errorf("%d workers: 1 to %d are possible", workers, MaxWorkers)
	}
	if _, err := kernels.InstructionSet(); err != nil {
		return nil, err
	}
	g, err := n.graph()
	if err != nil {
		return nil, err
	}
	e := newPlanner(n, g, workers).engine()
	for i := range e.operations {
		e.operations[i].split(workers)
	}
	e.workers = newWorkers(workers)
	return e, nil
}

// Input is where the caller writes a frame before Run: Size x Size pixels of
// three bytes in the network's channel order, each byte minus 128. Run
// overwrites it.
func (e *Engine) Input() []int8 { return e.input }

// Run classifies the frame in Input and returns one logit per class, valid
// until the next Run. The logits of a frame are the same bits on every
// machine and for every number of workers. Run panics after Close.
func (e *Engine) Run() []float32 {
	for i := range e.operations {
		e.workers.do(&e.operations[i].job)
	}
	return e.logits
}

// RunTraced is like Run, but calls done with -1 at the start of the frame and then
// with the index of each operation that has been completed.
func (e *Engine) RunTraced(done func(operation int)) []float32 {
	done(-1)
	for i := range e.operations {
		e.workers.do(&e.operations[i].job)
		done(i)
	}
	return e.logits
}

// Close stops the workers.
func (e *Engine) Close() { e.workers.stop() }

// Memory returns the size in bytes of the arena, which holds all activations of a
// frame, and of the packed weights.
func (e *Engine) Memory() int {
	bytes := len(e.arena)
	for _, o := range e.operations {
		for _, c := range o.convs {
			bytes += c.Bytes()
		}
	}
	return bytes
}

// Workers returns the number of workers.
func (e *Engine) Workers() int { return len(e.workers.helpers) + 1 }

// Operation describes one operation of a frame.
type Operation struct {
	Name    string
	MACs    int64    // multiply-accumulates
	Kernels []string // one for each convolution
}

// Operations lists the operations of a frame in the order in which they run.
func (e *Engine) Operations() []Operation {
	var list []Operation
	for _, o := range e.operations {
		described := Operation{Name: o.name, MACs: o.macs}
		for _, c := range o.convs {
			described.Kernels = append(described.Kernels, c.KernelName())
		}
		list = append(list, described)
	}
	return list
}
