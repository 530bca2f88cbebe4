// Package progress shows progress bars with the remaining time on standard error.
// If that is not a terminal, it shows nothing.
package progress

import (
	"os"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
)

// Bars is a stack of progress bars.
type Bars struct {
	container *mpb.Progress
	bars      []*mpb.Bar
}

// New returns an empty stack.
func New() *Bars {
	info, err := os.Stderr.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return &Bars{}
	}
	return &Bars{container: mpb.New(mpb.WithOutput(os.Stderr), mpb.WithWidth(40))}
}

// Add adds a bar of n steps and returns a function that advances it by one step
// and is safe for concurrent use.
func (b *Bars) Add(name string, n int) func() {
	if b.container == nil {
		return func() {}
	}
	bar := b.container.AddBar(int64(n),
		mpb.PrependDecorators(decor.Name(name, decor.WCSyncSpaceR), decor.CountersNoUnit("%d/%d", decor.WCSyncSpace)),
		mpb.AppendDecorators(decor.Percentage(decor.WC{W: 5}), decor.OnComplete(decor.AverageETA(decor.ET_STYLE_MMSS, decor.WC{W: 7}), "  done")),
	)
	b.bars = append(b.bars, bar)
	return bar.Increment
}

// AddStatus adds a bar of n steps that shows the result of status at its end. It
// returns a function that sets how many steps are done.
func (b *Bars) AddStatus(name string, n int, status func() string) func(done int) {
	if b.container == nil {
		return func(int) {}
	}
	bar := b.container.AddBar(int64(n),
		mpb.PrependDecorators(decor.Name(name, decor.WCSyncSpaceR), decor.Percentage(decor.WC{W: 5})),
		mpb.AppendDecorators(
			decor.OnComplete(decor.AverageETA(decor.ET_STYLE_MMSS, decor.WC{W: 7}), "  done"),
			decor.Any(func(decor.Statistics) string { return "  " + status() }),
		),
	)
	b.bars = append(b.bars, bar)
	return func(done int) { bar.SetCurrent(int64(done)) }
}

// Visible reports whether bars are shown.
func (b *Bars) Visible() bool { return b.container != nil }

// Close stops the bars where they are and waits until they are drawn.
func (b *Bars) Close() {
	if b.container == nil {
		return
	}
	for _, bar := range b.bars {
		bar.Abort(false)
	}
	b.container.Wait()
}
