package main

import (
	"fmt"
	"time"

	"halfmeg/quant/train"
	"halfmeg/tools/internal/progress"
)

// tracker shows the progress of training: a bar on a terminal, and a line for each
// measurement of the accuracy or at the end.
type tracker struct {
	bars   *progress.Bars
	name   string
	epochs bool
	set    func(int)
	last   train.Progress
	begin  time.Time
	before int // pictures of an earlier run, which this one continues
	watch  watcher
}

// watcher is called after each batch of a stage of training.
type watcher func(stage string, p train.Progress)

func newTracker(name string, epochs bool, watch watcher) *tracker {
	return &tracker{bars: progress.New(), name: name, epochs: epochs, begin: time.Now(), before: -1, watch: watch}
}

// update shows the state after a batch.
func (t *tracker) update(p train.Progress) {
	if t.before < 0 {
		t.before = 0
		if p.Batch > 1 || p.Epoch > 1 {
			t.before = p.Pictures
		}
	}
	t.last = p
	if t.set == nil {
		t.set = t.bars.AddStatus(t.name, p.Epochs*p.Batches, t.status)
	}
	t.set((p.Epoch-1)*p.Batches + p.Batch)
	if t.watch != nil {
		t.watch(t.name, p)
	}
}

func (t *tracker) status() string {
	rate := float64(t.last.Pictures-max(0, t.before)) / time.Since(t.begin).Seconds()
	if t.last.Loss == 0 {
		return fmt.Sprintf("%.1f pictures/s", rate)
	}
	return fmt.Sprintf("loss %.3f, accuracy %.1f %%, %.0f pictures/s", t.last.Loss, 100*t.last.Accuracy, rate)
}

// epoch prints a line after an epoch whose accuracy was measured, where no bar is shown.
func (t *tracker) epoch(e train.Epoch, validation float64) {
	if !t.bars.Visible() {
		fmt.Printf("epoch %d of %d: loss %.3f, accuracy %.1f %% of the variants, %.1f %% of validation pictures\n",
			t.last.Epoch, t.last.Epochs, e.Loss, 100*e.Accuracy, 100*validation)
	}
}

func (t *tracker) close() {
	t.bars.Close()
	fmt.Printf("%s: %s\n", t.name, t.status())
}
