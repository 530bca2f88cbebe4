package camera

import "context"

// skipping omits the first frames of a source.
type skipping struct {
	Source
	left int
}

// Skip returns a source that omits the first n frames, which cameras take before
// their exposure is right.
func Skip(s Source, n int) Source {
	if n == 0 {
		return s
	}
	return &skipping{s, n}
}

func (s *skipping) Next(ctx context.Context) (*Frame, error) {
	for ; s.left > 0; s.left-- {
		if _, err := s.Source.Next(ctx); err != nil {
			return nil, err
		}
	}
	return s.Source.Next(ctx)
}
