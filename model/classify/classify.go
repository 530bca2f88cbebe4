// Package classify classifies pictures: it combines a network's
// preprocessing, its engine and its class labels. A library user opens a
// network, makes a Classifier and passes it pictures or camera frames.
package classify

import (
	"fmt"
	"time"

	"halfmeg/camera/pixel"
	"halfmeg/model"
	"halfmeg/model/prep"
)

// Classifier is a network ready for pictures. It is not safe for concurrent
// use.
type Classifier struct {
	labels       []string
	preprocessor *prep.Preprocessor
	engine       *model.Engine
}

// Result is the network's answer for one picture. It shares memory with the
// Classifier: it is valid until the next call of Classify. What Top returns
// stays valid.
type Result struct {
	Logits  []float32     // one a class
	Prepare time.Duration // time for crop, resize and colour conversion
	Infer   time.Duration // time for the network itself

	labels []string
}

// New returns a Classifier that computes with the given number of threads;
// Close ends them. It does not keep the network, whose weights the engine packs
// into its own layout.
func New(n *model.Network, threads int) (*Classifier, error) {
	preprocessor, err := prep.NewPreprocessor(n.Input)
	if err != nil {
		return nil, err
	}
	engine, err := model.NewEngine(n, threads)
	if err != nil {
		return nil, err
	}
	return &Classifier{labels: n.Labels, preprocessor: preprocessor, engine: engine}, nil
}

// Classify runs the network on one picture.
func (c *Classifier) Classify(img pixel.Image) (*Result, error) {
	start := time.Now()
	if err := c.preprocessor.Run(c.engine.Input(), img); err != nil {
		return nil, err
	}
	prepared := time.Now()
	logits := c.engine.Run()
	return &Result{
		Logits:  logits,
		Prepare: prepared.Sub(start),
		Infer:   time.Since(prepared),
		labels:  c.labels,
	}, nil
}

// Close ends the engine's threads. Classify panics afterwards.
func (c *Classifier) Close() { c.engine.Close() }

// Top returns the k most probable classes with their names, the most probable
// first.
func (r *Result) Top(k int) []Class {
	top := TopK(r.Logits, k)
	for i := range top {
		top[i].Label = label(r.labels, top[i].Index)
	}
	return top
}

// label returns the name of a class, or its number where the network has no names.
func label(labels []string, class int) string {
	if class < len(labels) {
		return labels[class]
	}
	return fmt.Sprintf("class %d", class)
}
