package classify

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"halfmeg/camera/pixel"
	"halfmeg/model"
	"halfmeg/model/prep"
	"halfmeg/model/pretrained"
)

func newClassifier(t *testing.T, n *model.Network) *Classifier {
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

// pixels returns a picture with a different value in nearly every byte.
func pixels(width, height int) pixel.Image {
	p := pixel.Format{FourCC: pixel.RGB24, Width: width, Height: height, Stride: 3 * width}.Image(make([]byte, 3*width*height))
	for i := range 3 * width * height {
		p.Planes[0].Data[i] = byte(i * i >> 3)
	}
	return p
}

// Classify equals preprocessing followed by the engine, for any sequence of
// picture sizes.
func TestClassifyIsPreprocessingThenEngine(t *testing.T) {
	n := load(t)
	preprocessor, err := prep.NewPreprocessor(n.Input)
	require.NoError(t, err)
	engine, err := model.NewEngine(n, 1)
	require.NoError(t, err)
	defer engine.Close()
	r := newClassifier(t, n)
	for _, p := range []pixel.Image{pixels(300, 200), pixels(20, 30), pixels(300, 200)} {
		require.NoError(t, preprocessor.Run(engine.Input(), p))
		want := slices.Clone(engine.Run())
		got, err := r.Classify(p)
		require.NoError(t, err)
		require.Equal(t, want, got.Logits)
		require.Len(t, want, n.Topology.Head.Classes)
	}
}

func TestClassifyRejectsShortBuffer(t *testing.T) {
	p := pixels(300, 200)
	p.Planes[0].Data = p.Planes[0].Data[:1000]
	_, err := newClassifier(t, load(t)).Classify(p)
	require.ErrorContains(t, err, "300x200")
}

func TestNewRejectsBrokenNetworks(t *testing.T) {
	n := load(t)
	n.Layers = n.Layers[1:]
	_, err := New(n, 1)
	require.Error(t, err)

	n = load(t)
	n.Input.Size = 0
	_, err = New(n, 1)
	require.Error(t, err)
}

func TestLabels(t *testing.T) {
	n := load(t)
	result, err := newClassifier(t, n).Classify(pixels(300, 200))
	require.NoError(t, err)
	top := result.Top(3)
	require.Len(t, top, 3)
	for _, class := range top {
		require.Equal(t, n.Labels[class.Index], class.Label)
	}
	n.Labels = nil
	result, err = newClassifier(t, n).Classify(pixels(300, 200))
	require.NoError(t, err)
	require.Equal(t, fmt.Sprintf("class %d", top[0].Index), result.Top(1)[0].Label)
}
