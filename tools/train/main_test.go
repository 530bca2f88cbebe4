package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"halfmeg/internal/testnet"
	"halfmeg/model"
	"halfmeg/model/sqz"
	"halfmeg/quant/exporter"
	"halfmeg/quant/float"
	"halfmeg/quant/importer"
	"halfmeg/quant/train"
	"halfmeg/tools/train/dataset"
	"halfmeg/tools/train/example"
	"halfmeg/tools/train/store"
)

// newJob returns a job that trains a small random network on drawn pictures.
func newJob(t *testing.T, pictures int) *job {
	t.Helper()
	dir := t.TempDir()
	topology := testnet.Small()
	topology.Head.Classes = 5
	n := &float.Network{Topology: topology, Input: testnet.Input(topology)}
	for _, p := range testnet.Floats(rand.New(rand.NewPCG(3, 4)), topology, func(depth float64) float64 { return 1.5 / math.Sqrt(depth) }) {
		n.Layers = append(n.Layers, float.Layer(p))
	}
	weights, description := filepath.Join(dir, "start.safetensors"), filepath.Join(dir, "t.json")
	require.NoError(t, write(weights, 0o600, func(w io.Writer) error { return exporter.Safetensors(w, n) }))
	text, err := json.Marshal(topology)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(description, text, 0o600))
	_, err = example.Write(filepath.Join(dir, "pictures"), pictures, 1)
	require.NoError(t, err)
	return &job{settings: &settings{
		pictures: filepath.Join(dir, "pictures"), out: filepath.Join(dir, "a.sqz"), floatOut: filepath.Join(dir, "a.safetensors"),
		reportOut: filepath.Join(dir, "a.html"), checkpoint: filepath.Join(dir, "a.checkpoint"),
		weights: weights, options: importer.Options{Topology: description, Pool: "auto"},
		from: fromHead, seed: 1, epochs: 3, batch: 8, mirror: true, memory: 64, workers: 2,
	}}
}

// again returns the same job without what it has done.
func again(j *job) *job {
	s := *j.settings
	return &job{settings: &s}
}

// TestHead: from a folder to a file of the folder's classes, whatever the number of
// workers.
func TestHead(t *testing.T) {
	j := newJob(t, 12)
	j.bytes = 2_000
	require.NoError(t, j.run(t.Context()))
	require.LessOrEqual(t, j.chosen.Bytes, j.bytes)
	n, err := sqz.ReadFile(j.out)
	require.NoError(t, err)
	require.Equal(t, example.Classes(), n.Labels)
	first, err := os.ReadFile(j.out)
	require.NoError(t, err)
	text, err := os.ReadFile(j.options.Topology)
	require.NoError(t, err)
	classes := filepath.Join(t.TempDir(), "t.json")
	require.NoError(t, os.WriteFile(classes, bytes.Replace(text, []byte(`"classes":5`), []byte(`"classes":3`), 1), 0o600))
	loaded, err := importer.Load(j.floatOut, importer.Options{Topology: classes, Head: "linear"})
	require.NoError(t, err)
	require.Equal(t, j.net.Layers[len(j.net.Layers)-1], loaded.Network.Layers[len(j.net.Layers)-1])
	page, err := os.ReadFile(j.reportOut)
	require.NoError(t, err)
	require.Contains(t, string(page), "last layer trained")
	require.NoFileExists(t, j.checkpoint)

	other := again(j)
	other.workers, other.reportOut = 3, ""
	require.NoError(t, other.run(t.Context()))
	second, err := os.ReadFile(j.out)
	require.NoError(t, err)
	require.Equal(t, first, second)
}

// TestFewPictures: two classes with three pictures each work, with warnings.
func TestFewPictures(t *testing.T) {
	j := newJob(t, 3)
	j.classes = []string{"open", "closed"}
	require.NoError(t, j.run(t.Context()))
	warnings := strings.Join(j.warnings, "\n")
	require.Contains(t, warnings, `the class "open" has only 3 pictures`)
	require.Contains(t, warnings, "measured on only 2 pictures: the accuracy lies between")
	n, err := sqz.ReadFile(j.out)
	require.NoError(t, err)
	require.Equal(t, j.classes, n.Labels)
}

// TestResume: an interrupted and resumed run writes the same bytes as one that is not
// interrupted. The interrupted one writes a network, too.
func TestResume(t *testing.T) {
	j := newJob(t, 12)
	j.from, j.side = fromFineTune, testnet.Small().Size-2
	whole := again(j)
	require.NoError(t, whole.run(t.Context()))
	want, err := os.ReadFile(j.out)
	require.NoError(t, err)
	n, err := sqz.ReadFile(j.out)
	require.NoError(t, err)
	require.Equal(t, testnet.Small().Size, n.Input.Size)
	require.NoFileExists(t, j.checkpoint)
	require.Len(t, whole.validationCurve, 3)
	page, err := os.ReadFile(j.reportOut)
	require.NoError(t, err)
	require.Contains(t, string(page), "<dt>Weight of the fine-tuned network</dt><dd>0.5")

	interrupted := interrupt(t, j, 2, 2)
	require.Contains(t, interrupted.warnings, "interrupted: the network as trained so far is written")
	early, err := os.ReadFile(j.out)
	require.NoError(t, err)
	require.NotEqual(t, want, early)
	checkOutcome(t, interrupted)

	for _, c := range []struct {
		change func(*job)
		want   string
	}{
		{func(j *job) { j.seed = 2 }, "is the state of a run with other pictures, names, classes or another split"},
		{func(j *job) { j.batch = 9 }, "is the state of a run with -batch 8 instead of -batch 9"},
		{func(j *job) { j.mirror = false }, "is the state of a run with -mirror true instead of -mirror false"},
		{func(j *job) { j.side-- }, "with -train-size "},
		{func(j *job) { j.options.Fit = "squash" }, "with another input (-fit, "},
		{func(j *job) { j.classes = []string{"open", "closed"} }, "is the state of a run with other pictures"},
		{func(j *job) { j.from = fromHead }, "-resume: training the head is not resumed"},
		{func(j *job) { j.checkpoint += "x" }, "-resume: there is no checkpoint "},
		{func(j *job) { j.checkpoint = j.weights }, "not a training state"},
	} {
		refused := again(j)
		refused.resume = true
		c.change(refused)
		require.ErrorContains(t, refused.run(t.Context()), c.want)
	}

	// Interrupted again while the head is trained once more, it keeps what was written.
	resumed := again(j)
	resumed.resume = true
	require.ErrorIs(t, resumed.run(interruptAt(t, resumed, stageHead, 2, 1)), context.Canceled)
	kept, err := os.ReadFile(j.out)
	require.NoError(t, err)
	require.Equal(t, early, kept)

	requireResumed(t, j, whole, want)
	interrupt(t, j, 1, 4) // the accuracy is measured after it
	requireResumed(t, j, whole, want)
}

// interrupt runs a job until a batch, at which it is interrupted.
func interrupt(t *testing.T, j *job, epoch, batch int) *job {
	t.Helper()
	interrupted := again(j)
	require.NoError(t, interrupted.run(interruptAt(t, interrupted, stageLayers, epoch, batch)))
	require.FileExists(t, j.checkpoint)
	return interrupted
}

// interruptAt returns a context that is canceled at a batch of a stage.
func interruptAt(t *testing.T, j *job, stage string, epoch, batch int) context.Context {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	j.watch = func(s string, p train.Progress) {
		if s == stage && p.Epoch == epoch && p.Batch == batch {
			cancel()
		}
	}
	return ctx
}

// requireResumed continues an interrupted job, with the result of the whole one.
func requireResumed(t *testing.T, j, whole *job, want []byte) {
	t.Helper()
	resumed := again(j)
	resumed.resume, resumed.workers = true, 1
	require.NoError(t, resumed.run(t.Context()))
	got, err := os.ReadFile(j.out)
	require.NoError(t, err)
	require.Equal(t, want, got)
	require.Equal(t, whole.validationCurve, resumed.validationCurve)
	require.Equal(t, whole.headCurve, resumed.headCurve)
	require.NoFileExists(t, j.checkpoint)
}

// checkOutcome: the network that an interrupted run wrote lies between the start and the
// state, and conv1 is that of the start.
func checkOutcome(t *testing.T, interrupted *job) {
	t.Helper()
	state, err := readCheckpoint(interrupted.checkpoint)
	require.NoError(t, err)
	trained, last := state.Network(), len(interrupted.net.Layers)-1
	start := *trained
	start.Layers = append(slices.Clone(interrupted.start.Layers[:last]), trained.Layers[last])
	require.Less(t, interrupted.share(), 0.6)
	require.Equal(t, train.Interpolate(&start, trained, interrupted.share()).Layers[:last], interrupted.net.Layers[:last])
	require.Equal(t, start.Layers[0], interrupted.net.Layers[0])
	require.NotEqual(t, start.Layers[1], interrupted.net.Layers[1])
}

// TestDifference names the first difference of two runs, but that of the program before all
// others.
func TestDifference(t *testing.T) {
	const now = "recipe 3\npictures x\n-seed 1"
	require.Equal(t, "-seed 2 instead of -seed 1", difference("recipe 3\npictures x\n-seed 2", now))
	require.Equal(t, "another version of the program", difference("recipe 2\npictures y\n-seed 2", now))
	require.Equal(t, "another version of the program", difference("pictures y\n-seed 2", now))
}

// TestTrainSize: a side that the topology cannot have is refused before anything is trained,
// as are more pixels than the network crops of a picture.
func TestTrainSize(t *testing.T) {
	j := newJob(t, 8)
	j.from, j.side = fromFineTune, 5
	require.ErrorContains(t, again(j).run(t.Context()), "-train-size 5: ")
	j.side, j.options.Fit = testnet.Small().Size+30, "crop"
	require.ErrorContains(t, again(j).run(t.Context()), "-train-size 61: a picture resized to 35 cannot be cropped to 61")
}

// TestChooseFit: layers that are trained see the whole picture, and a new head what the
// built-in start saw, unless -fit says otherwise.
func TestChooseFit(t *testing.T) {
	for _, c := range []struct {
		way, fit string
		resize   int
		want     model.Fit
		side     int
	}{
		{fromHead, "", 0, model.Squash, 256},
		{fromHead, "direct", 0, model.Direct, 0},
		{fromFineTune, "", 0, model.Direct, 0},
		{fromFineTune, "crop", 0, model.Crop, 256},
		{fromFineTune, "squash", 300, model.Squash, 300},
	} {
		j := &job{settings: &settings{options: importer.Options{Fit: c.fit, Resize: c.resize}}}
		var err error
		j.start, err = j.readStart()
		require.NoError(t, err)
		j.way, j.input = c.way, j.start.Input
		require.NoError(t, j.chooseFit())
		require.Equal(t, c.want, j.input.Fit, "%s, -fit %q", c.way, c.fit)
		require.Equal(t, c.side, j.input.Resize, "%s, -fit %q", c.way, c.fit)
		require.Equal(t, j.input, j.start.Input)
	}
	j := &job{settings: &settings{options: importer.Options{Fit: "crop", Resize: 200}}}
	j.input = model.TorchvisionInput()
	require.ErrorContains(t, j.chooseFit(), "-fit crop -resize 200: a picture resized to 200 cannot be cropped to 224")
	j.options.Fit = "cut"
	require.ErrorContains(t, j.chooseFit(), "-fit: resize rule \"cut\" is none of")
}

// TestSized: the built-in start for another side sees the same part of a picture.
func TestSized(t *testing.T) {
	j := &job{settings: &settings{}}
	n, err := j.readStart()
	require.NoError(t, err)
	j.options.Size = 288
	larger, err := j.readStart()
	require.NoError(t, err)
	require.Equal(t, 288, larger.Topology.Size)
	require.Equal(t, 288, larger.Input.Size)
	require.Equal(t, 325, larger.Input.Resize) // 256 of 227
	require.Equal(t, n.Layers, larger.Layers)
	j.options.Size = 9
	_, err = j.readStart()
	require.ErrorContains(t, err, "-size 9: ")
}

// TestFrozen: fine-tuning leaves conv1, fire2 and fire3 of v1.1 as they are.
func TestFrozen(t *testing.T) {
	g, err := model.V11().Graph()
	require.NoError(t, err)
	rates := layerRates(model.V11())
	require.Len(t, rates, len(g.Convolutions))
	for l, c := range g.Convolutions {
		module, _, _ := strings.Cut(c.Name, "/")
		require.Equal(t, slices.Contains([]string{"conv1", "fire2", "fire3"}, module), rates[l] == 0, c.Name)
	}
}

// TestShare: with few pictures the outcome is nearer to the network with the trained head.
func TestShare(t *testing.T) {
	for _, c := range []struct {
		way      string
		pictures int
		want     float64
	}{{fromFineTune, 0, 0.5}, {fromFineTune, 500, 0.75}, {fromFineTune, 1000, 1}, {fromFineTune, 5000, 1}, {fromScratch, 10, 1}} {
		j := &job{}
		j.way, j.training = c.way, make([]dataset.Item, c.pictures)
		require.InDelta(t, c.want, j.share(), 1e-9, "%s, %d pictures", c.way, c.pictures)
	}
}

// TestMeasuredEvery: a run has at most 20 points of the validation curve, and a short one
// has a point an epoch.
func TestMeasuredEvery(t *testing.T) {
	for epochs, want := range map[int]int{1: 1, 20: 1, 21: 2, 40: 2, 49: 3, 100: 5} {
		require.Equal(t, want, (&job{settings: &settings{epochs: epochs}}).measuredEvery(), "%d epochs", epochs)
	}
}

// TestDefaults: what flags do not state depends on the way of training and the number of
// pictures.
func TestDefaults(t *testing.T) {
	type values struct {
		epochs      int
		rate, mixed float64
		side        int
	}
	for _, c := range []struct {
		way      string
		input    int
		pictures int
		stated   values
		want     values
	}{
		{fromFineTune, 227, 250, values{mixed: -1}, values{100, 0.0025, 0.2, 162}},
		{fromFineTune, 150, 2000, values{mixed: -1}, values{40, 0.01, 0.2, 128}},
		{fromFineTune, 64, 1_000_000, values{mixed: -1}, values{12, 0.01, 0.2, 64}},
		{fromFineTune, 227, 250, values{7, 0.3, 0, 99}, values{7, 0.3, 0, 99}},
		{fromScratch, 128, 2000, values{mixed: -1}, values{100, 0.007, 0, 96}},
		{fromHead, 227, 250, values{mixed: -1}, values{}},
	} {
		j := &job{settings: &settings{from: c.way, epochs: c.stated.epochs, rate: c.stated.rate, mixed: c.stated.mixed, side: c.stated.side}}
		j.way, j.input.Size = c.way, c.input
		j.setDefaults(c.pictures)
		require.Equal(t, c.want, values{j.epochs, j.rate, j.mixed, j.side}, "%s, %d pictures", c.way, c.pictures)
	}
}

// TestWarmup: the rate of a start from random weights rises to the stated one even in a
// short run.
func TestWarmup(t *testing.T) {
	for _, pictures := range []int{40, 4000} {
		j := &job{settings: &settings{batch: 8, epochs: 5, rate: 0.01}}
		j.way, j.training, j.set, j.store = fromScratch, make([]dataset.Item, pictures), &dataset.Set{}, &store.Store{}
		schedule, rounds := j.recipe(testnet.Small()).Schedule, 5*pictures/8
		highest := 0.0
		for i := range rounds {
			highest = max(highest, schedule(i, rounds))
		}
		require.Less(t, schedule(0, rounds), 0.51)
		require.Greater(t, highest, 0.85)
	}
}

// TestScratch: random weights, in a topology that the options state.
func TestScratch(t *testing.T) {
	j := newJob(t, 8)
	j.from, j.weights, j.epochs = fromScratch, "", 2
	require.ErrorContains(t, again(j).run(t.Context()), "states 5 classes, but there are 3")
	text, err := os.ReadFile(j.options.Topology)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(j.options.Topology, bytes.Replace(text, []byte(`"classes":5,`), nil, 1), 0o600))
	require.NoError(t, j.run(t.Context()))
	n, err := sqz.ReadFile(j.out)
	require.NoError(t, err)
	require.Equal(t, testnet.Small().Size, n.Topology.Size)

	whole := again(j)
	require.NoError(t, whole.run(t.Context()))
	want, err := os.ReadFile(j.out)
	require.NoError(t, err)
	interrupt(t, j, 2, 1)
	requireResumed(t, j, whole, want)
}

// TestLearnsNothing: a rate at which all ReLUs close without a loss that is not finite ends
// in a warning.
func TestLearnsNothing(t *testing.T) {
	j := newJob(t, 12)
	j.from, j.weights, j.rate = fromScratch, "", 2
	text, err := os.ReadFile(j.options.Topology)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(j.options.Topology, bytes.Replace(text, []byte(`"classes":5,`), nil, 1), 0o600))
	require.NoError(t, j.run(t.Context()))
	require.Contains(t, strings.Join(j.warnings, "\n"), "it has learnt nothing that tells the classes apart; try a lower -rate or more -epochs")
}

// TestDiverges: a rate that is too high ends the training with an error; the best
// network is written.
func TestDiverges(t *testing.T) {
	j := newJob(t, 8)
	j.from, j.rate = fromFineTune, 99 // the highest that -rate takes
	j.epochs = 10
	err := j.run(t.Context())
	require.ErrorIs(t, err, train.ErrDiverged)
	require.FileExists(t, j.out)
	require.NoFileExists(t, j.checkpoint)
}

// TestInterruptedEarly: before there is a network nothing is written.
func TestInterruptedEarly(t *testing.T) {
	j := newJob(t, 4)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, j.run(ctx), context.Canceled)
	require.NoFileExists(t, j.out)
}

// TestCheckpointFails: training continues without a checkpoint.
func TestCheckpointFails(t *testing.T) {
	j := newJob(t, 4)
	j.from, j.epochs = fromFineTune, 1
	j.checkpoint = filepath.Join(j.pictures, "missing", "a.checkpoint")
	require.NoError(t, j.run(t.Context()))
	require.Contains(t, strings.Join(j.warnings, "\n"), "the training continues")
}

// TestForeignCheckpoint: a run deletes and replaces only checkpoints, and only its own without
// a warning.
func TestForeignCheckpoint(t *testing.T) {
	j := newJob(t, 8)
	require.NoError(t, os.WriteFile(j.checkpoint, []byte("notes"), 0o600))
	require.NoError(t, j.run(t.Context())) // the head keeps no checkpoint
	require.FileExists(t, j.checkpoint)
	j = again(j)
	j.from = fromFineTune
	require.EqualError(t, j.run(t.Context()), j.checkpoint+" exists and is not a checkpoint: name another file with -checkpoint")
	notes, err := os.ReadFile(j.checkpoint)
	require.NoError(t, err)
	require.Equal(t, "notes", string(notes))
	require.NoError(t, os.Remove(j.checkpoint))

	interrupted := again(j) // -from fine-tune
	ctx := interruptAt(t, interrupted, stageLayers, 2, 1)
	require.NoError(t, interrupted.run(ctx))
	require.FileExists(t, j.checkpoint)
	j = again(j)
	j.from = fromHead
	require.NoError(t, j.run(t.Context()))
	require.FileExists(t, j.checkpoint)
	j = again(j)
	j.from = fromFineTune
	require.NoError(t, j.run(t.Context()))
	require.Contains(t, strings.Join(j.warnings, "\n"), "-resume would continue it")
	require.NoFileExists(t, j.checkpoint)
}

// TestReportFails: the network is written nevertheless, and -resume writes the same again from
// the checkpoint of the last epoch.
func TestReportFails(t *testing.T) {
	j := newJob(t, 8)
	j.from = fromFineTune
	j.reportOut = filepath.Join(j.pictures, "missing", "a.html")
	require.ErrorContains(t, j.run(t.Context()), "writing "+j.reportOut)
	want, err := os.ReadFile(j.out)
	require.NoError(t, err)
	require.NoError(t, os.Remove(j.out))
	resumed := again(j)
	resumed.resume, resumed.reportOut = true, ""
	require.NoError(t, resumed.run(t.Context()))
	got, err := os.ReadFile(j.out)
	require.NoError(t, err)
	require.Equal(t, want, got)
	require.NoFileExists(t, j.checkpoint)
}

// TestPictureVanishes: the network so far is written.
func TestPictureVanishes(t *testing.T) {
	j := newJob(t, 8)
	j.from, j.memory = fromFineTune, 0 // pictures are decoded again for each variant
	j.watch = func(stage string, p train.Progress) {
		if stage == stageLayers && p.Epoch == 1 {
			_ = os.Remove(j.training[0].Path)
		}
	}
	require.ErrorContains(t, j.run(t.Context()), "a picture can no longer be read")
	require.Contains(t, j.warnings, "only 1 of 6 validation pictures fit into -memory 0; the others are not used")
	require.FileExists(t, j.floatOut)
	require.FileExists(t, j.out)
}

// TestWriteDiskFull: what was there before remains.
func TestWriteDiskFull(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a")
	require.NoError(t, write(path, 0o600, bytesOf([]byte("old"))))
	err := write(path, 0o600, func(w io.Writer) error {
		_, _ = w.Write([]byte("half"))
		return syscall.ENOSPC
	})
	require.EqualError(t, err, "the disk is full: "+path+" was not written, and what was there before is untouched: "+syscall.ENOSPC.Error())
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "old", string(data))
}

// TestUsage: wrong flags end with status 2 and one line.
func TestUsage(t *testing.T) {
	binary := filepath.Join(t.TempDir(), "train.exe")
	out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput()
	require.NoError(t, err, string(out))
	for args, want := range map[string]string{
		"":                                  "train: -pictures DIR and -out FILE.sqz are required (-help lists the flags)\n",
		"-pictures a -out b -from x":        "train: -from x: expected head, fine-tune or scratch\n",
		"-pictures a -out b -batch 0":       "train: -batch 0: at least one picture is needed\n",
		"-pictures a -out b -topology v1.0": "train: options that describe weights, such as -topology or -mean, need -weights FILE or -from scratch\n",
		"-pictures a -out b -from scratch -weights w": "train: -from scratch starts from random weights: -weights w does not apply\n",
		"-pictures a -out b c":                        "train: unexpected argument \"c\": train takes only flags\n",
		"-pictures a -out b -from head -resume":       "train: -resume: training the head is not resumed, because it takes only a minute\n",
		"-pictures a -out b -from head -checkpoint c": "train: -checkpoint: training the head keeps no checkpoint\n",
		"-example -classes open,closed":               "train: -example draws its own pictures and classes: -classes and -resume do not apply\n",
		"-pictures a -out b -fit cut":                 "train: -fit: resize rule \"cut\" is none of [\"squash\" \"crop\" \"direct\"]\n",
		"-pictures a -out b -size -5":                 "train: -size -5: must not be negative\n",
		"-pictures a -out b -resize -5":               "train: -resize -5: must not be negative\n",
		"-pictures a -out b -resize 300 -fit DIRECT":  "train: -resize 300 needs -fit crop or -fit squash\n",
	} {
		var stderr bytes.Buffer
		c := exec.Command(binary, strings.Fields(args)...)
		c.Stderr = &stderr
		require.Error(t, c.Run())
		require.Equal(t, 2, c.ProcessState.ExitCode(), args)
		require.Equal(t, want, stderr.String(), args)
	}
	help, err := exec.Command(binary, "-help").Output()
	require.NoError(t, err)
	require.Contains(t, string(help), "-mirror=false for signs, text")
}
