// Package bench measures how fast this machine runs a network: whole frames with
// different numbers of threads, and each operation of a frame.
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
	Memory     int         `json:"engine_bytes"` // packed weights and the arena
	MACs       int64       `json:"macs"`
	Runs       []Run       `json:"runs"`
	Operations []Operation `json:"operations"` // with the last number of threads
}

// Run holds the figures of whole frames with one number of threads.
type Run struct {
	Threads   int     `json:"threads"`
	Frames    int     `json:"frames"`
	Min       float64 `json:"min_ms"`
	Median    float64 `json:"median_ms"`
	P99       float64 `json:"p99_ms"`
	PerSecond float64 `json:"frames_per_second"`
}

// Operation holds the figures of one operation of a frame.
type Operation struct {
	Name    string   `json:"name"`
	MACs    int64    `json:"macs"`
	Kernels []string `json:"kernels,omitempty"`
	Time    float64  `json:"ms"` // the mean
}

// Measure runs a network on one frame repeatedly. When the context ends it
// returns the context's error.
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

// bench runs an engine on one frame.
type bench struct {
	ctx     context.Context
	engine  *model.Engine
	picture []int8
}

func newBench(ctx context.Context, n *model.Network, threads int) (*bench, error) {
	e, err := model.NewEngine(n, threads)
	return &bench{ctx, e, testpattern.Frame(n.Input.Size)}, err
}

// frame runs the frame once and returns the time it took.
func (b *bench) frame(run func()) (time.Duration, error) {
	if err := b.ctx.Err(); err != nil {
		return 0, err
	}
	copy(b.engine.Input(), b.picture) // a run overwrites its input
	start := time.Now()
	run()
	return time.Since(start), nil
}

// warmUp is the number of frames before the measurement.
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
	for start := time.Now(); p.wantsMore(len(times), time.Since(start)); {
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
		P99:       milliseconds(times[(99*n+99)/100-1]), // nearest-rank percentile
		PerSecond: float64(n) / sum.Seconds(),
	}
}

// timedFrames bounds the frames whose operations are timed.
const timedFrames = 100

// operations returns the mean time of each operation, and the MACs of a frame.
func (b *bench) operations(frames int) (list []Operation, macs int64, err error) {
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
		if _, err := b.frame(func() { b.engine.RunTraced(ended) }); err != nil {
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
