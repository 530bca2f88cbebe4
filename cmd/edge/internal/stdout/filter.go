package stdout

import "halfmeg/cmd/edge/internal/pipeline"

// Filter passes observations that match its conditions to the next sink.
type Filter struct {
	Next           pipeline.Sink
	OnChange       bool    // pass only if the first class differs from the last passed one
	MinProbability float64 // of the first class, from 0 to 1
	Events         bool    // pass all observations with events, because Next writes them

	passed map[string]int // by camera: first class of the last passed frame
}

// Observe passes an observation to the next sink or drops it.
func (f *Filter) Observe(o *pipeline.Observation) error {
	if f.Events && len(o.Events) > 0 {
		return f.pass(o)
	}
	if !o.HasFrame() {
		return nil
	}
	first := o.Results[0]
	if float64(first.Probability) < f.MinProbability {
		return nil
	}
	if class, ok := f.passed[o.Camera]; f.OnChange && ok && class == first.Index {
		return nil
	}
	return f.pass(o)
}

func (f *Filter) pass(o *pipeline.Observation) error {
	if o.HasFrame() {
		if f.passed == nil {
			f.passed = make(map[string]int)
		}
		f.passed[o.Camera] = o.Results[0].Index
	}
	return f.Next.Observe(o)
}

// Close closes the next sink.
func (f *Filter) Close() error { return f.Next.Close() }
