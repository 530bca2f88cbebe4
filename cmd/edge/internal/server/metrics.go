package server

import (
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	vm "github.com/VictoriaMetrics/metrics"

	"halfmeg/cmd/edge/internal/pihealth"
	"halfmeg/cmd/edge/internal/pipeline"
)

// metrics are the counters and histograms of GET /metrics. getMetrics reads the other
// values when they are requested.
type metrics struct {
	set            *vm.Set
	inference      *vm.PrometheusHistogram
	age            *vm.PrometheusHistogram
	slowReaders    *vm.Counter
	refusedStreams *vm.Counter
}

// Bounds of histograms, in seconds: a Pi 5 takes 6 ms a frame, an old board with a
// large network a second.
var (
	inferenceBounds = []float64{.005, .01, .02, .03, .05, .075, .1, .2, .5, 1}
	ageBounds       = []float64{.01, .02, .05, .1, .2, .5, 1, 2, 5}
)

func newMetrics(s *Server) *metrics {
	set := vm.NewSet()
	m := &metrics{
		set:            set,
		inference:      set.NewPrometheusHistogramExt("edge_inference_seconds", inferenceBounds),
		age:            set.NewPrometheusHistogramExt("edge_answer_age_seconds", ageBounds),
		slowReaders:    set.NewCounter("edge_http_slow_readers_total"),
		refusedStreams: set.NewCounter("edge_http_refused_streams_total"),
	}
	set.NewGauge("edge_http_streams", func() float64 { return float64(len(s.streams)) })
	set.NewGauge("edge_http_event_streams", func() float64 { return float64(len(s.eventStreams)) })
	set.NewGauge("edge_start_time_seconds", func() float64 { return float64(s.started.Unix()) })
	return m
}

// observe counts a frame and its events.
func (m *metrics) observe(o *pipeline.Observation) {
	for i := range o.Events {
		m.set.GetOrCreateCounter("edge_events_total" + labels("camera", o.Camera, "type", o.Events[i].Type)).Inc()
	}
	if o.HasFrame() {
		m.inference.Update(o.Times.Infer / 1000)
		m.age.Update(o.Age / 1000)
	}
}

// escape escapes a label's value for the text format of Prometheus.
var escape = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)

// labels formats pairs of name and value as a metric's labels.
func labels(pairs ...string) string {
	var list []string
	for i := 0; i < len(pairs); i += 2 {
		list = append(list, pairs[i]+`="`+escape.Replace(pairs[i+1])+`"`)
	}
	return "{" + strings.Join(list, ",") + "}"
}

// count counts the requests of a route.
func (s *Server) count(pattern string, next http.Handler) http.Handler {
	counter := s.metrics.set.GetOrCreateCounter("edge_http_requests_total" + labels("route", pattern))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		counter.Inc()
		next.ServeHTTP(w, r)
	})
}

func (s *Server) getMetrics(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	s.metrics.set.WritePrometheus(w)
	st, _ := s.state()
	for _, c := range st.Cameras {
		name := labels("camera", c.Name)
		vm.WriteGaugeUint64(w, "edge_camera_up"+name, oneIf(c.Status == StatusLive))
		vm.WriteCounterUint64(w, "edge_frames_total"+name, uint64(c.Frame))
		vm.WriteGaugeFloat64(w, "edge_frame_rate"+name, c.Rate)
		if !c.Time.IsZero() {
			vm.WriteGaugeFloat64(w, "edge_last_frame_time_seconds"+name, float64(c.Time.UnixMilli())/float64(time.Second/time.Millisecond))
		}
	}
	if s.config.Missed != nil {
		for output, frames := range s.config.Missed() {
			vm.WriteCounterUint64(w, "edge_output_missed_frames_total"+labels("output", output), uint64(frames))
		}
	}
	writeBoard(w, &st.Board)
	vm.WriteProcessMetrics(w)
}

// writeBoard writes what is known about the board.
func writeBoard(w io.Writer, b *Board) {
	current := slices.DeleteFunc(b.State.Problems(), func(p pihealth.Problem) bool { return p.Past })
	vm.WriteGaugeUint64(w, "edge_board_problems", uint64(len(current)))
	if b.ClockHz > 0 {
		vm.WriteGaugeFloat64(w, "edge_board_clock_hertz", b.ClockHz)
	}
	if b.Celsius != nil {
		vm.WriteGaugeFloat64(w, "edge_board_celsius", *b.Celsius)
	}
	if b.Throttled != nil {
		vm.WriteGaugeUint64(w, "edge_board_throttled_bits", uint64(*b.Throttled))
	}
	if b.Undervoltage != nil {
		vm.WriteGaugeUint64(w, "edge_board_undervoltage", oneIf(*b.Undervoltage))
	}
	if m := b.Memory; m != nil {
		vm.WriteGaugeUint64(w, "edge_memory_total_bytes", uint64(m.Total))
		vm.WriteGaugeUint64(w, "edge_memory_available_bytes", uint64(m.Available))
		if m.Pressure != nil {
			vm.WriteGaugeFloat64(w, "edge_memory_pressure_ratio", *m.Pressure/100)
		}
	}
	for _, v := range b.Volumes {
		name := labels("folder", v.Folder)
		vm.WriteGaugeUint64(w, "edge_filesystem_size_bytes"+name, uint64(v.Total))
		vm.WriteGaugeUint64(w, "edge_filesystem_free_bytes"+name, uint64(v.Free))
		vm.WriteGaugeUint64(w, "edge_filesystem_read_only"+name, oneIf(v.ReadOnly))
	}
}

// oneIf returns 1 for true.
func oneIf(v bool) uint64 {
	if v {
		return 1
	}
	return 0
}
