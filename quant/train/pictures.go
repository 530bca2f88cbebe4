package train

import (
	"fmt"
	"math/rand/v2"

	"halfmeg/quant/float"
)

// pictureExamples runs the whole network on the pictures of a Source.
type pictureExamples struct {
	src     Source
	forward *float.Forward
	dropout float64
	workers []*pictureWorker
}

// pictureWorker is the memory of one worker.
type pictureWorker struct {
	pass          *float.Pass
	picture       []int8
	target, slope []float32
	mask          []float32
}

func newPictureExamples(n *float.Network, src Source, workers int, dropout float64) (*pictureExamples, error) {
	p := &pictureExamples{src: src, dropout: dropout}
	if err := p.use(n); err != nil {
		return nil, err
	}
	classes, size := n.Topology.Head.Classes, n.Input.Size
	for range workers {
		w := &pictureWorker{
			pass:    p.forward.NewPass(),
			picture: make([]int8, size*size*3),
			target:  make([]float32, classes),
			slope:   make([]float32, classes),
		}
		if dropout > 0 {
			w.mask = make([]float32, len(w.pass.HeadInput().Data))
			w.pass.Drop(w.mask)
		}
		p.workers = append(p.workers, w)
	}
	return p, nil
}

func (p *pictureExamples) use(n *float.Network) (err error) {
	p.forward, err = float.NewForward(n)
	return err
}

func (p *pictureExamples) add(worker, i int, random *rand.Rand, loss crossEntropy, s *Shard) error {
	w := p.workers[worker]
	clear(w.target)
	if err := p.src.Draw(worker, i, random, w.picture, w.target); err != nil {
		return fmt.Errorf("picture %d: %w", i, err)
	}
	if p.dropout > 0 {
		dropout(w.mask, p.dropout, random)
	}
	w.pass.Use(p.forward)
	logits, err := w.pass.Run(w.picture)
	if err != nil {
		return err
	}
	s.score(loss, w.slope, logits, w.target)
	s.Add(w.pass, w.slope)
	return nil
}

// score adds the loss of an example and whether it was classified correctly. It
// writes the derivative with respect to the logits to slope.
func (s *Shard) score(loss crossEntropy, slope, logits, target []float32) {
	s.Loss += loss.evaluate(slope, logits, target)
	if largest(logits) == largest(target) {
		s.Correct++
	}
}
