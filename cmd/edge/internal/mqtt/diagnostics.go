package mqtt

import (
	"context"
	"encoding/json"
	"math"
	"slices"
	"time"

	"halfmeg/cmd/edge/internal/pihealth"
)

// diagnostics is the payload of the diagnostics topic. Unknown values are null.
type diagnostics struct {
	Temperature  *float64 `json:"temperature"`  // of the processor, in degrees Celsius
	Throttled    *bool    `json:"throttled"`    // whether the firmware limits the clock now
	Undervoltage *bool    `json:"undervoltage"` // whether the supply voltage is too low now
	Memory       *float64 `json:"memory"`       // available, in MB
	Space        *float64 `json:"space"`        // free on the fullest file system, in MB
	Problem      bool     `json:"problem"`      // whether a problem is current
	Problems     []string `json:"problems"`     // current ones, and those since boot
	Advice       []string `json:"advice"`       // what to do about the problems
	FrameRate    *float64 `json:"frame_rate"`   // classified frames per second
}

func newDiagnostics(board pihealth.State, frameRate *float64) diagnostics {
	problems := board.Problems()
	d := diagnostics{Problems: pihealth.Texts(problems), Advice: pihealth.Cures(problems), Undervoltage: board.Undervoltage}
	d.Problem = slices.ContainsFunc(problems, func(p pihealth.Problem) bool { return !p.Past })
	if board.Celsius != nil {
		d.Temperature = rounded(*board.Celsius)
	}
	if board.Throttled != nil {
		throttled := board.IsThrottled()
		d.Throttled = &throttled
	}
	if board.Memory != nil {
		d.Memory = rounded(float64(board.Memory.Available) / 1e6)
	}
	for _, v := range board.Volumes {
		if free := rounded(float64(v.Free) / 1e6); d.Space == nil || *free < *d.Space {
			d.Space = free
		}
	}
	if frameRate != nil {
		d.FrameRate = rounded(*frameRate)
	}
	return d
}

// rounded rounds to one decimal.
func rounded(v float64) *float64 {
	v = math.Round(10*v) / 10
	return &v
}

// diagnose publishes diagnostics until the context ends.
func (s *Sink) diagnose(ctx context.Context) {
	ticker := time.NewTicker(diagnosticsInterval)
	defer ticker.Stop()
	var rate *float64
	start, frames := time.Now(), int64(0)
	for {
		var board pihealth.State
		if s.health != nil {
			board = s.health()
		}
		payload, err := json.Marshal(newDiagnostics(board, rate))
		if err != nil {
			s.report(err)
			return
		}
		s.out.retain(s.topics.Diagnostics, payload)
		select {
		case <-ctx.Done():
			return
		case now := <-ticker.C:
			current := s.frame.Load()
			perSecond := float64(current-frames) / now.Sub(start).Seconds()
			rate, start, frames = &perSecond, now, current
		}
	}
}
