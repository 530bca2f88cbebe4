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
		s := newStatus(func(text string) { lines = append(lines, text) })
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
		s := newStatus(func(text string) { lines = append(lines, text) })
		for frame := 1; frame <= 51; frame++ {
			for _, camera := range []string{"yard", "door"} {
				require.NoError(t, s.Observe(&pipeline.Observation{
					Camera: camera, Frame: frame, Results: []classify.Class{{Label: "cup", Probability: 0.5}},
				}))
			}
			time.Sleep(100 * time.Millisecond)
		}
		require.Equal(t, []string{"sees: yard: cup 50 %", "sees: yard: cup 50 %, 20.0 frames/s"}, lines)
	})
}

// While a camera fails, the line shows what the others see, and which cameras fail.
func TestStatusOfFailingCameras(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var lines []string
		s := newStatus(func(text string) { lines = append(lines, text) })
		frame := 0
		yard := func() {
			frame++
			require.NoError(t, s.Observe(&pipeline.Observation{
				Camera: "yard", Frame: frame, Results: []classify.Class{{Label: "cup", Probability: 0.5}},
			}))
		}
		fail := func(camera, why string) {
			require.NoError(t, s.CameraChanged(pipeline.CameraState{Name: camera, Err: errors.New(why)}))
		}
		resume := func(camera string) {
			require.NoError(t, s.CameraChanged(pipeline.CameraState{Name: camera}))
		}
		yard()
		fail("door", "unplugged")
		for range 51 {
			yard()
			time.Sleep(100 * time.Millisecond)
			fail("door", "unplugged") // each attempt to open it
		}
		fail("barn", "in use")
		fail("yard", "no frames")
		resume("yard")
		yard()
		resume("door")
		resume("barn")
		yard()
		require.Equal(t, []string{
			"sees: yard: cup 50 %",
			"waits for the camera: door: unplugged",
			"sees: yard: cup 50 %; waits for the camera: door: unplugged",
			"sees: yard: cup 50 %, 10.0 frames/s; waits for the camera: door: unplugged",
			"waits for the camera: barn: in use; door: unplugged",
			"waits for the camera: barn: in use; door: unplugged; yard: no frames",
			"sees: yard: cup 50 %; waits for the camera: barn: in use; door: unplugged",
			"sees: yard: cup 50 %",
		}, lines)
	})
}
