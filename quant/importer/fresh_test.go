package importer

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"halfmeg/model"
)

func TestFresh(t *testing.T) {
	topology, in, err := Options{}.Fresh(7)
	require.NoError(t, err)
	require.Equal(t, model.Head{Classes: 7, Linear: true}, topology.Head)
	require.Equal(t, freshSize, topology.Size)
	require.Equal(t, freshSize, in.Size)
	require.Equal(t, model.Direct, in.Fit)
	_, in, err = Options{Fit: "squash"}.Fresh(7)
	require.NoError(t, err)
	require.Equal(t, freshSize*256/224, in.Resize)
	require.Equal(t, model.V11().WithBypass().Fires, topology.Fires)

	topology, in, err = Options{Topology: "v1.0", Size: 96, Head: "relu", Pool: "floor", Fit: "crop", Order: "bgr", Mean: "100", Std: "50", Resize: 110, Conv1Pad: "3"}.Fresh(2)
	require.NoError(t, err)
	require.Equal(t, 96, topology.Conv1.Filters)
	require.Equal(t, model.V10().Fires, topology.Fires)
	require.Equal(t, 3, topology.Conv1.Pad)
	require.False(t, topology.PoolCeil)
	require.False(t, topology.Head.Linear)
	require.Equal(t, model.Input{Size: 96, Order: model.BGR, Mean: [3]float32{100, 100, 100}, Std: [3]float32{50, 50, 50}, Fit: model.Crop, Resize: 110}, in)
}

func TestFreshFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "t.json")
	write := func(head string) {
		text := `{"conv1": {"filters": 8, "kernel": 3, "stride": 2, "pad": 0}, "fires": [{"s1x1": 4, "e1x1": 8, "e3x3": 8, "bypass": false}], "pool_after": [1], "head": ` + head + `}`
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	}
	write(`{"pad": 0}`)
	topology, in, err := Options{Topology: path, Size: 64}.Fresh(3)
	require.NoError(t, err)
	require.Equal(t, 64, in.Size)
	require.Equal(t, 3, topology.Head.Classes)
	write(`{"classes": 10, "pad": 0}`)
	_, _, err = Options{Topology: path}.Fresh(3)
	require.ErrorContains(t, err, "states 10 classes, but there are 3")
	_, _, err = Options{Size: 2}.Fresh(3)
	require.Error(t, err)
}
