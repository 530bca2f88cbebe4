package server

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"image"
	"image/png"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/require"

	"halfmeg/camera/pixel"
	"halfmeg/cmd/edge/internal/decision"
	"halfmeg/cmd/edge/internal/pihealth"
	"halfmeg/cmd/edge/internal/pipeline"
	"halfmeg/cmd/edge/internal/server/access"
	"halfmeg/model/classify"
)

// description holds the parts of openapi.json that the tests use.
type description struct {
	Paths      map[string]map[string]operation
	Components struct {
		Schemas    map[string]schema
		Responses  map[string]response
		Parameters map[string]parameter
	}
}

type operation struct {
	Parameters []parameter
	Responses  map[string]response
}

type parameter struct {
	Ref      string `json:"$ref"`
	Name, In string
}

type response struct {
	Ref     string `json:"$ref"`
	Content map[string]struct{ Schema schema }
}

type schema struct {
	Enum       []string
	Ref        string `json:"$ref"`
	Type       string
	Properties map[string]schema
	Required   []string
	Items      *schema
}

func describe(t *testing.T) *description {
	t.Helper()
	var d description
	require.NoError(t, json.Unmarshal(openAPI, &d))
	return &d
}

// assets are files of the page, which the description omits.
var assets = []string{"GET /page.css", "GET /page.js", "GET /icon.svg"}

// The description has exactly the server's routes.
func TestDescribedRoutes(t *testing.T) {
	s := start(t, Config{})
	have := []string{"GET " + access.LoginPath, "POST " + access.LoginPath}
	for _, r := range s.routes() {
		if !slices.Contains(assets, r.pattern) {
			have = append(have, strings.Replace(r.pattern, "{$}", "", 1))
		}
	}
	var described []string
	for path, operations := range describe(t).Paths {
		for method := range operations {
			described = append(described, strings.ToUpper(method)+" "+path)
		}
	}
	require.ElementsMatch(t, have, described)
}

// The schemas have the fields of the Go types with the same names and types. Fields that
// are never omitted are required.
func TestDescribedFields(t *testing.T) {
	d := describe(t)
	types := map[string]any{
		"Error": Error{}, "Health": Health{}, "State": State{}, "Board": Board{}, "Memory": pihealth.Memory{}, "Volume": pihealth.Volume{},
		"CameraState": CameraState{}, "Times": pipeline.Times{},
		"Answer": Answer{}, "Series": Series{}, "Point": Point{}, "History": History{}, "Event": decision.Event{}, "Classification": Classification{}, "Class": classify.Class{},
	}
	require.ElementsMatch(t, slices.Collect(maps.Keys(types)), slices.Collect(maps.Keys(d.Components.Schemas)))
	for name, value := range types {
		properties, required := map[string]string{}, []string{}
		fieldsOf(reflect.TypeOf(value), properties, &required)
		s := d.Components.Schemas[name]
		got := map[string]string{}
		for property, s := range s.Properties {
			got[property] = kind(s)
		}
		require.Equal(t, properties, got, name)
		require.ElementsMatch(t, required, s.Required, name)
	}
}

// The description and the page's script know all values of a camera's status.
func TestDescribedStatus(t *testing.T) {
	all := []string{StatusStarting, StatusLive, StatusStalled, StatusGone, StatusEnded}
	require.Equal(t, all, describe(t).Components.Schemas["CameraState"].Properties["status"].Enum)
	_, script := get(t, start(t, Config{}), "/page.js")
	words := regexp.MustCompile(`const statusWords = \{(.*)\};`).FindStringSubmatch(script)
	require.NotNil(t, words)
	for _, status := range all {
		require.Contains(t, words[1], " "+status+`: "`)
	}
}

// kind names the type of a schema.
func kind(s schema) string {
	switch {
	case s.Ref != "":
		return "object"
	case s.Type == "": // an enum of strings
		return "string"
	case s.Type == "integer":
		return "number"
	case s.Items != nil:
		return "array of " + kind(*s.Items)
	}
	return s.Type
}

// fieldsOf adds the JSON fields of a Go type.
func fieldsOf(typ reflect.Type, properties map[string]string, required *[]string) {
	for f := range typ.Fields() {
		tag, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous && tag == "" {
			fieldsOf(f.Type, properties, required)
			continue
		}
		if !f.IsExported() {
			continue
		}
		properties[tag] = kindOf(f.Type)
		if options == "" {
			*required = append(*required, tag)
		}
	}
}

func kindOf(typ reflect.Type) string {
	switch typ.Kind() {
	case reflect.Pointer:
		return kindOf(typ.Elem())
	case reflect.Slice:
		return "array of " + kindOf(typ.Elem())
	case reflect.String:
		return "string"
	case reflect.Bool:
		return "boolean"
	case reflect.Struct:
		if typ == reflect.TypeFor[time.Time]() {
			return "string"
		}
		return "object"
	}
	return "number"
}

// probe is a case of TestDescribedStatuses: a request and its expected status.
type probe struct {
	operation string // as in the description
	target    string
	body      io.Reader
	want      int
	prepare   func(s *Server) // may be nil
}

func pngOf(t *testing.T, width, height int) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, png.Encode(&b, image.NewGray(image.Rect(0, 0, width, height))))
	return b.Bytes()
}

// fill takes all slots.
func fill(s slots) {
	for s.take() {
	}
}

// The handlers return every status in the description, with its media type, and no
// other.
func TestDescribedStatuses(t *testing.T) {
	picture := pngOf(t, 20, 10)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	probes := []probe{
		{"GET /", "/", nil, 200, nil},
		{"GET /stream.mjpg", "/stream.mjpg", nil, 200, nil},
		{"GET /stream.mjpg", "/stream.mjpg?camera=x", nil, 404, nil},
		{"GET /stream.mjpg", "/stream.mjpg?size=x", nil, 400, nil},
		{"GET /stream.mjpg", "/stream.mjpg", nil, 503, func(s *Server) { fill(s.streams) }},
		{"GET /snapshot.jpg", "/snapshot.jpg", nil, 200, nil},
		{"GET /snapshot.jpg", "/snapshot.jpg?camera=x", nil, 404, nil},
		{"GET /snapshot.jpg", "/snapshot.jpg?size=x", nil, 400, nil},
		{"GET /snapshot.jpg", "/snapshot.jpg", nil, 503, func(s *Server) { fill(s.streams) }},
		{"GET /api/state", "/api/state", nil, 200, nil},
		{"GET /api/series", "/api/series", nil, 200, nil},
		{"GET /api/series", "/api/series?camera=x", nil, 404, nil},
		{"GET /api/events", "/api/events", nil, 200, nil},
		{"GET /api/events", "/api/events?state=x", nil, 400, nil},
		{"GET /api/events", "/api/events", nil, 503, func(s *Server) { fill(s.eventStreams) }},
		{"GET /api/events/{file}", "/api/events/a.jpg", nil, 200, func(s *Server) { s.history.Add(appearance("a", "x"), []byte{1}) }},
		{"GET /api/events/{file}", "/api/events/b.jpg", nil, 404, nil},
		{"GET /api/history", "/api/history", nil, 200, nil},
		{"GET /api/history", "/api/history?limit=x", nil, 400, nil},
		{"POST /api/classify", "/api/classify", bytes.NewReader(picture), 200, nil},
		{"POST /api/classify", "/api/classify", iotest.ErrReader(errors.New("cut")), 408, nil},
		{"POST /api/classify", "/api/classify", io.LimitReader(zeros{}, maxUploadBytes+1), 413, nil},
		{"POST /api/classify", "/api/classify", strings.NewReader("no picture"), 415, nil},
		{"POST /api/classify", "/api/classify", bytes.NewReader(picture), 500, func(s *Server) {
			s.config.Classify = func(context.Context, pixel.Image) ([]classify.Class, error) { return nil, errors.New("broken") }
		}},
		{"POST /api/classify", "/api/classify", bytes.NewReader(picture), 501, func(s *Server) { s.config.Classify = nil }},
		{"POST /api/classify", "/api/classify", bytes.NewReader(picture), 503, func(s *Server) { fill(s.classifying.uploads) }},
		{"GET /api/openapi.json", "/api/openapi.json", nil, 200, nil},
		{"GET /metrics", "/metrics", nil, 200, nil},
		{"GET /healthz", "/healthz", nil, 200, nil},
		{"GET /healthz", "/healthz", nil, 503, func(s *Server) { s.Sink("another") }},
	}
	seen := map[string]bool{}
	d := describe(t)
	for _, p := range probes {
		s := start(t, Config{Classify: func(context.Context, pixel.Image) ([]classify.Class, error) {
			return []classify.Class{{Label: "x"}}, nil
		}})
		c := s.Sink("")
		feed(t, c)
		require.Eventually(t, func() bool { s.mu.Lock(); defer s.mu.Unlock(); return c.state.Frame > 0 }, 10*time.Second, time.Millisecond)
		if p.prepare != nil {
			p.prepare(s)
		}
		method, _, _ := strings.Cut(p.operation, " ")
		r := httptest.NewRequest(method, "http://"+s.Addr().String()+p.target, p.body)
		if p.want == 200 && (strings.Contains(p.target, "stream") || strings.HasSuffix(p.target, "events")) {
			r = r.WithContext(ended) // otherwise the response would not end
		}
		w := httptest.NewRecorder()
		s.http.Handler.ServeHTTP(w, r)
		require.Equal(t, p.want, w.Code, "%s: %s", p.operation, w.Body)
		seen[d.check(t, p.operation, w)] = true
	}
	// The statuses of access.Guard are tested in package access.
	for operation, o := range d.operations() {
		for status := range o.Responses {
			guard := status == "401" || status == "429" || status == "403" || strings.HasSuffix(operation, access.LoginPath)
			require.True(t, guard || seen[operation+" "+status], "%s %s is described, and nothing returns it here", operation, status)
		}
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// operations returns the operations of all paths by method and path.
func (d *description) operations() map[string]operation {
	list := map[string]operation{}
	for path, operations := range d.Paths {
		for method, o := range operations {
			list[strings.ToUpper(method)+" "+path] = o
		}
	}
	return list
}

// check compares a response with the description, and returns operation and status.
func (d *description) check(t *testing.T, name string, w *httptest.ResponseRecorder) string {
	t.Helper()
	status := strconv.Itoa(w.Code)
	r, ok := d.operations()[name].Responses[status]
	require.True(t, ok, "%s: %s is not described", name, status)
	if r.Ref != "" {
		r = d.Components.Responses[strings.TrimPrefix(r.Ref, "#/components/responses/")]
	}
	mediaType, _, _ := strings.Cut(w.Header().Get("Content-Type"), ";")
	content, ok := r.Content[mediaType]
	require.True(t, ok, "%s %s: %s is not described", name, status, mediaType)
	if content.Schema.Ref != "" {
		d.checkFields(t, content.Schema, w.Body.Bytes())
	}
	return name + " " + status
}

// checkFields compares the fields of a JSON object with its schema.
func (d *description) checkFields(t *testing.T, s schema, body []byte) {
	t.Helper()
	s = d.Components.Schemas[strings.TrimPrefix(s.Ref, "#/components/schemas/")]
	var fields map[string]any
	require.NoError(t, json.Unmarshal(body, &fields), string(body))
	for name := range fields {
		require.Contains(t, s.Properties, name)
	}
	for _, name := range s.Required {
		require.Contains(t, fields, name)
	}
}

// The described query parameters are those that the handlers read.
func TestDescribedParameters(t *testing.T) {
	d := describe(t)
	for operation, want := range map[string][]string{
		"GET /stream.mjpg": {"camera", "size"}, "GET /snapshot.jpg": {"camera", "size"}, "GET /api/series": {"camera"}, "GET /api/events": {"state", "last-event-id"},
		"GET /api/history": {"camera", "name", "type", "since", "limit"},
	} {
		var got []string
		for _, p := range d.operations()[operation].Parameters {
			if p.Ref != "" {
				p = d.Components.Parameters[strings.TrimPrefix(p.Ref, "#/components/parameters/")]
			}
			if p.In == "query" {
				got = append(got, p.Name)
			}
		}
		require.ElementsMatch(t, want, got, operation)
	}
	read := map[string]bool{}
	_, _ = parseFilter(func(name string) string { read[name] = true; return "" })
	require.ElementsMatch(t, []string{"camera", "name", "type", "since", "limit"}, slices.Collect(maps.Keys(read)))
}

// The server serves its description.
func TestDescriptionIsServed(t *testing.T) {
	status, body := get(t, start(t, Config{}), "/api/openapi.json")
	require.Equal(t, http.StatusOK, status)
	require.True(t, json.Valid([]byte(body)))
}
