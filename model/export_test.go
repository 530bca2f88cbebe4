package model

// Placement is a buffer's lifetime, in operations, and its bytes in the arena.
type Placement struct{ First, Last, From, To int }

// Placements plans a network's arena and returns its size too.
func Placements(n *Network) (placements []Placement, arena int, err error) {
	g, err := n.graph()
	if err != nil {
		return nil, 0, err
	}
	p := newPlanner(n, g, 1)
	arena = len(place(p.buffers))
	for _, b := range p.buffers {
		placements = append(placements, Placement{b.first, b.last, b.offset, b.offset + b.bytes()})
	}
	return placements, arena, nil
}
