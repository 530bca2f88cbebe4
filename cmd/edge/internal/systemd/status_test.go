package systemd

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"halfmeg/cmd/edge/internal/decision"
	"halfmeg/cmd/edge/internal/pipeline"
	"halfmeg/model/classify"
)

func TestStatus(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var lines []string
		s := &Status{set: func(text string) { lines = append(lines, text) }, last: map[string]int{}}
		for frame := 1; frame <= 61; frame++ {
			o := &pipeline.Observation{
				Frame:   frame,
				Results: []classify.Class{{Label: "cup, mug", Probability: 0.5}},
			}
			if frame > 50 {
				o.Answers = []decision.Answer{{Name: "drinks", Probability: 0.934}}
			}
			require.NoError(t, s.Observe(o))
			time.Sleep(100 * time.Millisecond)
		}
		require.NoError(t, s.Observe(&pipeline.Observation{Events: []decision.Event{{Type: decision.Gone}}}))
		require.NoError(t, s.CameraChanged(pipeline.CameraState{Err: errors.New("video0: unplugged\nREADY=1")}))
		require.NoError(t, s.CameraChanged(pipeline.CameraState{}))
		require.NoError(t, s.Observe(&pipeline.Observation{Frame: 80, Results: []classify.Class{{Label: "tench", Probability: 1}}}))
		require.NoError(t, s.Close())
		require.Equal(t, []string{
			"sees: cup 50 %",
			"sees: drinks 93 %, 10.0 frames/s",
			"waits for the camera: video0: unplugged READY=1", // one line, so that it is one field of the message
			"sees: tench 100 %",
		}, lines)
	})
}

// With several cameras the rate is that of all.
func TestStatusOfSeveralCameras(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var lines []string
		s := &Status{set: func(text string) { lines = append(lines, text) }, last: map[string]int{}}
		for frame := 1; frame <= 51; frame++ {
			for _, camera := range []string{"yard", "door"} {
				require.NoError(t, s.Observe(&pipeline.Observation{
					Camera: camera, Frame: frame, Results: []classify.Class{{Label: "cup", Probability: 0.5}},
				}))
			}
			time.Sleep(100 * time.Millisecond)
		}
		require.NoError(t, s.CameraChanged(pipeline.CameraState{Name: "door", Err: errors.New("unplugged")}))
		require.Equal(t, []string{"sees: yard: cup 50 %", "sees: yard: cup 50 %, 20.0 frames/s", "waits for the camera: door: unplugged"}, lines)
	})
}
