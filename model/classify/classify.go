// Package classify joins what a picture passes on its way to an answer: the
// preprocessing that a network asks for, and the engine that runs it.
package classify

import (
	"fmt"
	"time"

	"halfmeg/camera/pixel"
	"halfmeg/model"
	"halfmeg/model/prep"
)

// Recognizer is a network ready for pictures. It serves one at a time.
type Recognizer struct {
	labels       []string
	preprocessor *prep.Preprocessor
	engine       *model.Engine
}

// Answer is what the network gave for one picture.
type Answer struct {
	Logits  []float32     // one a class, valid until the next Run
	Prepare time.Duration // crop, resize, colour
	Infer   time.Duration // the network itself
}

// New makes a Recognizer that computes with the given number of threads. It
// does not keep the network, whose weights the engine has in its own layout.
func New(n *model.Network, threads int) (*Recognizer, error) {
	preprocessor, err := prep.NewPreprocessor(n.Input)
	if err != nil {
		return nil, err
	}
	engine, err := model.NewEngine(n, threads)
	if err != nil {
		return nil, err
	}
	return &Recognizer{labels: n.Labels, preprocessor: preprocessor, engine: engine}, nil
}

// Run recognizes one picture.
func (r *Recognizer) Run(p pixel.Image) (Answer, error) {
	start := time.Now()
	if err := r.preprocessor.Run(r.engine.Input(), p); err != nil {
		return Answer{}, err
	}
	prepared := time.Now()
	logits := r.engine.Run()
	return Answer{
		Logits:  logits,
		Prepare: prepared.Sub(start),
		Infer:   time.Since(prepared),
	}, nil
}

// Label is the name of a class, or its number where the network has no names.
func (r *Recognizer) Label(class int) string {
	if class < len(r.labels) {
		return r.labels[class]
	}
	return fmt.Sprintf("class %d", class)
}

// Close ends the engine's threads.
func (r *Recognizer) Close() { r.engine.Close() }
