package sink

import "halfmeg/cmd/edge/internal/pipeline"

// Filter passes on observations that are worth a line.
type Filter struct {
	Next           pipeline.Sink
	OnChange       bool    // only if the first class is another one than in the last line
	MinProbability float64 // of the first class, from 0 to 1

	passed bool // whether there was a line
	class  int  // of the last line
}

// Observe passes an observation on or drops it.
func (f *Filter) Observe(o *pipeline.Observation) error {
	first := o.Results[0]
	if float64(first.Probability) < f.MinProbability || f.OnChange && f.passed && first.Index == f.class {
		return nil
	}
	f.passed, f.class = true, first.Index
	return f.Next.Observe(o)
}
