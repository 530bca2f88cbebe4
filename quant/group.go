package quant

import (
	"slices"

	"halfmeg/model"
)

// group is the unit of quantization: the convolutions that write one tensor
// (both expands of a fire module, or one), and the bypass and the pool that
// follow.
type group struct {
	convs      []model.Step
	pool       *model.Step  // nil for none
	readers    []model.Step // the convolutions that read the result; none after the head
	keepsInput bool         // a bypass adds the group's input to a later tensor
	bypass     bool         // a bypass adds to the group's output

	// fixedChannels: the output is added to another tensor channel by channel,
	// or another to it, so that their channels need the same scale.
	fixedChannels bool
}

// channels returns the number of channels of the group's output.
func (g group) channels() int {
	n := 0
	for _, s := range g.convs {
		n += s.Out
	}
	return n
}

// split partitions the steps of a network into groups, in order.
func split(graph *model.Graph) []group {
	var groups []group
	writer := make([]int, len(graph.Tensors)) // by tensor, the group that writes it
	for i, t := range graph.Tensors {
		if len(t.Writers) == 0 {
			continue
		}
		s := &t.Writers[0]
		if s.Kind == model.Pool {
			writer[i] = writer[s.Input]
			groups[writer[i]].pool = s
		} else {
			writer[i] = len(groups)
			adds := func(t model.Tensor) bool { return t.Adds == s.Input }
			groups = append(groups, group{convs: t.Writers, keepsInput: slices.ContainsFunc(graph.Tensors, adds)})
		}
		g := &groups[writer[i]]
		g.readers = t.Readers
		if t.Adds != model.None {
			g.bypass, g.fixedChannels = true, true
			groups[writer[t.Adds]].fixedChannels = true
		}
	}
	return groups
}
