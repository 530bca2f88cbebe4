package mqtt

import (
	"context"
	"encoding/json"
	"math"
	"time"

	"halfmeg/cmd/edge/internal/pihealth"
)

// diagnostics is the payload of the diagnostics topic. Unknown values are null.
type diagnostics struct {
	Temperature *float64 `json:"temperature"` // of the processor, in degrees Celsius
	Throttled   *bool    `json:"throttled"`   // whether the firmware limits the clock now
	Problems    []string `json:"problems"`    // current ones, and those since boot
	FrameRate   *float64 `json:"frame_rate"`  // classified frames per second
}

func newDiagnostics(board pihealth.State, frameRate *float64) diagnostics {
	d := diagnostics{Problems: append([]string{}, board.Problems()...)} // [] in JSON if there are none
	if board.Celsius != nil {
		d.Temperature = rounded(*board.Celsius)
	}
	if board.Throttled != nil {
		throttled := board.IsThrottled()
		d.Throttled = &throttled
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
