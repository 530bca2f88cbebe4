package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"halfmeg/camera"
	"halfmeg/camera/pixel"
	"halfmeg/model/classify"
)

// Runner classifies frames and passes the observations to queues.
type Runner struct {
	Source     camera.Source
	Classifier *classify.Classifier
	Queues     []*Queue

	Frames int          // stop after this number of frames; 0 for no limit
	Top    int          // classes of an observation
	Rotate int          // clockwise by 0, 90, 180 or 270 degrees
	Mirror bool         // left to right, after the rotation
	Crop   pixel.Region // of frames as they come, before the rotation; zero for all

	started time.Time // when Run was called

	Stats Stats // of the camera
}

// errNoFrame is the error of a source that ends without a frame. Most sources return
// one that names them.
var errNoFrame = errors.New("no frame came")

// Run returns nil when the source ends, the context ends, or the limit of
// frames is reached. Run waits for a sink only if a queue with the
// policy Wait is full.
func (r *Runner) Run(ctx context.Context) error {
	r.started = time.Now()
	for number := 1; r.Frames == 0 || number <= r.Frames; number++ {
		start := time.Now()
		frame, err := r.Source.Next(ctx)
		if number == 1 && errors.Is(err, io.EOF) {
			return errNoFrame
		}
		if err != nil {
			return IgnoreEnd(ctx, err)
		}
		o, err := r.observe(number, frame, time.Since(start))
		if err != nil {
			return fmt.Errorf("frame %d: %w", number, err)
		}
		for _, q := range r.Queues {
			if err := q.Observe(ctx, o); err != nil {
				return IgnoreEnd(ctx, err)
			}
		}
	}
	return nil
}

func (r *Runner) observe(number int, frame *camera.Frame, waited time.Duration) (*Observation, error) {
	pixels := frame.Pixels()
	img, err := pixels.Crop(r.Crop)
	if err != nil {
		return nil, err
	}
	img.Rotate, img.Mirror = r.Rotate, r.Mirror
	start := time.Now()
	result, err := r.Classifier.Classify(img)
	if err != nil {
		return nil, err
	}
	r.Stats.add(frame, start.Add(result.Prepare))
	o := newObservation(number, frame, waited, result, r.Top)
	o.Elapsed = milliseconds(time.Since(r.started)) / 1000
	return o, nil
}

// IgnoreEnd returns nil where err is the normal end of a run: the source has no more frames,
// or the context has ended.
func IgnoreEnd(ctx context.Context, err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, ctx.Err()) {
		return nil
	}
	return err
}
