package sink

import "halfmeg/cmd/edge/internal/pipeline"

// Filter passes on observations that are worth a line.
type Filter struct {
	Next           pipeline.Sink
	OnChange       bool    // only if the first class is another one than in the last line
	MinProbability float64 // of the first class, from 0 to 1
	Events         bool    // also if it has events: Next writes them

	passed bool // whether there was a line
	class  int  // of the last line
}

// Observe passes an observation on or drops it.
func (f *Filter) Observe(o *pipeline.Observation) error {
	if f.Events && len(o.Events) > 0 {
		return f.pass(o)
	}
	if !o.HasFrame() {
		return nil
	}
	first := o.Results[0]
	if float64(first.Probability) < f.MinProbability || f.OnChange && f.passed && first.Index == f.class {
		return nil
	}
	return f.pass(o)
}

func (f *Filter) pass(o *pipeline.Observation) error {
	if o.HasFrame() {
		f.passed, f.class = true, o.Results[0].Index
	}
	return f.Next.Observe(o)
}

// Close closes the next sink.
func (f *Filter) Close() error { return f.Next.Close() }
