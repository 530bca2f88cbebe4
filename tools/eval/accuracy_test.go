package main

import (
	"context"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"halfmeg/internal/testdata"
	"halfmeg/model"
	"halfmeg/model/pretrained"
	"halfmeg/quant"
	"halfmeg/quant/importer"
	"halfmeg/tools/internal/metrics"
	"halfmeg/tools/internal/pictures"
)

// published is a pretrained network and its accuracy in an independent float32
// forward pass, top-1 and top-5 in per cent (shared/weights/README.md).
type published struct {
	file        string
	eval, calib [2]float64

	// embedded is the network embedded in edge that was made from it. If it is
	// "", the test quantizes one, as finely as int8 allows. same is the lower
	// limit of same top-1 plus its standard error, drop the upper limit of the
	// drop minus two standard errors.
	embedded   string
	same, drop float64
}

var networks = []published{
	{"squeezenet1.1-caffe-fp16.onnx", [2]float64{68.10, 90.18}, [2]float64{65.70, 86.20}, "squeezenet1.1", 91, 0.7},
	{"squeezenet1.1-gluon.pth", [2]float64{64.62, 86.30}, [2]float64{61.00, 83.30}, "", 96, 0.5},
	{"squeezenet1.0-caffe.caffemodel", [2]float64{71.17, 91.41}, [2]float64{62.90, 85.30}, "", 96, 0.5},
	{"squeezenet1.0-deepcompression.net", [2]float64{75.46, 93.87}, [2]float64{64.50, 85.80}, "squeezenet1.0", 92, 0.7},
}

// calibrationPictures is the number of pictures for calibration in this test,
// fewer than the tool uses, to save time.
const calibrationPictures = 200

// TestAccuracy compares every float network with its published accuracy, and its
// int8 network with the float one, on pictures not used for calibration.
func TestAccuracy(t *testing.T) {
	if testing.Short() {
		t.Skip("LEFT OUT: accuracy over folders, because of -short")
	}
	for _, p := range networks {
		t.Run(p.file, func(t *testing.T) {
			loaded, err := importer.Load(testdata.Path(t, "weights/"+p.file), importer.Options{})
			require.NoError(t, err)
			direct := loaded.Network.Input
			direct.Fit = model.Direct
			eval := load(t, "images/eval", direct)
			calib := load(t, "images/calib", loaded.Network.Input)
			calibration, heldOut := calib.HoldOut()
			newFloat, err := metrics.Float(loaded.Network)
			require.NoError(t, err)

			evalFloat := logits(t, newFloat, eval)
			accuracy := metrics.Measure(evalFloat, eval.Labels())
			require.InDelta(t, p.eval[0], accuracy.Top1, 1, "top-1 on eval")
			require.InDelta(t, p.eval[1], accuracy.Top5, 1, "top-5 on eval")
			accuracy = metrics.Measure(logits(t, newFloat, calib), calib.Labels())
			require.InDelta(t, p.calib[0], accuracy.Top1, 1, "top-1 on calib")
			require.InDelta(t, p.calib[1], accuracy.Top5, 1, "top-5 on calib")

			var n *model.Network
			if p.embedded != "" {
				n, err = pretrained.Load(p.embedded)
				require.NoError(t, err)
			} else {
				result, err := quant.Quantize(context.Background(), loaded.Network, calibration.Data[:calibrationPictures], quant.Options{})
				require.NoError(t, err)
				n = result.Network
			}
			check(t, p, "eval", metrics.Compare(evalFloat, logits(t, metrics.Int8(n), eval), eval.Labels()))
			check(t, p, "held out", metrics.Compare(logits(t, newFloat, heldOut), logits(t, metrics.Int8(n), heldOut), heldOut.Labels()))
		})
	}
}

func check(t *testing.T, p published, where string, a metrics.Agreement) {
	t.Logf("%s: %d pictures, same top-1 %.2f ± %.2f %%, KL %.5f, top-1 drop %.2f ± %.2f", where, a.Pictures, a.SameTop1, a.SameError, a.KL, a.Drop, a.DropError)
	require.GreaterOrEqual(t, a.SameTop1+a.SameError, p.same, where)
	require.LessOrEqual(t, a.Drop-2*a.DropError, p.drop, where)
}

func load(t *testing.T, folder string, in model.Input) *pictures.Inputs {
	f, err := pictures.List(testdata.Path(t, folder), pictures.Classes{})
	require.NoError(t, err)
	inputs, err := pictures.Load(context.Background(), f.Items, in, runtime.GOMAXPROCS(0), func() {})
	require.NoError(t, err)
	require.Empty(t, inputs.Unreadable)
	return inputs
}

func logits(t *testing.T, newRunner func() (metrics.Runner, error), in *pictures.Inputs) [][]float32 {
	l, err := metrics.RunAll(context.Background(), newRunner, in.Data, runtime.GOMAXPROCS(0), func() {})
	require.NoError(t, err)
	return l
}
