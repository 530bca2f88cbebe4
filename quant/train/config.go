package train

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"

	"halfmeg/model"
)

// Source provides labelled pictures.
type Source interface {
	// Len is the number of pictures of an epoch.
	Len() int
	// Draw writes a variant of picture i to dst, Size x Size x 3 bytes minus 128 in
	// the network's channel order, and its distribution over the classes to target,
	// which is zero before. All randomness must come from random. Workers call Draw
	// concurrently, each with its number in [0, Config.Workers).
	Draw(worker, i int, random *rand.Rand, dst []int8, target []float32) error
}

// Config configures a run. A zero means the default in parentheses, if there is one.
type Config struct {
	Workers int    // goroutines (one per processor); the result does not depend on it
	Seed    uint64 // of the order of the pictures, their variants and dropout

	// Fingerprint identifies the options and the data. Resume refuses a State
	// with another one.
	Fingerprint string

	Epochs         int       // passes over the pictures (30)
	Batch          int       // pictures of a step (32); the batches of an epoch differ by one at most
	Rate           float64   // learning rate at its highest (0.01)
	Schedule       Schedule  // of the rate, by batch (linear to zero)
	Momentum       float64   // (0.9); negative: none
	Decay          float64   // of weights, not of biases, as a part of the gradient (2e-4); negative: none
	Dropout        float64   // probability that an input of the last convolution is zeroed
	LabelSmoothing float64   // share of a target that is spread over all classes
	Clip           float64   // largest norm of the gradient; 0: no limit
	ClassWeights   []float32 // factors of the loss by class; nil: all 1. Their mean over the pictures should be 1.
	LayerRates     []float64 // factors of Rate by layer; nil: all 1. A layer with 0 does not change.
	Average        int       // number of last epochs whose weights, after each batch, are averaged to the result; 0: no average

	Progress func(Progress)     // called after each batch
	EpochEnd func(*State) error // called after each epoch, for validation and checkpoints; an error ends the run
}

// Progress describes a run after a batch.
type Progress struct {
	Epoch, Epochs  int     // Epoch counts from 1
	Batch, Batches int     // of the epoch; Batch counts from 1
	Pictures       int     // since the beginning of the run
	Loss, Accuracy float64 // means over the epoch so far, of the pictures as they were drawn
	Rate           float64
}

// withDefaults fills in and checks the configuration.
func (c Config) withDefaults(g *model.Graph) (Config, error) {
	if c.Workers < 1 {
		c.Workers = runtime.GOMAXPROCS(0)
	}
	if c.Epochs == 0 {
		c.Epochs = 30
	}
	if c.Batch == 0 {
		c.Batch = 32
	}
	if c.Rate == 0 {
		c.Rate = 0.01
	}
	if c.Schedule == nil {
		c.Schedule = WarmupLinear(1)
	}
	c.Momentum = orDefault(c.Momentum, 0.9)
	c.Decay = orDefault(c.Decay, 2e-4)
	return c, c.check(g)
}

// orDefault replaces 0 by a default and a negative number by 0.
func orDefault(v, standard float64) float64 {
	if v == 0 {
		return standard
	}
	return max(v, 0)
}

func (c *Config) check(g *model.Graph) error {
	classes, layers := g.Head().Out, len(g.Convolutions)
	switch {
	case c.Epochs < 0 || c.Batch < 0 || c.Average < 0:
		return fmt.Errorf("%d epochs, batches of %d, an average over %d epochs: negative", c.Epochs, c.Batch, c.Average)
	case c.Average > c.Epochs:
		return fmt.Errorf("an average over %d epochs of %d", c.Average, c.Epochs)
	case !(c.Rate > 0 && c.Rate < math.MaxFloat32):
		return fmt.Errorf("a learning rate of %v: expected a finite number above 0", c.Rate)
	case !(c.Momentum < 1):
		return fmt.Errorf("a momentum of %v: expected less than 1", c.Momentum)
	case !(c.Decay < 1):
		return fmt.Errorf("a weight decay of %v: expected less than 1", c.Decay)
	case !(c.Dropout >= 0 && c.Dropout <= 0.99):
		return fmt.Errorf("dropout of %v: expected 0 to 0.99", c.Dropout)
	case !(c.LabelSmoothing >= 0 && c.LabelSmoothing < 1):
		return fmt.Errorf("label smoothing of %v: expected at least 0 and less than 1", c.LabelSmoothing)
	case !(c.Clip >= 0):
		return fmt.Errorf("a gradient clipped at %v: expected a positive number, or 0 for no limit", c.Clip)
	case c.ClassWeights != nil && len(c.ClassWeights) != classes:
		return fmt.Errorf("%d class weights for %d classes", len(c.ClassWeights), classes)
	case c.LayerRates != nil && len(c.LayerRates) != layers:
		return fmt.Errorf("%d layer rates for %d layers", len(c.LayerRates), layers)
	}
	return c.checkFactors(g)
}

// checkFactors checks the factors by class and by layer.
func (c *Config) checkFactors(g *model.Graph) error {
	layers := len(g.Convolutions)
	for i, w := range c.ClassWeights {
		if !(w >= 0 && w <= math.MaxFloat32) {
			return fmt.Errorf("the weight of class %d is %v: expected a finite number, 0 or above", i, w)
		}
	}
	for l, r := range c.LayerRates {
		if !(r >= 0 && r <= math.MaxFloat32) {
			return fmt.Errorf("%s: a learning rate factor of %v: expected a finite number, 0 or above", g.Convolutions[l].Name, r)
		}
	}
	if first(c.trained(layers)) == layers {
		return errors.New("no layer has a learning rate above 0")
	}
	return nil
}

// layerRate returns the factor of a layer.
func (c *Config) layerRate(l int) float64 {
	if c.LayerRates == nil {
		return 1
	}
	return c.LayerRates[l]
}

// trained reports by layer whether it changes.
func (c *Config) trained(layers int) []bool {
	t := make([]bool, layers)
	for l := range t {
		t[l] = c.layerRate(l) > 0
	}
	return t
}

// first returns the index of the first true value, or the length.
func first(values []bool) int {
	for i, v := range values {
		if v {
			return i
		}
	}
	return len(values)
}
