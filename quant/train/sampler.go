package train

import "math/rand/v2"

// Sampler draws the indices of a data set in random order, without
// replacement: each once before any comes again.
type Sampler struct {
	random *rand.Rand
	size   int
	left   []int // of the current epoch
}

// NewSampler returns a Sampler of the indices [0, size).
func NewSampler(size int, seed uint64) *Sampler {
	return &Sampler{random: rand.New(rand.NewPCG(seed, seed)), size: size}
}

// Next draws an index.
func (s *Sampler) Next() int {
	if len(s.left) == 0 {
		s.left = s.random.Perm(s.size)
	}
	first := s.left[0]
	s.left = s.left[1:]
	return first
}
