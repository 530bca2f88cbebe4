package importer

import (
	"encoding/json"
	"math"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"halfmeg/internal/testdata"
	"halfmeg/model"
	"halfmeg/quant/float"
)

// goldenPicture returns the synthetic picture of golden_logits.json in the
// network's channel order, each byte minus 128.
func goldenPicture(in model.Input) []int8 {
	var p []int8
	for y := range in.Size {
		for x := range in.Size {
			pixel := []int{(3*x + 5*y) % 256, (7*x ^ 11*y) & 255, x * y % 256}
			if in.Order == model.BGR {
				slices.Reverse(pixel)
			}
			for _, v := range pixel {
				p = append(p, int8(v-128))
			}
		}
	}
	return p
}

// TestGoldenLogits: every pretrained network, imported without options, returns
// the logits of an independent float64 forward pass.
func TestGoldenLogits(t *testing.T) {
	data, err := os.ReadFile(testdata.Path(t, "weights/golden_logits.json"))
	require.NoError(t, err)
	var golden struct {
		Files map[string]struct{ Logits []float64 }
	}
	require.NoError(t, json.Unmarshal(data, &golden))
	for name, logitsOf := range map[string]string{
		"squeezenet1.0-caffe.caffemodel":    "",
		"squeezenet1.0-deepcompression.net": "",
		"squeezenet1.1-caffe-fp16.onnx":     "",
		"squeezenet1.1-gluon.pth":           "",
		"squeezenet1.1-gluon.safetensors":   "squeezenet1.1-gluon.pth",
	} {
		if logitsOf == "" {
			logitsOf = name
		}
		want := golden.Files[logitsOf].Logits
		require.Len(t, want, 1000, name)
		loaded, err := Load(testdata.Path(t, "weights/"+name), Options{})
		require.NoError(t, err)
		forward, err := float.NewForward(loaded.Network)
		require.NoError(t, err)
		got, err := forward.NewPass().Run(goldenPicture(loaded.Network.Input))
		require.NoError(t, err)
		worst := 0.0
		for c, v := range got {
			worst = max(worst, math.Abs(float64(v)-want[c]))
		}
		require.LessOrEqual(t, worst/slices.Max(want), 1e-3, name)
		t.Logf("%s: largest difference %.2g of the largest logit", name, worst/slices.Max(want))
	}
}
