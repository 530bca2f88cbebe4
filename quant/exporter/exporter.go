// Package exporter writes float networks for other tools: as .safetensors with the
// names that torchvision's SqueezeNet has. Package importer reads them again.
package exporter

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"

	"halfmeg/model"
	"halfmeg/quant/float"
)

// tensor is an entry of the header of a .safetensors file.
type tensor struct {
	Type    string `json:"dtype"`
	Shape   []int  `json:"shape"`
	Offsets [2]int `json:"data_offsets"` // of the values, from the end of the header
}

// Safetensors writes a network in the format of
// github.com/huggingface/safetensors: the length of the header in 8 bytes, the
// header in JSON, then the values in float32. All numbers are little-endian.
//
// Names and shapes are those of torchvision's SqueezeNet: features.0 is conv1, the
// layers of features are counted with ReLUs and pools, and classifier.1 is the last
// convolution. Weights have the order [out][in][y][x]. The metadata holds the
// topology, the input and the labels, which a state dict does not state.
func Safetensors(w io.Writer, n *float.Network) error {
	if err := n.Validate(); err != nil {
		return err
	}
	g, err := n.Topology.Graph()
	if err != nil {
		return err
	}
	metadata, err := metadata(n)
	if err != nil {
		return err
	}
	header := map[string]any{"__metadata__": metadata}
	var values []byte
	add := func(name string, v []float32, shape ...int) {
		from := len(values)
		for _, x := range v {
			values = binary.LittleEndian.AppendUint32(values, math.Float32bits(x))
		}
		header[name] = tensor{"F32", shape, [2]int{from, len(values)}}
	}
	for _, s := range g.Convolutions {
		name, l := layerName(n.Topology, s), n.Layers[s.Layer]
		add(name+".weight", transpose(l.Weights, s), s.Out, s.In, s.Kernel, s.Kernel)
		add(name+".bias", l.Bias, s.Out)
	}
	text, err := json.Marshal(header)
	if err != nil {
		return err
	}
	for len(text)%8 != 0 {
		text = append(text, ' ') // aligns the values
	}
	_, err = w.Write(slices.Concat(binary.LittleEndian.AppendUint64(nil, uint64(len(text))), text, values))
	return err
}

// metadata returns what the format allows: strings.
func metadata(n *float.Network) (map[string]string, error) {
	out := map[string]string{"format": "pt"}
	for name, value := range map[string]any{"topology": n.Topology, "input": n.Input, "labels": n.Labels} {
		text, err := json.Marshal(value)
		if err != nil {
			return nil, err
		}
		out[name] = string(text)
	}
	return out, nil
}

// layerName returns torchvision's name of a convolution.
func layerName(t model.Topology, s model.Step) string {
	switch s.Kind {
	case model.Conv1:
		return "features.0"
	case model.Conv10:
		return "classifier.1" // after the dropout
	}
	index := 2 + s.Fire // after conv1 and its ReLU
	for _, layer := range t.PoolAfter {
		if layer < s.Fire+2 {
			index++
		}
	}
	part := "squeeze"
	switch s.Kind {
	case model.Expand1x1:
		part = "expand1x1"
	case model.Expand3x3:
		part = "expand3x3"
	}
	return fmt.Sprintf("features.%d.%s", index, part)
}

// transpose turns [out][y][x][in] into [out][in][y][x].
func transpose(weights []float32, s model.Step) []float32 {
	area := s.Kernel * s.Kernel
	out := make([]float32, len(weights))
	for o := range s.Out {
		for k := range area {
			for c := range s.In {
				out[(o*s.In+c)*area+k] = weights[(o*area+k)*s.In+c]
			}
		}
	}
	return out
}
