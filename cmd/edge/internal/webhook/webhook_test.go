package webhook

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"halfmeg/camera"
	"halfmeg/camera/pixel"
	"halfmeg/cmd/edge/internal/decision"
	"halfmeg/cmd/edge/internal/pipeline"
	"halfmeg/cmd/edge/internal/snapshot"
)

// reports records what a sink reports and logs.
type reports struct {
	mu   sync.Mutex
	list []string
}

func (r *reports) report(err error) { r.log(err.Error()) }

func (r *reports) log(text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.list = append(r.list, text)
}

func sighting(kind, id string) decision.Event {
	return decision.Event{Version: 1, ID: id, Type: kind, Name: "cat", Start: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Probability: 0.93}
}

func observation(list ...decision.Event) *pipeline.Observation {
	return &pipeline.Observation{Frame: 1, Events: list}
}

func gray() *snapshot.Snapshot {
	f := pixel.Format{FourCC: pixel.RGB24, Width: 8, Height: 8, Stride: 24}
	c := &camera.Frame{Format: f, Data: make([]byte, f.Size())}
	img := c.Pixels()
	return snapshot.New(c, &img)
}

// received is a request with its body.
type received struct {
	*http.Request
	body []byte
}

// serve starts a server that records requests. The handler may be nil.
func serve(t *testing.T, handler http.HandlerFunc) (address string, got func() []received) {
	t.Helper()
	var mu sync.Mutex
	var list []received
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err == nil {
			mu.Lock()
			list = append(list, received{r, body})
			mu.Unlock()
		}
		if handler != nil {
			handler(w, r)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL, func() []received {
		mu.Lock()
		defer mu.Unlock()
		return list
	}
}

// deliver sends observations, closes the sink and returns its reports.
func deliver(t *testing.T, c Config, list ...*pipeline.Observation) []string {
	t.Helper()
	var r reports
	c.Report, c.Log = r.report, r.log
	s, err := New(c)
	require.NoError(t, err)
	for _, o := range list {
		require.NoError(t, s.Observe(o))
	}
	// Close sends what is queued within a few seconds, which may not suffice here.
	require.Eventually(t, s.queueIsEmpty, time.Minute, time.Millisecond)
	require.NoError(t, s.Close())
	return r.list
}

// queueIsEmpty reports whether no job is queued; one may be in flight.
func (s *Sink) queueIsEmpty() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.pending) == 0
}

func TestJSON(t *testing.T) {
	address, got := serve(t, nil)
	c := Config{URL: address + "/hook", Headers: []string{"X-Key: s3cret", "Host: other"}, Token: "t0ken"}
	require.Empty(t, deliver(t, c, observation(), observation(sighting(decision.Appeared, "1"), sighting(decision.Gone, "0")), observation(sighting(decision.Gone, "1"))))
	require.Len(t, got(), 3)
	for i, id := range []string{"1", "0", "1"} {
		r := got()[i]
		var e decision.Event
		require.NoError(t, json.Unmarshal(r.body, &e))
		require.Equal(t, id, e.ID, "in order")
		require.Equal(t, []string{"POST", "/hook", "application/json", "s3cret", "Bearer t0ken", "other"},
			[]string{r.Method, r.URL.Path, r.Header.Get("Content-Type"), r.Header.Get("X-Key"), r.Header.Get("Authorization"), r.Host})
	}
}

func TestTypes(t *testing.T) {
	address, got := serve(t, nil)
	c := Config{URL: strings.Replace(address, "http://", "http://pi:s3cret@", 1), Types: []string{decision.Appeared}}
	require.Empty(t, deliver(t, c, observation(sighting(decision.Appeared, "1"), sighting(decision.Gone, "1"))))
	require.Len(t, got(), 1)
	user, password, _ := got()[0].BasicAuth()
	require.Equal(t, "pi s3cret", user+" "+password)
}

func TestPictures(t *testing.T) {
	address, got := serve(t, nil)
	c := Config{URL: address, Pictures: true}
	o := observation(sighting(decision.Appeared, "1"), sighting(decision.Gone, "0"))
	o.Snapshot = gray()
	require.Empty(t, deliver(t, c, o))
	for i, parts := range []int{2, 1} {
		r := got()[i]
		_, parameters, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
		require.NoError(t, err)
		form, err := multipart.NewReader(strings.NewReader(string(r.body)), parameters["boundary"]).ReadForm(1 << 20)
		require.NoError(t, err)
		require.Len(t, form.File, parts-1)
		var e decision.Event
		require.NoError(t, json.Unmarshal([]byte(form.Value["event"][0]), &e))
		if parts == 2 {
			header := form.File["snapshot"][0]
			require.Equal(t, "image/jpeg", header.Header.Get("Content-Type"))
			f, err := header.Open()
			require.NoError(t, err)
			start := make([]byte, 2)
			_, err = io.ReadFull(f, start)
			require.NoError(t, err)
			require.Equal(t, "\xff\xd8", string(start))
		}
	}
}

func TestMessages(t *testing.T) {
	address, got := serve(t, nil)
	c := Config{URL: address + "/topic", Title: "$name: ${probability}", Text: "Küche: ${name}s\nfor $$5", Pictures: true}
	o := observation(sighting(decision.Appeared, "1"), sighting(decision.Gone, "1"))
	o.Events[0].Name = "cät\r\nX-Evil: 1\xff"
	o.Snapshot = gray()
	require.Empty(t, deliver(t, c, o))
	put, post := got()[0], got()[1]
	var d mime.WordDecoder
	decode := func(s string) string {
		text, err := d.DecodeHeader(s)
		require.NoError(t, err)
		return text
	}
	require.Equal(t, []string{"PUT", "image/jpeg", "snapshot.jpg"}, []string{put.Method, put.Header.Get("Content-Type"), put.Header.Get("Filename")})
	require.Equal(t, "cät  X-Evil: 1\uFFFD: 93 %", decode(put.Header.Get("Title")))
	require.Equal(t, "Küche: cät  X-Evil: 1\uFFFDs\nfor $5", decode(put.Header.Get("Message")))
	require.Empty(t, put.Header.Get("X-Evil"))
	require.Equal(t, "\xff\xd8", string(put.body[:2]))
	require.Equal(t, []string{"POST", "text/plain; charset=utf-8", "cat: 93 %"}, []string{post.Method, post.Header.Get("Content-Type"), post.Header.Get("Title")})
	require.Equal(t, "Küche: cats\nfor $5", string(post.body))

	address, got = serve(t, nil)
	require.Empty(t, deliver(t, Config{URL: address, Title: "Door"}, observation(sighting(decision.Gone, "1"))))
	require.Equal(t, "cat gone", string(got()[0].body))
	require.Empty(t, deliver(t, Config{URL: address, Title: "Door", Headers: []string{"Title: mine", "Priority: high"}}, observation(sighting(decision.Gone, "1"))))
	require.Equal(t, "mine high", got()[1].Header.Get("Title")+" "+got()[1].Header.Get("Priority"), "configured headers take precedence")
}

func TestRejectedEvents(t *testing.T) {
	address, got := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) })
	list := deliver(t, Config{URL: address + "/s3cret"}, observation(sighting(decision.Appeared, "1")), observation(sighting(decision.Gone, "1")))
	require.Len(t, got(), 2, "no retry")
	require.Equal(t, []string{
		"webhook " + address + ": the server responded 404 Not Found; check address and access; the event is dropped",
		"webhook " + address + ": 2 events not delivered",
	}, list)
}

func TestRedirects(t *testing.T) {
	elsewhere, stolen := serve(t, nil)
	elsewhere = strings.Replace(elsewhere, "127.0.0.1", "localhost", 1)
	for code, want := range map[int]int{http.StatusTemporaryRedirect: 1, http.StatusPermanentRedirect: 1, http.StatusFound: 0} {
		var target string
		address, got := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/" {
				http.Redirect(w, r, target, code)
			}
		})
		target = address + "/new"
		list := deliver(t, Config{URL: address}, observation(sighting(decision.Appeared, "1")))
		if want == 1 {
			require.Empty(t, list)
			require.Len(t, got(), 2)
			require.Equal(t, got()[0].body, got()[1].body)
		} else {
			require.Contains(t, list[0], "it redirects to an address that is not followed", "the event would be lost")
			require.Len(t, got(), 1)
		}
		target = elsewhere
		list = deliver(t, Config{URL: address, Token: "t"}, observation(sighting(decision.Appeared, "1")))
		require.Contains(t, list[0], "it redirects to an address that is not followed")
		target = address
		list = deliver(t, Config{URL: address}, observation(sighting(decision.Appeared, "1")))
		require.Contains(t, list[0], "it redirects to an address", "a redirect loop")
	}
	require.Empty(t, stolen())
}

// A server that accepts connections but does not respond does not delay another webhook,
// and Close returns.
func TestHungServer(t *testing.T) {
	release := make(chan struct{})
	hanging, _ := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-release:
		case <-r.Context().Done():
		}
	})
	defer close(release)
	fast, got := serve(t, nil)
	var r reports
	slow, err := New(Config{URL: hanging, Report: r.report})
	require.NoError(t, err)
	o := observation(sighting(decision.Appeared, "1"))
	require.NoError(t, slow.Observe(o))
	require.NoError(t, slow.Observe(o))
	require.Empty(t, deliver(t, Config{URL: fast}, o))
	require.Len(t, got(), 1)
	require.NoError(t, slow.Close(), "it returns")
	require.Equal(t, []string{"webhook " + hanging + ": 2 events not delivered"}, r.list)
}

// transport is an http.RoundTripper without a network.
type transport func(r *http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func response(code int, header ...string) *http.Response {
	w := httptest.NewRecorder()
	for i := 0; i < len(header); i += 2 {
		w.Header().Set(header[i], header[i+1])
	}
	w.WriteHeader(code)
	return w.Result()
}

// start starts a sink in a synctest bubble.
func start(t *testing.T, r *reports, f transport) *Sink {
	t.Helper()
	s, err := newSink(Config{URL: "http://host/s3cret", Report: r.report, Log: r.log})
	require.NoError(t, err)
	s.client.Transport = f
	go s.run()
	return s
}

func TestRetries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r reports
		var at []time.Duration
		begin := time.Now()
		steps := []func() (*http.Response, error){
			func() (*http.Response, error) { return response(500), nil },
			func() (*http.Response, error) { return nil, errors.New("connection refused") },
			func() (*http.Response, error) { return response(429, "Retry-After", "30"), nil },
			func() (*http.Response, error) {
				return response(503, "Retry-After", time.Now().UTC().Add(90*time.Second).Format(http.TimeFormat)), nil
			},
			func() (*http.Response, error) { return response(408), nil },
			func() (*http.Response, error) { return response(204), nil },
			func() (*http.Response, error) { return response(204), nil },
		}
		s := start(t, &r, func(*http.Request) (*http.Response, error) {
			at = append(at, time.Since(begin))
			return steps[len(at)-1]()
		})
		require.NoError(t, s.Observe(observation(sighting(decision.Appeared, "1"), sighting(decision.Gone, "1"))))
		time.Sleep(time.Hour)
		require.NoError(t, s.Close())
		require.Len(t, at, len(steps))
		for i, seconds := range []float64{1, 2, 30, 90, 1} {
			require.InEpsilon(t, seconds, (at[i+1] - at[i]).Seconds(), 0.26, "wait %d", i+1)
		}
		require.Equal(t, at[5], at[6], "the next event follows without a delay")
		require.Equal(t, []string{
			"webhook http://host: the server responded 500 Internal Server Error; retrying",
			"webhook http://host: works again",
		}, r.list)
	})
}

// While a server does not respond, the latest events are kept.
func TestOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r reports
		var got []string
		var responding atomic.Bool
		s := start(t, &r, func(q *http.Request) (*http.Response, error) {
			if !responding.Load() {
				<-q.Context().Done()
				return nil, q.Context().Err()
			}
			var e decision.Event
			if err := json.NewDecoder(q.Body).Decode(&e); err != nil {
				return nil, err
			}
			got = append(got, e.ID)
			return response(200), nil
		})
		require.NoError(t, s.Observe(observation(sighting(decision.Appeared, "first"))))
		synctest.Wait()
		for i := range maxEvents + 5 {
			require.NoError(t, s.Observe(observation(sighting(decision.Appeared, fmt.Sprint(i)))))
		}
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		require.Empty(t, got)
		responding.Store(true)
		time.Sleep(2 * time.Minute)
		require.NoError(t, s.Close())
		require.Len(t, got, 1+maxEvents)
		require.Equal(t, []string{"first", "5", "6"}, got[:3])
		require.Equal(t, []string{
			"webhook http://host: no response within 15s; retrying",
			"webhook http://host: works again",
			"webhook http://host: 5 events not delivered",
		}, r.list)
	})
}

// An event is dropped after retryTimeout.
func TestRetryTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r reports
		s := start(t, &r, func(*http.Request) (*http.Response, error) { return response(503), nil })
		require.NoError(t, s.Observe(observation(sighting(decision.Appeared, "1"), sighting(decision.Appeared, "2"))))
		time.Sleep(retryTimeout + time.Minute)
		synctest.Wait()
		require.Equal(t, 1, s.dropped)
		require.Equal(t, []string{
			"webhook http://host: the server responded 503 Service Unavailable; retrying",
			"webhook http://host: the server responded 503 Service Unavailable; the event is dropped",
		}, r.list)
		begin := time.Now()
		require.NoError(t, s.Close())
		require.Zero(t, time.Since(begin), "Close does not wait for the next attempt")
		require.Equal(t, "webhook http://host: 2 events not delivered", r.list[len(r.list)-1])
	})
}

func TestQueuedPicturesAreLimited(t *testing.T) {
	s, err := newSink(Config{URL: "http://host"})
	require.NoError(t, err)
	const size = maxPictureBytes / 4
	for range 10 {
		s.add(job{picture: make([]byte, size)})
	}
	require.Len(t, s.pending, 10)
	withPicture := 0
	for i, j := range s.pending {
		if j.picture != nil {
			withPicture++
			require.GreaterOrEqual(t, i, 6, "the latest")
		}
	}
	require.Equal(t, 4, withPicture)
	s.add(job{picture: make([]byte, 2*maxPictureBytes)})
	require.NotNil(t, s.pending[10].picture, "the last one is kept, whatever its size")
	for range 11 {
		s.pop()
	}
	require.Zero(t, s.pictureBytes)
}

func TestWantsPicture(t *testing.T) {
	for want, c := range map[bool]Config{true: {URL: "http://host", Pictures: true}, false: {URL: "http://host"}} {
		s, err := newSink(c)
		require.NoError(t, err)
		require.Equal(t, want, s.WantsPicture(observation(sighting(decision.Appeared, "1"))))
		require.False(t, s.WantsPicture(observation(sighting(decision.Gone, "1"))))
		require.False(t, s.WantsPicture(observation()))
	}
	s, err := newSink(Config{URL: "http://host", Pictures: true, Types: []string{decision.Gone}})
	require.NoError(t, err)
	require.False(t, s.WantsPicture(observation(sighting(decision.Appeared, "1"))))
}

func TestConfigErrors(t *testing.T) {
	for want, c := range map[string]Config{
		"the address of a webhook must be":                                   {URL: "ftp://pi:s3cret@host"},
		"webhook http://host: header 2 must have the form Name: value":       {URL: "http://pi:s3cret@host/s3cret", Headers: []string{"A: b", "s3cret"}},
		"webhook http://host: header 1 must have the form Name: value":       {URL: "http://host", Headers: []string{"A: s3cret\r\nB: c"}},
		"webhook https://host:99: the token contains a character":            {URL: "https://host:99", Token: "s3cret\n"},
		`"$nam": unknown placeholder $nam; possible are $camera, $date, `:    {URL: "http://host", Text: "$nam"},
		`"${a b}": unknown placeholder $a b`:                                 {URL: "http://host", Title: "${a b}"},
		`"costs $5": unknown placeholder $5`:                                 {URL: "http://host", Title: "costs $5"},
		`"${name": a placeholder in braces needs a name and a closing brace`: {URL: "http://host", Title: "${name"},
		`"a${}b": a placeholder in braces needs a name and a closing brace`:  {URL: "http://host", Title: "a${}b"},
		`"${name} ${": a placeholder in braces needs a name`:                 {URL: "http://host", Title: "${name} ${"},
	} {
		_, err := New(c)
		require.ErrorContains(t, err, want)
		require.NotContains(t, err.Error(), "s3cret")
	}
	for _, u := range []string{"", "host", "http://", "http://pi:s3cret@host:port", "%zz"} {
		_, err := New(Config{URL: u})
		require.EqualError(t, err, "the address of a webhook must be http://… or https://…")
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for text, want := range map[string]time.Duration{
		"7": 7 * time.Second, "0": time.Second, "-5": time.Second, "99999999": maxRetryAfter,
		"Fri, 02 Jan 2026 03:04:15 GMT": 10 * time.Second, "Fri, 02 Jan 2026 03:04:00 GMT": time.Second, "Fri, 02 Jan 2027 03:04:00 GMT": maxRetryAfter,
		"": 0, "soon": 0,
	} {
		delay, ok := retryAfter(text, now)
		require.Equal(t, want, delay, text)
		require.Equal(t, want > 0, ok)
	}
}

// A message is one valid request, whatever its label contains.
func FuzzMessage(f *testing.F) {
	f.Add("$name $label", "cat", "cat, Felis catus")
	f.Add("${name}\r\nX: $$", "a\r\nX-Evil: 1", "\x00\xff=?utf-8?q?x?=")
	f.Fuzz(func(t *testing.T, template, name, label string) {
		s, err := newSink(Config{URL: "http://host/topic", Title: template, Text: template, Pictures: true})
		if err != nil {
			return
		}
		var got *http.Request
		s.client.Transport = transport(func(r *http.Request) (*http.Response, error) {
			got = r
			return response(200), nil
		})
		e := sighting(decision.Appeared, "1")
		e.Name, e.Label = name, label
		for _, picture := range [][]byte{nil, {0xff, 0xd8}} {
			got = nil
			require.NoError(t, s.send(job{event: e, picture: picture}))
			require.NotNil(t, got)
			for key, values := range got.Header {
				require.Contains(t, []string{"Content-Type", "User-Agent", "Title", "Message", "Filename"}, key)
				require.True(t, validValue(values[0]), "%q", values[0])
			}
		}
	})
}
