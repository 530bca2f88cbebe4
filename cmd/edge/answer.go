package main

import (
	"time"

	"halfmeg/model/classify"
)

// result is one class of an answer, as JSON.
type result struct {
	Class       int     `json:"class"`
	Label       string  `json:"label"`
	Probability float32 `json:"probability"`
	Logit       float32 `json:"logit"`
}

// times are how long an answer took, in milliseconds.
type times struct {
	Read    float64 `json:"read"`    // decode the picture, or wait for the camera's next frame
	Prepare float64 `json:"prepare"` // crop, resize, colour
	Infer   float64 `json:"infer"`   // run the network
}

func newTimes(read time.Duration, a classify.Answer) times {
	return times{Read: milliseconds(read), Prepare: milliseconds(a.Prepare), Infer: milliseconds(a.Infer)}
}

// milliseconds are rounded to microseconds: more digits say nothing.
func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// results are the k likeliest classes of an answer with their names.
func results(r *classify.Recognizer, a classify.Answer, k int) []result {
	top := classify.Top(a.Logits, k)
	list := make([]result, len(top))
	for i, c := range top {
		list[i] = result{Class: c.Class, Label: r.Label(c.Class), Probability: c.Probability, Logit: c.Logit}
	}
	return list
}

// total is the whole time of an answer.
func (t times) total() float64 { return t.Read + t.Prepare + t.Infer }
