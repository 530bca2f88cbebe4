package server

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"halfmeg/camera"
	"halfmeg/camera/pixel"
	"halfmeg/camera/testcard"
	"halfmeg/cmd/edge/internal/decision"
	"halfmeg/cmd/edge/internal/pihealth"
	"halfmeg/cmd/edge/internal/pipeline"
	"halfmeg/model"
	"halfmeg/model/classify"
	"halfmeg/model/pretrained"
)

// leaveOut skips a test because something is not installed. In CI that is a failure.
func leaveOut(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal(what)
	}
	t.Skip("LEFT OUT: " + what)
}

// networkName is a name that the browser resolves to this machine. Browsers treat it like
// another machine of the network: they send Sec-Fetch headers to localhost only.
const networkName = "pi.test"

// browser starts Chromium and returns the context for tabs.
func browser(t *testing.T) context.Context {
	t.Helper()
	if testing.Short() {
		t.Skip("the page in a browser takes a while")
	}
	var path string
	for _, name := range []string{"chromium", "google-chrome", "chromium-browser"} {
		if p, err := exec.LookPath(name); err == nil {
			path = p
			break
		}
	}
	if path == "" {
		leaveOut(t, "the page in a browser: needs chromium; make deps installs it")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx, chromedp.WithAllocatorOptions(chromedp.NoSandbox, chromedp.Headless, chromedp.ExecPath(path),
		chromedp.Flag("host-resolver-rules", "MAP "+networkName+" 127.0.0.1")))
	t.Cleanup(cancel)
	return ctx
}

// tab is a browser tab. It records log messages and requests.
type tab struct {
	t   *testing.T
	ctx context.Context

	mu       sync.Mutex
	problems []string
	requests []string
}

// open opens an address in a new tab.
func open(parent context.Context, t *testing.T, address string, setUp ...chromedp.Action[chromedp.Void]) *tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(parent)
	t.Cleanup(cancel)
	b := &tab{t: t, ctx: ctx}
	require.NoError(t, chromedp.Listen(ctx, b.event))
	_, err := chromedp.Call(ctx, log.Enable, cdp.Empty{})
	require.NoError(t, err)
	_, err = chromedp.Call(ctx, network.Enable, network.EnableParams{})
	require.NoError(t, err)
	require.NoError(t, chromedp.Do(ctx, setUp...))
	// chromedp.Navigate would wait for the page to load completely, which the stream of
	// pictures prevents.
	_, err = chromedp.Call(ctx, page.Navigate, page.NavigateParams{URL: address})
	require.NoError(t, err)
	b.wait(`document.readyState !== "loading" && location.href !== "about:blank"`)
	return b
}

func (b *tab) event(ev any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := ev.(type) {
	case *log.EventEntryAdded:
		b.problems = append(b.problems, fmt.Sprint(e.Entry.Level, ": ", e.Entry.Text, " ", e.Entry.URL))
	case *runtime.EventConsoleAPICalled:
		b.problems = append(b.problems, fmt.Sprint("console.", e.Type))
	case *runtime.EventExceptionThrown:
		b.problems = append(b.problems, fmt.Sprint("exception: ", e.ExceptionDetails.Text))
	case *network.EventRequestWillBeSent:
		b.requests = append(b.requests, e.Request.URL)
	}
}

// clean checks that nothing was logged and that no request left the host.
func (b *tab) clean(s *Server) {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	require.Empty(b.t, b.problems)
	require.NotEmpty(b.t, b.requests)
	for _, r := range b.requests {
		u, err := url.Parse(r)
		require.NoError(b.t, err)
		if u.Scheme != "blob" {
			require.Equal(b.t, s.Addr().String(), u.Host, r)
		}
	}
}

// wait polls an expression until it is true. chromedp.Poll would compile the expression
// in the page, which the page's content security policy forbids.
func (b *tab) wait(expression string) {
	b.t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		ok, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool]("!!("+expression+")"))
		if err == nil && ok {
			return
		}
		if time.Now().After(deadline) || b.ctx.Err() != nil {
			b.mu.Lock()
			defer b.mu.Unlock()
			text, _ := chromedp.Run(b.ctx, chromedp.Evaluate[string]("document.body.innerText"))
			b.t.Fatalf("%s: %v; the page:\n%s\n%v", expression, err, text, b.problems)
		}
	}
}

// evaluate returns the value of an expression.
func evaluate[T any](b *tab, expression string) T {
	b.t.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	require.NoError(b.t, err, expression)
	return v
}

// text returns the text of an element.
func (b *tab) text(id string) string {
	b.t.Helper()
	return evaluate[string](b, fmt.Sprintf("document.getElementById(%q).textContent", id))
}

func (b *tab) do(actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	require.NoError(b.t, chromedp.Do(b.ctx, actions...))
}

// pictureHash is an expression for a number that changes with the picture.
const pictureHash = `(() => {
	const img = document.getElementById("picture"), c = document.createElement("canvas");
	if (!img.complete && !img.naturalWidth) return 0;
	c.width = c.height = 32;
	const g = c.getContext("2d");
	g.drawImage(img, 0, 0, 32, 32);
	return g.getImageData(0, 0, 32, 32).data.reduce((h, v) => (h * 31 + v) % 1000003, 7);
})()`

// moves waits until the picture changes.
func (b *tab) moves() {
	b.t.Helper()
	b.wait(`document.getElementById("picture").naturalWidth > 0`)
	b.wait(fmt.Sprintf("%s !== %d", pictureHash, evaluate[int](b, pictureHash)))
}

// builtIn loads the built-in network once.
var builtIn = sync.OnceValues(func() (*model.Network, error) { return pretrained.Load(pretrained.Default) })

// classifier returns a classifier of the built-in network.
func classifier(t *testing.T) *classify.Classifier {
	t.Helper()
	n, err := builtIn()
	require.NoError(t, err)
	c, err := classify.New(n, 1)
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

// runTestCard runs a pipeline from the test card to a server until stop is called.
func runTestCard(t *testing.T, s *Server, rate float64) (stop func()) {
	t.Helper()
	n, err := builtIn()
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	source, err := camera.Open(ctx, camera.TestCard, camera.Options{Rate: rate})
	require.NoError(t, err)
	decider, err := decision.New(n.Labels, decision.Config{HalfLife: 200 * time.Millisecond, On: 0.4, Off: 0.2, TopK: 5})
	require.NoError(t, err)
	queue := pipeline.NewQueue(s.Sink(""), 2, pipeline.DropOldest, nil)
	runner := pipeline.Runner{Source: source, Classifier: classifier(t), Decider: decider, Top: 5, Queues: []*pipeline.Queue{queue}}
	ended := make(chan error)
	go func() { ended <- runner.Run(ctx) }()
	return sync.OnceFunc(func() {
		cancel()
		require.NoError(t, <-ended)
		require.NoError(t, queue.Close())
		require.NoError(t, source.Close())
	})
}

// healthy returns the state of a board without problems.
func healthy() pihealth.State {
	celsius, throttled := 51.0, uint32(0)
	return pihealth.State{Model: "Raspberry Pi 4 Model B", ClockHz: 1.5e9, Celsius: &celsius, Throttled: &throttled}
}

// screenshot is a file for a picture of the page:
//
//	go test ./cmd/edge/internal/server -run FollowsTheTestCard -screenshot build/page.png
//
// The board in it is that of healthy. docs/page.png is of a real run.
var screenshot = flag.String("screenshot", "", "write a picture of the page to this `file`, relative to the project")

// shoot writes the screenshot when the page shows a confident answer and ten events.
func shoot(b *tab) {
	b.t.Helper()
	b.do(chromedp.EmulateViewport(1180, 860))
	b.wait(`document.querySelectorAll("#seen-list li").length >= 10 && document.getElementById("headline").textContent === "balloon"`)
	b.wait(`document.querySelector("#bars .value").textContent > "95"`)
	evaluate[chromedp.Void](b, "scrollTo(0, 0)")
	data, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	require.NoError(b.t, err)
	require.NoError(b.t, os.WriteFile(filepath.Join("../../../..", *screenshot), data, 0o644))
}

// The page with the built-in network on the test card.
func TestBrowserFollowsTheTestCard(t *testing.T) {
	ctx := browser(t)
	c := classifier(t)
	s := start(t, Config{Version: "v1", Network: "squeezenet1.1", Health: healthy, Classify: func(_ context.Context, img pixel.Image) ([]classify.Class, error) {
		r, err := c.Classify(img)
		if err != nil {
			return nil, err
		}
		return r.Top(5), nil
	}})
	stop := runTestCard(t, s, 8)
	defer stop()
	b := open(ctx, t, address(s, "/"))
	b.wait(`document.getElementById("status-text").textContent === "Live"`)
	b.moves()
	right := map[string]bool{}
	for deadline := time.Now().Add(2 * time.Minute); len(right) < 3; {
		require.True(t, time.Now().Before(deadline), "the answers do not follow the scenes: %v", right)
		seen := strings.TrimPrefix(b.text("scene"), "Test card: ")
		if headline := b.text("headline"); testcard.Matches(seen, headline) {
			require.Equal(t, headline, evaluate[string](b, `document.querySelector("#bars .name").textContent`))
			right[seen] = true
		}
		time.Sleep(50 * time.Millisecond)
	}
	b.wait(`document.querySelectorAll("#seen-list li").length >= 2`)
	b.wait(`document.querySelectorAll("#seen-list img").length > 0 && Array.from(document.querySelectorAll("#seen-list img")).every(i => i.complete && i.naturalWidth > 0)`)
	b.wait(`document.getElementById("rate-plot").children[1].getAttribute("d").length > 20`)
	require.Contains(t, b.text("facts"), "51\u00a0°C")
	b.wait(`document.getElementById("spoken").textContent !== ""`)

	// A second viewer.
	second := open(ctx, t, address(s, "/"))
	second.moves()
	b.wait(`document.getElementById("about").textContent.includes("viewer")`)

	// Upload of a picture.
	name := filepath.Join(t.TempDir(), "picture.png")
	require.NoError(t, os.WriteFile(name, pngOf(t, 640, 480), 0o600))
	b.do(chromedp.SetUploadFiles(chromedp.ID("ask-file"), []string{name}))
	b.wait(`document.querySelectorAll("#ask-bars li").length === 5 && document.getElementById("ask-status").textContent.startsWith("Most likely")`)

	// A sharp picture is larger.
	require.Equal(t, 320, evaluate[int](b, `document.getElementById("picture").naturalWidth`))
	b.do(chromedp.Click(chromedp.ID("sharp")))
	b.wait(`document.getElementById("picture").naturalWidth === 640`)

	if *screenshot != "" {
		shoot(b)
	}

	// Pausing ends the stream.
	b.do(chromedp.Click(chromedp.ID("pause")))
	b.wait(`document.getElementById("pause").textContent === "Continue"`)
	require.Eventually(t, func() bool { return len(s.streams) == 1 }, 30*time.Second, 10*time.Millisecond, "only the second viewer's")
	b.do(chromedp.Click(chromedp.ID("pause")))
	require.Eventually(t, func() bool { return len(s.streams) == 2 }, 30*time.Second, 10*time.Millisecond)
	b.moves()
	b.clean(s)
	second.clean(s)
}

// The page reports a lost connection, and continues after a restart of the server.
func TestBrowserSurvivesRestart(t *testing.T) {
	ctx := browser(t)
	s := start(t, Config{})
	listen := s.Addr().String()
	c := s.Sink("")
	feed(t, c)
	require.NoError(t, c.Observe(observation(1, appearance("before", "before the restart"))))
	b := open(ctx, t, address(s, "/"))
	b.moves()
	b.wait(`document.getElementById("seen-list").textContent.includes("before the restart")`)
	b.clean(s)
	require.NoError(t, s.Close())
	b.wait(`document.getElementById("status-text").textContent === "No connection to edge" && !document.getElementById("gone").hidden`)

	again := start(t, Config{Listen: listen})
	c = again.Sink("")
	feed(t, c)
	b.wait(`document.getElementById("status-text").textContent === "Live" && document.getElementById("gone").hidden`)
	b.moves()
	require.NoError(t, c.Observe(observation(1, appearance("after", "after the restart"))))
	b.wait(`document.getElementById("seen-list").textContent.includes("after the restart")`)
	require.Contains(t, b.text("seen-list"), "before the restart", "the page keeps earlier events")
}

// Markup in labels is shown as text everywhere.
func TestBrowserShowsLabelsAsText(t *testing.T) {
	ctx := browser(t)
	s := start(t, Config{})
	c := s.Sink("")
	const label = `<img src=x onerror="document.title='broken'"><script>document.title='broken'</script>`
	o := observation(1, appearance("a", label))
	o.Results[0].Label, o.Scene = label, label
	require.NoError(t, c.Observe(o))
	b := open(ctx, t, address(s, "/"))
	b.wait(`document.getElementById("seen-list").textContent.includes("<script>")`)
	b.wait(`document.getElementById("headline").textContent.startsWith("<img")`)
	require.Equal(t, "0 0", evaluate[string](b, `document.querySelectorAll("main script").length + " " + document.querySelectorAll("[src=x]").length`))
	require.NotEqual(t, "broken", evaluate[string](b, `document.title`))
	require.NoError(t, c.CameraChanged(pipeline.CameraState{Since: time.Now(), Err: errors.New(label)}))
	b.wait(`document.getElementById("gone-text").textContent.startsWith("<img")`)
	b.clean(s)
}

// The list of events can be filtered, and is updated by new events.
func TestBrowserFilters(t *testing.T) {
	ctx := browser(t)
	s := start(t, Config{})
	c := s.Sink("")
	b := open(ctx, t, address(s, "/"))
	b.wait(`document.getElementById("seen-empty").textContent.startsWith("Nothing yet")`)
	dog, cat := appearance("dog", "dog"), appearance("cat", "cat")
	require.NoError(t, c.Observe(observation(1, dog, cat)))
	names := func(want string) {
		t.Helper()
		b.wait(fmt.Sprintf(`Array.from(document.querySelectorAll("#seen-list h3")).map(e => e.textContent).sort().join() === %q`, want))
	}
	names("cat,dog")
	end := time.Now()
	dog.Type, dog.End, dog.Duration, dog.Peak = decision.Gone, &end, 12.4, 0.98
	require.NoError(t, c.Observe(observation(2, dog)))
	b.wait(`document.getElementById("seen-list").textContent.includes("For 12\u00a0s, up to 98.0\u00a0%")`)
	b.do(chromedp.SendKeys(chromedp.ID("filter-name"), "DO"))
	names("dog")
	b.do(chromedp.SendKeys(chromedp.ID("filter-name"), "x"))
	names("")
	require.Equal(t, "No match.", b.text("seen-empty"))
	evaluate[bool](b, `(() => { const e = document.getElementById("filter-type"); document.getElementById("filter-name").value = ""; e.value = "on"; return e.dispatchEvent(new Event("input", {bubbles: true})); })()`)
	names("cat")
	b.clean(s)
}

// With several cameras the page shows one and can switch to another.
func TestBrowserSeveralCameras(t *testing.T) {
	ctx := browser(t)
	s := start(t, Config{})
	door, yard := s.Sink("door"), s.Sink("yard & more")
	feed(t, door)
	o := observation(1, appearance("y", "hedgehog"))
	o.Results[0].Label, o.Events[0].Camera = "hedgehog", "yard & more"
	require.NoError(t, yard.Observe(o))
	require.NoError(t, yard.CameraChanged(pipeline.CameraState{Since: time.Now(), Err: errors.New("in the dark")}))
	b := open(ctx, t, address(s, "/"))
	b.wait(`document.getElementById("headline").textContent === "tench" && document.querySelectorAll("#cameras button").length === 2`)
	require.NotContains(t, b.text("seen-list"), "hedgehog")
	evaluate[chromedp.Void](b, `document.querySelectorAll("#cameras button")[1].click()`)
	b.wait(`document.getElementById("headline").textContent === "hedgehog" && document.getElementById("gone-text").textContent === "in the dark"`)
	b.wait(`document.getElementById("seen-list").textContent.includes("hedgehog")`)
	require.Contains(t, evaluate[string](b, `document.getElementById("picture").src`), "camera=yard%20%26%20more")
	evaluate[chromedp.Void](b, `document.querySelectorAll("#cameras button")[0].click()`)
	b.moves()
	b.clean(s)
}

// Without JavaScript the page shows the picture and a note.
func TestBrowserWithoutScript(t *testing.T) {
	ctx := browser(t)
	s := start(t, Config{})
	feed(t, s.Sink(""))
	b := open(ctx, t, address(s, "/"), chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
		return err
	}))
	require.Eventually(t, func() bool { return len(s.streams) == 1 }, 30*time.Second, 10*time.Millisecond)
	text, err := chromedp.Run(b.ctx, chromedp.Text(chromedp.ID("plain")))
	require.NoError(t, err)
	require.Contains(t, text, "Without JavaScript this page shows only the picture")
	b.clean(s)
}

// The printed address signs in the browser. Without it the server sends the login page.
func TestBrowserSignsIn(t *testing.T) {
	ctx := browser(t)
	var stderr journal
	s := start(t, Config{TokenFile: filepath.Join(t.TempDir(), "token"), Stderr: &stderr})
	feed(t, s.Sink(""))
	b := open(ctx, t, address(s, "/"))
	b.wait(`document.querySelector("h1").textContent === "Sign in" && document.getElementById("token")`)
	requireAccessible(b)
	invitation := strings.Fields(stderr.String())[2]
	require.Contains(t, invitation, "/login?token=")
	b = open(ctx, t, invitation)
	b.wait(`location.pathname === "/" && document.getElementById("status-text") && document.getElementById("status-text").textContent === "Live"`)
	b.moves()
	require.Empty(t, evaluate[string](b, "document.cookie"), "no script can read it")
}

// The login form and the page work without Sec-Fetch headers, which browsers do not send
// over plain http to another machine.
func TestBrowserSignsInByForm(t *testing.T) {
	ctx := browser(t)
	name := filepath.Join(t.TempDir(), "token")
	s := start(t, Config{TokenFile: name, AllowHosts: []string{networkName}, Classify: func(context.Context, pixel.Image) ([]classify.Class, error) {
		return []classify.Class{{Label: "zebra"}}, nil
	}})
	feed(t, s.Sink(""))
	token, err := os.ReadFile(name)
	require.NoError(t, err)
	b := open(ctx, t, "http://"+networkName+":"+port(s)+"/")
	b.wait(`document.querySelector("h1").textContent === "Sign in" && document.getElementById("token")`)
	b.do(chromedp.SendKeys(chromedp.ID("token"), string(token))) // the file's line end submits the form
	b.wait(`location.pathname === "/" && document.getElementById("status-text") && document.getElementById("status-text").textContent === "Live"`)
	b.moves()
	picture := filepath.Join(t.TempDir(), "picture.png")
	require.NoError(t, os.WriteFile(picture, pngOf(t, 64, 48), 0o600))
	b.do(chromedp.SetUploadFiles(chromedp.ID("ask-file"), []string{picture}))
	b.wait(`document.getElementById("ask-status").textContent.startsWith("Most likely zebra")`)
}

// axe returns the script of axe-core, which checks accessibility (among others WCAG 2.2
// A and AA).
func axe(t *testing.T) string {
	t.Helper()
	source, err := os.ReadFile(filepath.FromSlash("../../../../build/axe/node_modules/axe-core/axe.min.js"))
	if err != nil {
		leaveOut(t, "accessibility of the page: needs axe-core; make deps installs it, with npm")
	}
	return string(source)
}

// requireAccessible checks the current page with axe-core.
func requireAccessible(b *tab) {
	b.t.Helper()
	evaluate[chromedp.Void](b, axe(b.t)+"; 0")
	found := evaluate[[]string](b, `axe.run(document, {resultTypes: ["violations", "incomplete"]}).then(r => r.violations.flatMap(v => v.nodes.map(n => v.id + ": " + n.target + ": " + n.failureSummary)))`)
	require.Empty(b.t, found)
}

// The page is accessible at each width, colour scheme and camera status.
func TestBrowserAccessibility(t *testing.T) {
	ctx := browser(t)
	_ = axe(t)
	s := start(t, Config{Health: func() pihealth.State {
		h, throttled := healthy(), uint32(5)
		h.Throttled = &throttled
		return h
	}, Classify: func(context.Context, pixel.Image) ([]classify.Class, error) { return nil, nil }})
	c := s.Sink("")
	o := observation(1, appearance("a", "tench"), appearance("b", "goldfish"))
	o.Snapshot, o.Scene = grey(90), "balloon"
	o.Answers = []decision.Answer{{Name: "tench", Probability: 0.9, On: true}, {Name: "dog", Group: true, Probability: 0.2}, {Name: "cat", Probability: 0.01}}
	require.NoError(t, c.Observe(o))
	for _, look := range []struct {
		width          int64
		scheme, status string
	}{
		{1280, "light", StatusLive}, {1280, "dark", StatusGone}, {1280, "light", StatusStalled}, {390, "dark", StatusLive}, {320, "light", StatusGone},
	} {
		t.Run(fmt.Sprint(look.width, look.scheme, look.status), func(t *testing.T) {
			state := pipeline.CameraState{Since: time.Now()}
			if look.status == StatusGone {
				state.Err = errors.New("video0: no such device; plug the camera in")
			}
			require.NoError(t, c.CameraChanged(state))
			if look.status == StatusStalled {
				stall(c)
			}
			b := open(ctx, t, address(s, "/"), chromedp.EmulateViewport(look.width, 800), emulateScheme(look.scheme))
			b.wait(fmt.Sprintf(`document.getElementById("status").dataset.status === %q && document.querySelectorAll("#seen-list li").length === 2`, look.status))
			b.wait(`document.getAnimations().every(a => a.playState !== "running")`)
			requireAccessible(b)
			require.LessOrEqual(t, evaluate[int64](b, "document.documentElement.scrollWidth"), look.width, "no horizontal scrolling")
		})
	}
}

// stall makes a camera stalled by backdating its latest frame.
func stall(c *Sink) {
	c.server.mu.Lock()
	c.latest = c.latest.Add(-time.Hour)
	c.server.mu.Unlock()
	c.stalled()
}

// The page reports a stalled camera, and continues with the next frame.
func TestBrowserShowsStall(t *testing.T) {
	ctx := browser(t)
	s := start(t, Config{})
	c := s.Sink("")
	require.NoError(t, c.Observe(observation(1)))
	b := open(ctx, t, address(s, "/"))
	b.wait(`document.getElementById("status-text").textContent === "Live" && document.getElementById("gone").hidden`)
	stall(c)
	b.wait(`document.getElementById("status-text").textContent === "No new picture" && !document.getElementById("gone").hidden`)
	require.Equal(t, "No new frames", b.text("gone-title"))
	require.Contains(t, b.text("gone-text"), "restart edge")
	require.Contains(t, b.text("gone-since"), "continues automatically")
	require.Equal(t, "Last answer", b.text("answers"))
	require.NoError(t, c.Observe(observation(2)))
	b.wait(`document.getElementById("status-text").textContent === "Live" && document.getElementById("gone").hidden`)
	b.clean(s)
}

func emulateScheme(scheme string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
		})
		return err
	})
}

// The Tab key reaches every control in the order of the page, and the focused one is
// outlined.
func TestBrowserKeyboard(t *testing.T) {
	ctx := browser(t)
	s := start(t, Config{Classify: func(context.Context, pixel.Image) ([]classify.Class, error) { return nil, nil }})
	feed(t, s.Sink(""))
	b := open(ctx, t, address(s, "/"))
	b.wait(`!document.getElementById("ask").hidden && document.getElementById("status").dataset.status === "live"`)
	var order []string
	for range 9 {
		b.do(chromedp.KeyEvent("\t"))
		order = append(order, evaluate[string](b, `document.activeElement.id || document.activeElement.textContent`))
		require.NotEqual(t, "none", evaluate[string](b, `(() => { const e = document.activeElement; return getComputedStyle(e.id === "ask-file" ? document.querySelector(".drop") : e).outlineStyle; })()`), order)
	}
	require.Equal(t, []string{"Skip to the answers", "sharp", "pause", "filter-name", "filter-type", "filter-since", "ask-file", "One picture", "API"}, order)
	b.clean(s)
}
