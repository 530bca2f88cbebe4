// Package bench measures how fast this machine runs a network: whole frames
// with some numbers of threads, and each operation of a frame.
package bench

import (
	"context"
	"slices"
	"time"

	"halfmeg/internal/testpattern"
	"halfmeg/model"
)

// Plan is what to measure.
type Plan struct {
	Threads []int
	Frames  int           // with each number of threads; 0: as many as fit in Time
	Time    time.Duration // for each number of threads
}

// Report is what was measured. Times are in milliseconds.
type Report struct {
	Memory     int         `json:"engine_bytes"` // weights made ready and the arena
	MACs       int         `json:"macs"`
	Runs       []Run       `json:"runs"`
	Operations []Operation `json:"operations"` // with the last number of threads
}

// Run is whole frames with a number of threads.
type Run struct {
	Threads   int     `json:"threads"`
	Frames    int     `json:"frames"`
	Min       float64 `json:"min_ms"`
	Median    float64 `json:"median_ms"`
	P99       float64 `json:"p99_ms"`
	PerSecond float64 `json:"frames_per_second"`
}

// Operation is one of a frame's operations.
type Operation struct {
	Name    string   `json:"name"`
	MACs    int      `json:"macs"`
	Kernels []string `json:"kernels,omitempty"`
	Time    float64  `json:"ms"` // the mean
}

// Measure runs a network on one frame again and again. When the context ends
// it stops with the context's error.
func Measure(ctx context.Context, n *model.Network, p Plan) (Report, error) {
	var r Report
	for i, threads := range p.Threads {
		b, err := newBench(ctx, n, threads)
		if err != nil {
			return Report{}, err
		}
		run, err := b.frames(p)
		if err == nil && i == len(p.Threads)-1 {
			r.Memory = b.engine.Memory()
			r.Operations, r.MACs, err = b.operations(run.Frames)
		}
		b.engine.Close()
		if err != nil {
			return Report{}, err
		}
		r.Runs = append(r.Runs, run)
	}
	return r, nil
}

// bench is an engine at work on one frame.
type bench struct {
	ctx     context.Context
	engine  *model.Engine
	picture []int8
}

func newBench(ctx context.Context, n *model.Network, threads int) (*bench, error) {
	e, err := model.NewEngine(n, threads)
	return &bench{ctx, e, testpattern.Frame(n.Input.Size)}, err
}

// frame runs the frame once and gives the time that took.
func (b *bench) frame(run func()) (time.Duration, error) {
	if err := b.ctx.Err(); err != nil {
		return 0, err
	}
	copy(b.engine.Input(), b.picture) // which a run overwrites
	start := time.Now()
	run()
	return time.Since(start), nil
}

// warmUp is the number of frames that are not measured.
const warmUp = 3

// frames times whole frames.
func (b *bench) frames(p Plan) (Run, error) {
	whole := func() { b.engine.Run() }
	for range warmUp {
		if _, err := b.frame(whole); err != nil {
			return Run{}, err
		}
	}
	var times []time.Duration
	for begin := time.Now(); p.wantsMore(len(times), time.Since(begin)); {
		t, err := b.frame(whole)
		if err != nil {
			return Run{}, err
		}
		times = append(times, t)
	}
	return newRun(b.engine.Workers(), times), nil
}

func (p Plan) wantsMore(frames int, spent time.Duration) bool {
	if p.Frames > 0 {
		return frames < p.Frames
	}
	return frames == 0 || spent < p.Time
}

func newRun(threads int, times []time.Duration) Run {
	slices.Sort(times)
	var sum time.Duration
	for _, t := range times {
		sum += t
	}
	n := len(times)
	return Run{
		Threads:   threads,
		Frames:    n,
		Min:       milliseconds(times[0]),
		Median:    milliseconds((times[(n-1)/2] + times[n/2]) / 2),
		P99:       milliseconds(times[(99*n+99)/100-1]), // the nearest rank, rounded up
		PerSecond: float64(n) / sum.Seconds(),
	}
}

// timedFrames bounds the frames whose operations are timed one by one.
const timedFrames = 100

// operations times each operation of a frame and counts what all compute.
func (b *bench) operations(frames int) (list []Operation, macs int, err error) {
	frames = min(frames, timedFrames)
	described := b.engine.Operations()
	spent := make([]time.Duration, len(described))
	var last time.Time
	ended := func(i int) {
		now := time.Now()
		if i >= 0 {
			spent[i] += now.Sub(last)
		}
		last = now
	}
	for range frames {
		if _, err := b.frame(func() { b.engine.RunWatched(ended) }); err != nil {
			return nil, 0, err
		}
	}
	for i, o := range described {
		list = append(list, Operation{o.Name, o.MACs, o.Kernels, milliseconds(spent[i]) / float64(frames)})
		macs += o.MACs
	}
	return list, macs, nil
}

func milliseconds(d time.Duration) float64 { return d.Seconds() * 1e3 }
