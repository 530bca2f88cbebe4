package classify

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"halfmeg/camera/pixel"
	"halfmeg/model"
	"halfmeg/model/prep"
	"halfmeg/model/pretrained"
)

func newRecognizer(t *testing.T, n *model.Network) *Recognizer {
	t.Helper()
	r, err := New(n, 2)
	require.NoError(t, err)
	t.Cleanup(r.Close)
	return r
}

func load(t *testing.T) *model.Network {
	t.Helper()
	n, err := pretrained.Load(pretrained.Default)
	require.NoError(t, err)
	return n
}

// pixels is a picture with a different value in nearly every byte.
func pixels(width, height int) pixel.Image {
	p := pixel.Format{FourCC: pixel.RGB24, Width: width, Height: height, Stride: 3 * width}.Image(make([]byte, 3*width*height))
	for i := range 3 * width * height {
		p.Planes[0].Data[i] = byte(i * i >> 3)
	}
	return p
}

// A Recognizer gives what its parts give one after the other, again and again.
func TestRunIsPreprocessingThenEngine(t *testing.T) {
	n := load(t)
	preprocessor, err := prep.NewPreprocessor(n.Input)
	require.NoError(t, err)
	engine, err := model.NewEngine(n, 1)
	require.NoError(t, err)
	defer engine.Close()
	r := newRecognizer(t, n)
	for _, p := range []pixel.Image{pixels(300, 200), pixels(20, 30), pixels(300, 200)} {
		require.NoError(t, preprocessor.Run(engine.Input(), p))
		want := slices.Clone(engine.Run())
		answer, err := r.Run(p)
		require.NoError(t, err)
		require.Equal(t, want, answer.Logits)
		require.Len(t, want, n.Topology.Head.Classes)
	}
}

func TestRunRefusesBrokenPixels(t *testing.T) {
	p := pixels(300, 200)
	p.Planes[0].Data = p.Planes[0].Data[:1000]
	_, err := newRecognizer(t, load(t)).Run(p)
	require.ErrorContains(t, err, "300x200")
}

func TestNewRefusesBrokenNetworks(t *testing.T) {
	n := load(t)
	n.Layers = n.Layers[1:]
	_, err := New(n, 1)
	require.Error(t, err)

	n = load(t)
	n.Input.Size = 0
	_, err = New(n, 1)
	require.Error(t, err)
}

func TestLabel(t *testing.T) {
	n := load(t)
	require.Equal(t, n.Labels[7], newRecognizer(t, n).Label(7))
	n.Labels = nil
	require.Equal(t, "class 7", newRecognizer(t, n).Label(7))
}
