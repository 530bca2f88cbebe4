package importer

import (
	"cmp"
	"fmt"

	"halfmeg/model"
)

// freshSize is the default side of the input of a network that is trained from
// random weights, in pixels: at 227, the training would take three times as long.
const freshSize = 128

// Fresh returns the topology and the input that the options state for a network
// without weights. By default it is v1.1 with the simple bypass and a linear head on a
// smaller input.
func (o Options) Fresh(classes int) (model.Topology, model.Input, error) {
	c, err := o.parse()
	if err != nil {
		return model.Topology{}, model.Input{}, err
	}
	t := model.V11().WithBypass()
	t.Size, t.Head.Linear = freshSize, true
	if c.topology != nil {
		t = *c.topology
		if c.named {
			t.Size, t.Head.Linear = freshSize, true
		}
		t.Size = cmp.Or(t.Size, freshSize)
	}
	t.Size = cmp.Or(c.size, t.Size)
	if stated := t.Head.Classes; c.topology != nil && !c.named && stated != 0 && stated != classes {
		return t, model.Input{}, fmt.Errorf("-topology %s states %d classes, but there are %d: leave classes out of its head", o.Topology, stated, classes)
	}
	t.Head.Classes = classes
	t.PoolCeil = true
	if c.ceil != nil {
		t.PoolCeil = *c.ceil
	}
	if c.linear != nil {
		t.Head.Linear = *c.linear
	}
	if c.conv1Pad != nil {
		t.Conv1.Pad = *c.conv1Pad
	}
	// The mean and standard deviation of ImageNet, and the whole picture.
	in := model.TorchvisionInput().Sized(t.Size)
	in.Fit = model.Direct
	if c.order != nil {
		in.Order = *c.order
	}
	if c.mean != nil {
		in.Mean = *c.mean
	}
	if c.std != nil {
		in.Std = *c.std
	}
	if c.fit != nil {
		in.Fit = *c.fit
	}
	in.Resize = cmp.Or(c.resize, in.Resize)
	if in.Fit == model.Direct {
		in.Resize = 0
	}
	_, err = t.GraphFor(in, nil)
	return t, in, err
}
