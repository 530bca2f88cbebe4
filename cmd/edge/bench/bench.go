// Package bench measures how fast this machine runs a network: whole frames
// with some numbers of threads, and each operation of a frame.
package bench

import (
	"context"
	"slices"
	"time"

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
	for _, threads := range p.Threads {
		if err := r.measure(ctx, n, threads, p); err != nil {
			return Report{}, err
		}
	}
	return r, nil
}

// warmUp is the number of frames that are not measured.
const warmUp = 3

func (r *Report) measure(ctx context.Context, n *model.Network, threads int, p Plan) error {
	e, err := model.NewEngine(n, threads)
	if err != nil {
		return err
	}
	defer e.Close()
	picture := Pattern(n.Input.Size)
	frame := func() time.Duration {
		copy(e.Input(), picture) // which a run overwrites
		start := time.Now()
		e.Run()
		return time.Since(start)
	}
	for range warmUp {
		frame()
	}
	var times []time.Duration
	for begin := time.Now(); p.wantsMore(len(times), time.Since(begin)); {
		if err := ctx.Err(); err != nil {
			return err
		}
		times = append(times, frame())
	}
	r.Memory = e.Memory()
	r.Runs = append(r.Runs, newRun(threads, times))
	r.operations(e, picture, len(times))
	return nil
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
	last := len(times) - 1
	return Run{
		Threads:   threads,
		Frames:    len(times),
		Min:       milliseconds(times[0]),
		Median:    milliseconds((times[last/2] + times[(last+1)/2]) / 2),
		P99:       milliseconds(times[last*99/100]),
		PerSecond: float64(len(times)) / sum.Seconds(),
	}
}

// timedFrames bounds the frames whose operations are timed one by one.
const timedFrames = 100

func (r *Report) operations(e *model.Engine, picture []int8, frames int) {
	frames = min(frames, timedFrames)
	list := e.Operations()
	spent := make([]time.Duration, len(list))
	var last time.Time
	ended := func(i int) {
		now := time.Now()
		if i >= 0 {
			spent[i] += now.Sub(last)
		}
		last = now
	}
	for range frames {
		copy(e.Input(), picture)
		e.RunWatched(ended)
	}
	r.Operations, r.MACs = nil, 0
	for i, o := range list {
		time := milliseconds(spent[i]) / float64(frames)
		r.Operations = append(r.Operations, Operation{o.Name, o.MACs, o.Kernels, time})
		r.MACs += o.MACs
	}
}

func milliseconds(d time.Duration) float64 { return d.Seconds() * 1e3 }

// Pattern is a frame, [size][size][3], with all byte values. What a frame shows
// costs nothing: no instruction of the kernels takes longer for one number than
// another.
func Pattern(size int) []int8 {
	frame := make([]int8, size*size*3)
	for i := range frame {
		x, y := i/3%size, i/3/size
		frame[i] = int8((x*(3+i%3) ^ y*5) & 255)
	}
	return frame
}
