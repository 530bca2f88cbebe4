package importer

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"strconv"
	"strings"

	"halfmeg/model"
	"halfmeg/quant/labels"
)

// Options override what a weights file states or leaves open. Each is a flag
// of the desktop tools; a zero value leaves the choice to the file and to
// convention.
type Options struct {
	// Topology is "v1.0", "v1.1" or the path of a JSON file with a
	// model.Topology, in which size, pool_ceil and the number of classes are
	// optional. If the weights file contains a graph, the two must agree.
	Topology string
	// Network is the topology that the weights must have, unless Topology is
	// set: that of a network that was quantized from them.
	Network   *model.Topology
	Conv1Pad  string // padding of conv1 in pixels, if the file does not state it
	Head      string // "relu" or "linear": whether a ReLU follows the last convolution, likewise
	Pool      string // "ceil", "floor" or "auto": rounding of the pools' output size
	Size      int    // side of the square input, in pixels
	Order     string // "rgb" or "bgr"
	Mean      string // one number or three, in bytes 0…255, in the network's channel order: "104,117,123"
	Std       string // standard deviation, likewise: "58.4,57.1,57.4"
	Fit       string // "squash", "crop" or "direct"
	Resize    int    // side to which pictures are scaled before the centre crop
	LabelFile string // path of a file of class names, as package labels reads it
}

// Flags registers the options as flags of a tool.
func (o *Options) Flags(fs *flag.FlagSet) {
	fs.StringVar(&o.Topology, "topology", "", "network: v1.0, v1.1 or a JSON `file` as described above (default: inferred from the weights)")
	fs.StringVar(&o.Conv1Pad, "conv1-pad", "", "`pixels` of padding around the picture that conv1 reads (default: from the weights or -topology, or none)")
	fs.StringVar(&o.Head, "head", "", "`kind` of the last convolution: relu or linear, without a ReLU (default: from the weights or -topology, or relu)")
	fs.StringVar(&o.Pool, "pool", "auto", "`rounding` of the pools' output size: ceil, floor or auto")
	fs.IntVar(&o.Size, "size", 0, "side of the network's input in `pixels` (default: from the weights, or by convention)")
	fs.StringVar(&o.Order, "order", "", "channel `order` that the network reads: rgb or bgr")
	fs.StringVar(&o.Mean, "mean", "", "mean `a,b,c` of the channels in bytes 0…255, in the network's channel order (Caffe: 104,117,123)")
	fs.StringVar(&o.Std, "std", "", "standard deviation `a,b,c` of the channels, likewise")
	fs.StringVar(&o.Fit, "fit", "", "`rule` to resize pictures to the input, as described above: squash, crop or direct")
	fs.IntVar(&o.Resize, "resize", 0, "side in `pixels` to which pictures are scaled before the centre crop")
	fs.StringVar(&o.LabelFile, "labels", "", "`file` of class names in the order of the network's outputs: a name per line, with or without a number or WordNet id in front (synset_words.txt), or a list or map in JSON or Python")
}

// OptionError reports an invalid option value. Other errors of Load concern
// files.
type OptionError struct{ error }

// overrides are parsed Options: nil or zero where the user set no option.
type overrides struct {
	topology  *model.Topology
	named     bool   // topology is v1.0 or v1.1, which leaves the classes and the head's padding open
	source    string // of linear, for messages
	linear    *bool  // the head has no ReLU
	conv1Pad  *int
	quantized bool // topology is Options.Network
	ceil      *bool
	size      int
	order     *model.Order
	mean      *[3]float32
	std       *[3]float32
	fit       *model.Fit
	resize    int
	labels    *labels.List
}

func (o *Options) parse() (*overrides, error) {
	c := &overrides{size: o.Size, resize: o.Resize}
	if o.Size < 0 || o.Resize < 0 {
		return nil, OptionError{fmt.Errorf("-size %d, -resize %d: must not be negative", o.Size, o.Resize)}
	}
	for _, parse := range []func(*Options) error{c.readPool, c.readHead, c.readInput} {
		if err := parse(o); err != nil {
			return nil, OptionError{err}
		}
	}
	if err := c.readTopology(o); err != nil {
		return nil, err
	}
	if o.LabelFile != "" {
		var err error
		if c.labels, err = labels.Read(o.LabelFile); err != nil {
			return nil, fmt.Errorf("-labels: %w", err)
		}
	}
	return c, nil
}

func (c *overrides) readTopology(o *Options) error {
	var t model.Topology
	switch strings.ToLower(o.Topology) {
	case "":
		if o.Network == nil {
			return nil
		}
		t = *o.Network
		c.quantized, c.ceil, c.conv1Pad = true, &t.PoolCeil, nil
		c.linear, c.source = &t.Head.Linear, "the quantized network"
	case "v1.0":
		t, c.named = model.V10(), true
	case "v1.1":
		t, c.named = model.V11(), true
	default:
		f, err := readTopologyFile(o.Topology)
		if err != nil {
			return fmt.Errorf("-topology: %w", err)
		}
		t = f.Topology
		if f.PoolCeil != nil {
			c.ceil = f.PoolCeil
		}
		t.Head = model.Head{Classes: f.Head.Classes, Pad: f.Head.Pad}
		if f.Head.Linear != nil && c.linear == nil {
			c.linear, c.source = f.Head.Linear, "-topology"
		}
		if c.size == 0 {
			c.size = t.Size
		}
	}
	c.topology = &t
	return nil
}

// mismatch reports that a file's graph is another network.
func (c *overrides) mismatch(stated, wanted model.Topology) error {
	if c.quantized {
		return fmt.Errorf("the file's graph is another network than the quantized network: %+v, not %+v", stated, wanted)
	}
	return fmt.Errorf("the file's graph is another network than -topology describes: %+v, not %+v; leave the flag out", stated, wanted)
}

// topologyFile is a model.Topology in which the rounding of pools and the ReLU
// of the head are optional.
type topologyFile struct {
	model.Topology
	PoolCeil *bool    `json:"pool_ceil"`
	Head     headFile `json:"head"`
}

type headFile struct {
	Classes int   `json:"classes"`
	Pad     int   `json:"pad"`
	Linear  *bool `json:"linear"`
}

// maxTopologyFile is a size limit in bytes, far above any real file.
const maxTopologyFile = 1 << 20

func readTopologyFile(path string) (*topologyFile, error) {
	data, err := readFile(path, maxTopologyFile)
	if err != nil {
		return nil, err
	}
	text, err := labels.Text(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	t := &topologyFile{}
	d := json.NewDecoder(strings.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(t); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, fmt.Errorf("%s: unexpected data after the topology, at offset %d", path, d.InputOffset())
	}
	if t.Name == "" {
		t.Name = strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
	}
	return t, nil
}

func (c *overrides) readPool(o *Options) error {
	switch strings.ToLower(o.Pool) {
	case "", "auto":
	case "ceil", "floor":
		up := strings.EqualFold(o.Pool, "ceil")
		c.ceil = &up
	default:
		return fmt.Errorf("-pool %q: expected ceil, floor or auto", o.Pool)
	}
	return nil
}

func (c *overrides) readHead(o *Options) error {
	switch o.Head {
	case "":
	case "relu", "linear":
		linear := o.Head == "linear"
		c.linear, c.source = &linear, "-head "+o.Head
	default:
		return fmt.Errorf("-head %q: expected relu or linear", o.Head)
	}
	if o.Conv1Pad == "" {
		return nil
	}
	pad, err := strconv.Atoi(o.Conv1Pad)
	if err != nil || pad < 0 {
		return fmt.Errorf("-conv1-pad %q: expected a number of pixels, 0 or more", o.Conv1Pad)
	}
	c.conv1Pad = &pad
	return nil
}

func (c *overrides) readInput(o *Options) (err error) {
	if o.Order != "" {
		c.order = new(model.Order)
		if err := c.order.UnmarshalText([]byte(strings.ToLower(o.Order))); err != nil {
			return fmt.Errorf("-order: %w", err)
		}
	}
	if o.Fit != "" {
		c.fit = new(model.Fit)
		if err := c.fit.UnmarshalText([]byte(strings.ToLower(o.Fit))); err != nil {
			return fmt.Errorf("-fit: %w", err)
		}
	}
	if c.mean, err = channels("-mean", o.Mean); err != nil {
		return err
	}
	c.std, err = channels("-std", o.Std)
	return err
}

// channels parses one number for all channels, or three. A value between 0 and
// 1 is rejected: it is most likely a fraction of 255, and guessing the unit
// wrong would silently cost accuracy.
func channels(name, text string) (*[3]float32, error) {
	if text == "" {
		return nil, nil
	}
	parts := strings.Split(text, ",")
	if len(parts) == 1 {
		parts = []string{text, text, text}
	}
	if len(parts) != 3 {
		return nil, fmt.Errorf("%s %q: expected one number, or three separated by commas", name, text)
	}
	var v [3]float32
	for i, p := range parts {
		x, err := strconv.ParseFloat(strings.TrimSpace(p), 32)
		switch {
		case err != nil || math.IsNaN(x) || math.IsInf(x, 0):
			return nil, fmt.Errorf("%s %q: %q is not a number", name, text, p)
		case x > 0 && x < 1:
			return nil, fmt.Errorf("%s %q: the unit is bytes 0…255; multiply fractions by 255 (here %.4g)", name, text, x*255)
		case name == "-std" && x <= 0:
			return nil, fmt.Errorf("%s %q: a standard deviation must be positive", name, text)
		}
		v[i] = float32(x)
	}
	return &v, nil
}
