package importer

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"strconv"
	"strings"

	"halfmeg/model"
)

// Options says what a weight file may leave open. Each mirrors a flag of the
// desktop tools; the zero value leaves the matter to the file and to convention.
type Options struct {
	// Topology is "v1.0", "v1.1" or the path of a JSON file with a
	// model.Topology; its size, pool_ceil and number of classes may be left
	// out. A weight file that carries a graph must agree with it.
	Topology  string
	Pool      string // "ceil", "floor" or "auto": how pools round their output
	Size      int    // side of the square input, in pixels
	Order     string // "rgb" or "bgr"
	Mean      string // one number or three, in bytes 0…255 and the network's channel order: "104,117,123"
	Std       string // the same for the standard deviation: "58.4,57.1,57.4"
	Fit       string // "squash", "crop" or "direct"
	Resize    int    // side a picture is scaled to before the centre crop
	Labels    []string
	LabelFile string // where to read Labels, as ReadLabels does
}

// Flags declares the options as flags of a tool.
func (o *Options) Flags(fs *flag.FlagSet) {
	fs.StringVar(&o.Topology, "topology", "", "v1.0, v1.1 or a JSON `file` (default: from the weights)")
	fs.StringVar(&o.Pool, "pool", "auto", "how pools `round` their output: ceil, floor or auto")
	fs.IntVar(&o.Size, "size", 0, "side of the network's input in `pixels`")
	fs.StringVar(&o.Order, "order", "", "the network's channel `order`: rgb or bgr")
	fs.StringVar(&o.Mean, "mean", "", "mean in bytes 0…255, in the network's channel order: `a,b,c` (Caffe: 104,117,123)")
	fs.StringVar(&o.Std, "std", "", "standard deviation in bytes 0…255, the same way: `a,b,c`")
	fs.StringVar(&o.Fit, "fit", "", "how a picture is brought to the input's shape: `rule` squash, crop or direct")
	fs.IntVar(&o.Resize, "resize", 0, "side in `pixels` a picture is scaled to before the centre crop")
	fs.StringVar(&o.LabelFile, "labels", "", "`file` with the classes' names, one a line, or synset_words.txt")
}

// OptionError is the error of an option that cannot be meant: wrong usage,
// where other errors are of the files.
type OptionError struct{ error }

// choices is Options understood: nil or zero where nothing was asked for.
type choices struct {
	topology *model.Topology
	named    bool // topology is v1.0 or v1.1: classes and the head's padding stay open
	ceil     *bool
	size     int
	order    *model.Order
	mean     *[3]float32
	std      *[3]float32
	fit      *model.Fit
	resize   int
	labels   []string
}

func (o *Options) parse() (*choices, error) {
	c := &choices{size: o.Size, resize: o.Resize, labels: o.Labels}
	if o.Size < 0 || o.Resize < 0 {
		return nil, OptionError{fmt.Errorf("-size %d, -resize %d: a side cannot be negative", o.Size, o.Resize)}
	}
	for _, read := range []func(*Options) error{c.readPool, c.readInput} {
		if err := read(o); err != nil {
			return nil, OptionError{err}
		}
	}
	if err := c.readTopology(o); err != nil {
		return nil, err
	}
	if o.LabelFile != "" {
		labels, err := ReadLabels(o.LabelFile)
		if err != nil {
			return nil, fmt.Errorf("-labels: %w", err)
		}
		c.labels = labels
	}
	return c, nil
}

func (c *choices) readTopology(o *Options) error {
	var t model.Topology
	switch o.Topology {
	case "":
		return nil
	case "v1.0":
		t, c.named = model.V10(), true
	case "v1.1":
		t, c.named = model.V11(), true
	default:
		f, err := readTopologyFile(o.Topology)
		if err != nil {
			return fmt.Errorf("-topology: %w", err)
		}
		t, c.ceil = f.Topology, f.PoolCeil
		if c.size == 0 {
			c.size = t.Size
		}
	}
	c.topology = &t
	return nil
}

// topologyFile is a model.Topology that can leave its rounding open.
type topologyFile struct {
	model.Topology
	PoolCeil *bool `json:"pool_ceil"`
}

// maxTopologyFile and maxLabelFile are far beyond any real one.
const (
	maxTopologyFile = 1 << 20
	maxLabelFile    = 1 << 24
)

func readTopologyFile(path string) (*topologyFile, error) {
	data, err := readFile(path, maxTopologyFile)
	if err != nil {
		return nil, err
	}
	t := &topologyFile{}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(t); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, fmt.Errorf("%s: more follows the description, at offset %d", path, d.InputOffset())
	}
	if t.Name == "" {
		t.Name = strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
	}
	return t, nil
}

func (c *choices) readPool(o *Options) error {
	switch o.Pool {
	case "", "auto":
	case "ceil", "floor":
		up := o.Pool == "ceil"
		c.ceil = &up
	default:
		return fmt.Errorf("-pool %q is none of ceil, floor, auto", o.Pool)
	}
	return nil
}

func (c *choices) readInput(o *Options) (err error) {
	if o.Order != "" {
		c.order = new(model.Order)
		if err := c.order.UnmarshalText([]byte(o.Order)); err != nil {
			return fmt.Errorf("-order: %w", err)
		}
	}
	if o.Fit != "" {
		c.fit = new(model.Fit)
		if err := c.fit.UnmarshalText([]byte(o.Fit)); err != nil {
			return fmt.Errorf("-fit: %w", err)
		}
	}
	if c.mean, err = channels("-mean", o.Mean); err != nil {
		return err
	}
	c.std, err = channels("-std", o.Std)
	return err
}

// channels reads one number for all channels or three. A value between 0 and
// 1 is refused: it is surely meant as a fraction of 255, and to guess at
// units would cost accuracy silently.
func channels(flag, text string) (*[3]float32, error) {
	if text == "" {
		return nil, nil
	}
	parts := strings.Split(text, ",")
	if len(parts) == 1 {
		parts = []string{text, text, text}
	}
	if len(parts) != 3 {
		return nil, fmt.Errorf("%s %q: one number or three with commas are due", flag, text)
	}
	var v [3]float32
	for i, p := range parts {
		x, err := strconv.ParseFloat(strings.TrimSpace(p), 32)
		switch {
		case err != nil || math.IsNaN(x) || math.IsInf(x, 0):
			return nil, fmt.Errorf("%s %q: %q is not a number", flag, text, p)
		case x > 0 && x < 1:
			return nil, fmt.Errorf("%s %q: the unit is bytes 0…255; multiply fractions by 255 (here %.4g)", flag, text, x*255)
		case flag == "-std" && x <= 0:
			return nil, fmt.Errorf("%s %q: a standard deviation is positive", flag, text)
		}
		v[i] = float32(x)
	}
	return &v, nil
}
