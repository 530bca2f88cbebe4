package stdout

import (
	"testing"

	"github.com/stretchr/testify/require"

	"halfmeg/cmd/edge/internal/decision"
	"halfmeg/cmd/edge/internal/pipeline"
	"halfmeg/model/classify"
)

// recorder records the numbers of frames.
type recorder []int

func (r *recorder) Observe(o *pipeline.Observation) error {
	*r = append(*r, o.Frame)
	return nil
}

func (r *recorder) Close() error { return nil }

func TestFilter(t *testing.T) {
	frames := []classify.Class{
		{Index: 7, Probability: 0.2}, {Index: 7, Probability: 0.9}, {Index: 7, Probability: 0.8},
		{Index: 3, Probability: 0.3}, {Index: 7, Probability: 0.5}, {Index: 3, Probability: 0.6},
	}
	for _, c := range []struct {
		filter Filter
		want   recorder
	}{
		{Filter{}, recorder{1, 2, 3, 4, 5, 6}},
		{Filter{OnChange: true}, recorder{1, 4, 5, 6}},
		{Filter{MinProbability: 0.5}, recorder{2, 3, 5, 6}},
		{Filter{OnChange: true, MinProbability: 0.5}, recorder{2, 6}},
		{Filter{MinProbability: 1}, nil},
	} {
		var got recorder
		c.filter.Next = &got
		for i, class := range frames {
			require.NoError(t, c.filter.Observe(&pipeline.Observation{Frame: i + 1, Results: []classify.Class{class}}))
		}
		require.Equal(t, c.want, got)
	}
}

// A change is one of the same camera.
func TestFilterOfSeveralCameras(t *testing.T) {
	var got recorder
	f := Filter{Next: &got, OnChange: true}
	for i, c := range []struct {
		camera string
		class  int
	}{{"door", 1}, {"yard", 2}, {"door", 1}, {"yard", 2}, {"door", 2}, {"yard", 2}} {
		require.NoError(t, f.Observe(&pipeline.Observation{Camera: c.camera, Frame: i + 1, Results: []classify.Class{{Index: c.class}}}))
	}
	require.Equal(t, recorder{1, 2, 5}, got)
}

// With the field Events all observations with events pass, otherwise only matching ones.
func TestFilterPassesEvents(t *testing.T) {
	var got recorder
	f := Filter{Next: &got, MinProbability: 0.9, Events: true}
	events := []decision.Event{{Type: decision.Gone}}
	low := []classify.Class{{Index: 1, Probability: 0.1}}
	require.NoError(t, f.Observe(&pipeline.Observation{Frame: 1, Results: low}))
	require.NoError(t, f.Observe(&pipeline.Observation{Frame: 2, Results: low, Events: events}))
	require.NoError(t, f.Observe(&pipeline.Observation{Frame: 3, Events: events}))
	require.Equal(t, recorder{2, 3}, got)

	f.Events = false
	require.NoError(t, f.Observe(&pipeline.Observation{Frame: 4, Results: low, Events: events}))
	require.NoError(t, f.Observe(&pipeline.Observation{Frame: 5, Events: events}))
	require.Equal(t, recorder{2, 3}, got)
}
