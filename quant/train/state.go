package train

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"reflect"
	"slices"

	"halfmeg/model"
	"halfmeg/quant/float"
)

// State is all that a run needs to continue, bit for bit. Random numbers depend
// on the seed and the position in the run only, so it holds no generator.
type State struct {
	Fingerprint string  // Config.Fingerprint
	Epoch       int     // complete epochs
	Batch       int     // complete batches of the current epoch
	Curve       []Epoch // one point per complete epoch
	Attachment  []byte  // of the caller's, for example results of validation; stored and read with the rest

	sums     sums
	bestLoss float64 // of the start on the first batch, or the mean over the epoch that began with bestLayers
	averaged int     // terms of average

	network    float.Network // without layers
	layers     []float.Layer
	velocity   []float.Layer
	beginning  []float.Layer // of the current epoch
	bestLayers []float.Layer // of the start, or from the beginning of the epoch with the lowest loss
	average    []float.Layer
}

// Epoch is the mean over an epoch's pictures as they were drawn, each at the
// weights before its batch.
type Epoch struct {
	Loss     float64 `json:"loss"`
	Accuracy float64 `json:"accuracy"`
	Rate     float64 `json:"rate"` // learning rate of the last batch
}

// sums are the sums over the current epoch.
type sums struct {
	Loss     float64 `json:"loss"`
	Correct  int     `json:"correct"`
	Pictures int     `json:"pictures"`
}

func (s *sums) add(batch *Shard, pictures int) {
	s.Loss += batch.Loss
	s.Correct += batch.Correct
	s.Pictures += pictures
}

func (s *sums) loss() float64     { return s.Loss / float64(max(1, s.Pictures)) }
func (s *sums) accuracy() float64 { return float64(s.Correct) / float64(max(1, s.Pictures)) }

func newState(n *float.Network, fingerprint string) *State {
	s := &State{Fingerprint: fingerprint, network: *n, layers: clone(n.Layers), beginning: clone(n.Layers), bestLayers: clone(n.Layers)}
	s.network.Layers = nil
	s.velocity = zeros(n.Layers)
	s.average = zeros(n.Layers)
	return s
}

// net returns the network in training. It shares memory with the state.
func (s *State) net() *float.Network {
	n := s.network
	n.Layers = s.layers
	return &n
}

// Network returns a copy of the network so far: the average, where it has begun.
func (s *State) Network() *float.Network {
	n := s.network
	n.Layers = clone(s.layers)
	if s.averaged > 0 {
		n.Layers = clone(s.average)
	}
	return &n
}

// endEpoch adds a point to the curve, and keeps the parameters with which the epoch
// began if they are the best. Of those at its end no loss is known yet.
func (s *State) endEpoch(rate float64) {
	s.Curve = append(s.Curve, Epoch{s.sums.loss(), s.sums.accuracy(), rate})
	s.sums = sums{}
	s.Epoch++
	s.Batch = 0
	if loss := s.Curve[s.Epoch-1].Loss; loss < s.bestLoss {
		s.bestLoss = loss
		assign(s.bestLayers, s.beginning)
	}
	assign(s.beginning, s.layers)
}

// addToAverage adds the parameters to the running mean.
func (s *State) addToAverage() {
	s.averaged++
	share := float32(1 / float64(s.averaged))
	for l := range s.layers {
		addToMean(s.average[l].Weights, s.layers[l].Weights, share)
		addToMean(s.average[l].Bias, s.layers[l].Bias, share)
	}
}

func addToMean(mean, values []float32, share float32) {
	for i, v := range values {
		mean[i] += float32((v - mean[i]) * share)
	}
}

// restoreBest makes the best parameters the current ones.
func (s *State) restoreBest() {
	assign(s.layers, s.bestLayers)
	s.averaged = 0
}

// fits checks that the state is of a run of the same network and options.
func (s *State) fits(n *float.Network, fingerprint string) error {
	switch {
	case !reflect.DeepEqual(s.network.Topology, n.Topology):
		return errors.New("the state is of a network with another topology")
	case s.network.Input != n.Input:
		return errors.New("the state is of a network with another input")
	case !slices.Equal(s.network.Labels, n.Labels):
		return errors.New("the state is of a network with other classes")
	case s.Fingerprint != fingerprint:
		return errors.New("the state is of a run with other options or data")
	}
	return nil
}

// The encoding is the magic, the length of the header as a 32-bit number, the
// header in JSON, the five sets of parameters as float32, weights before biases
// and layer by layer, and the SHA-256 of all that. Numbers are little-endian.
const (
	statePrefix = "halfmeg training state " // of any version
	stateMagic  = statePrefix + "2\n"
)

// IsState reports whether the first bytes of a file are those of a State, of any version.
func IsState(data []byte) bool { return bytes.HasPrefix(data, []byte(statePrefix)) }

// maxHeader bounds the header of a state, which holds labels, curve and
// attachment.
const maxHeader = 1 << 28

// header is what a state holds apart from parameters.
type header struct {
	Fingerprint string         `json:"fingerprint"`
	Epoch       int            `json:"epoch"`
	Batch       int            `json:"batch"`
	Curve       []Epoch        `json:"curve"`
	Attachment  []byte         `json:"attachment"`
	Sums        sums           `json:"sums"`
	BestLoss    float64        `json:"best_loss"`
	Averaged    int            `json:"averaged"`
	Topology    model.Topology `json:"topology"`
	Input       model.Input    `json:"input"`
	Labels      []string       `json:"labels"`
	Source      model.Source   `json:"source"`
}

// Encode writes the state.
func (s *State) Encode(w io.Writer) error {
	h, err := json.Marshal(header{
		s.Fingerprint, s.Epoch, s.Batch, s.Curve, s.Attachment, s.sums, s.bestLoss, s.averaged,
		s.network.Topology, s.network.Input, s.network.Labels, s.network.Source,
	})
	if err != nil {
		return err
	}
	if len(h) > maxHeader {
		return fmt.Errorf("the state's labels and attachment have %d bytes, more than %d", len(h), maxHeader)
	}
	data := append([]byte(stateMagic), binary.LittleEndian.AppendUint32(nil, uint32(len(h)))...)
	data = append(data, h...)
	for _, set := range s.sets() {
		for _, l := range *set {
			data = appendFloats(appendFloats(data, l.Weights), l.Bias)
		}
	}
	sum := sha256.Sum256(data)
	_, err = w.Write(append(data, sum[:]...))
	return err
}

// sets are the parameters in the order of the encoding.
func (s *State) sets() []*[]float.Layer {
	return []*[]float.Layer{&s.layers, &s.velocity, &s.beginning, &s.bestLayers, &s.average}
}

func appendFloats(data []byte, values []float32) []byte {
	for _, v := range values {
		data = binary.LittleEndian.AppendUint32(data, math.Float32bits(v))
	}
	return data
}

// DecodeState reads a state that Encode wrote.
func DecodeState(r io.Reader) (*State, error) {
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	body, found := bytes.CutPrefix(data, []byte(stateMagic))
	if !found {
		return nil, errors.New("not a training state of this version of the program")
	}
	if len(body) < 4+sha256.Size {
		return nil, errors.New("the training state is truncated")
	}
	end := len(data) - sha256.Size
	if sum := sha256.Sum256(data[:end]); !bytes.Equal(sum[:], data[end:]) {
		return nil, errors.New("the training state is damaged: its checksum is wrong")
	}
	return decodeBody(body[:len(body)-sha256.Size])
}

// decodeBody decodes what lies between the magic and the checksum.
func decodeBody(body []byte) (*State, error) {
	length, body := binary.LittleEndian.Uint32(body), body[4:]
	if uint64(length) > uint64(len(body)) {
		return nil, errors.New("the training state's header is truncated")
	}
	var h header
	if err := json.Unmarshal(body[:length], &h); err != nil {
		return nil, fmt.Errorf("the training state's header: %w", err)
	}
	g, err := h.Topology.GraphFor(h.Input, h.Labels)
	if err != nil {
		return nil, fmt.Errorf("the training state's header: %w", err)
	}
	if err := h.check(); err != nil {
		return nil, err
	}
	return h.state(g, body[length:])
}

func (h *header) check() error {
	switch {
	case h.Epoch < 0 || h.Batch < 0 || h.Averaged < 0 || h.Sums.Pictures < 0 || h.Sums.Correct < 0:
		return errors.New("the training state has a negative counter")
	case len(h.Curve) != h.Epoch:
		return fmt.Errorf("the training state has %d points of the curve after %d epochs", len(h.Curve), h.Epoch)
	case h.BestLoss < 0:
		return fmt.Errorf("the training state's lowest loss is %v", h.BestLoss)
	}
	return nil
}

// state reads the parameters.
func (h *header) state(g *model.Graph, data []byte) (*State, error) {
	s := &State{
		Fingerprint: h.Fingerprint, Epoch: h.Epoch, Batch: h.Batch, Curve: h.Curve, Attachment: h.Attachment,
		sums: h.Sums, bestLoss: h.BestLoss, averaged: h.Averaged,
		network: float.Network{Topology: h.Topology, Input: h.Input, Labels: h.Labels, Source: h.Source},
	}
	size := uint64(0)
	for _, c := range g.Convolutions {
		size += 4 * uint64(c.Weights()+c.Out) * uint64(len(s.sets()))
	}
	if uint64(len(data)) != size {
		return nil, fmt.Errorf("the training state has %d bytes of parameters, expected %d", len(data), size)
	}
	for _, set := range s.sets() {
		for _, c := range g.Convolutions {
			l := float.Layer{Weights: make([]float32, c.Weights()), Bias: make([]float32, c.Out)}
			data = readFloats(l.Bias, readFloats(l.Weights, data))
			*set = append(*set, l)
		}
		n := float.Network{Topology: h.Topology, Input: h.Input, Labels: h.Labels, Layers: *set}
		if err := n.Validate(); err != nil {
			return nil, fmt.Errorf("the training state: %w", err)
		}
	}
	return s, nil
}

// readFloats reads values and returns the rest of data.
func readFloats(values []float32, data []byte) []byte {
	for i := range values {
		values[i] = math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:]))
	}
	return data[4*len(values):]
}

// clone copies parameters.
func clone(layers []float.Layer) []float.Layer {
	c := zeros(layers)
	assign(c, layers)
	return c
}

// zeros returns parameters of the same shapes.
func zeros(layers []float.Layer) []float.Layer {
	z := make([]float.Layer, len(layers))
	for i, l := range layers {
		z[i] = float.Layer{Weights: make([]float32, len(l.Weights)), Bias: make([]float32, len(l.Bias))}
	}
	return z
}

// assign copies parameters to others of the same shapes.
func assign(dst, src []float.Layer) {
	for i, l := range src {
		copy(dst[i].Weights, l.Weights)
		copy(dst[i].Bias, l.Bias)
	}
}
