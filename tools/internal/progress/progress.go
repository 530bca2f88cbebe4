// Package progress shows the progress of long desktop work on a terminal's
// standard error, with the time left; elsewhere it keeps silent.
package progress

import (
	"os"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
)

// Board is a set of bars, one below the other.
type Board struct {
	container *mpb.Progress
	bars      []*mpb.Bar
}

// New makes a board. Where standard error is no terminal it shows nothing.
func New() *Board {
	info, err := os.Stderr.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return &Board{}
	}
	return &Board{container: mpb.New(mpb.WithOutput(os.Stderr), mpb.WithWidth(40))}
}

// Bar adds a bar of n steps and returns the function that takes one step; it
// may be called from several goroutines.
func (b *Board) Bar(name string, n int) func() {
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

// Close draws the bars once more as they stand and gives the terminal back.
func (b *Board) Close() {
	if b.container == nil {
		return
	}
	for _, bar := range b.bars {
		bar.Abort(false)
	}
	b.container.Wait()
}
