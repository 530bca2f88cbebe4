package report

import (
	"errors"
	"image"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"halfmeg/model"
	"halfmeg/tools/internal/chart"
	"halfmeg/tools/internal/metrics"
)

// sample returns a report of three layers with all optional parts.
func sample() Report {
	weights := func(values ...int8) Histogram { return Int8Histogram(values) }
	return Report{
		Name:   "tiny",
		Source: model.Source{Weights: "tiny.onnx", Format: "onnx", Calibration: "12 pictures"},
		Header: 100, Labels: 900,
		Layers: []Layer{
			{Name: "conv1", WeightBytes: 500, ParameterBytes: 100, WeightSNR: 20, OutputSNR: 30,
				Before: FloatHistogram([]float32{0.5, -1.25, 0, 2}, []float32{0.25, 1}), After: weights(2, -5, 0, 2)},
			{Name: "fire2/squeeze1x1", WeightBytes: 1500, ParameterBytes: 500, WeightSNR: -5, OutputSNR: 12.5, After: weights(0, 0, 0, 1)},
			{Name: "conv10", WeightBytes: 4000, ParameterBytes: 2000, WeightSNR: 15, OutputSNR: 10, After: weights(127, -3)},
		},
		Agreement: metrics.Agreement{Pictures: 1200, SameTop1: 94.06, SameError: 0.68, KL: 0.0314, Drop: -0.5, DropError: 0.4, Labelled: 1},
		Float:     metrics.Accuracy{Top1: 58.2},
		Int8:      metrics.Accuracy{Top1: 58.7},
		Curve: []Point{
			{Bytes: 9600, SameTop1: 94.06, SameError: 0.68, KL: 0.0314, Chosen: true},
			{Bytes: 7200, SameTop1: 85, SameError: 1, KL: 0.12},
			{Bytes: 12000, SameTop1: 99.9, SameError: 0.3, KL: 0.01},
		},
		Worst: []Picture{{
			Image: image.NewGray(image.Rect(0, 0, 8, 6)), File: "a/b.jpg", Label: "cat",
			Float: Answer{Label: "cat", Probability: 0.75, Right: true}, Int8: Answer{Label: "dog", Probability: 0.401},
		}},
	}
}

// TestWarnings: warnings are at the top; if the classes show no errors, the error
// of the logits takes the place of the agreement.
func TestWarnings(t *testing.T) {
	r := sample()
	require.Empty(t, write(t, r).all("ul", "warnings"))
	r.Warnings, r.Blind, r.Worst = []string{"one <output>"}, true, nil
	r.Agreement.LogitError = 3.456
	page := write(t, r)
	require.Equal(t, []string{"Warning: one <output>"}, texts(page.all("ul", "warnings")[0].all("li", "")))
	figures := texts(page.all("ul", "figures")[0].all("li", ""))
	require.Len(t, figures, 2)
	require.Equal(t, "3.46 % error of the logits, of their spread over the pictures, on 1,200 held-out pictures", figures[1])
}

// TestFigures: the figures at the top are correct, and those not measured are
// missing.
func TestFigures(t *testing.T) {
	r := sample()
	require.Equal(t, []string{
		"9,600 bytes 10 weights of 4800.00 bits each",
		"94.1 % ± 0.7 same top-1 class as the float network, on 1,200 held-out pictures",
		"0.0314 nats mean Kullback-Leibler divergence from the float network",
		"−0.5 ± 0.4 points drop of top-1: float 58.2\u00a0%, int8 58.7\u00a0% of 1 labelled picture",
	}, texts(write(t, r).all("ul", "figures")[0].all("li", "")))
	few := sample()
	few.Agreement = metrics.Agreement{Pictures: 12, SameTop1: 100, Labelled: 12}
	figures := texts(write(t, few).all("ul", "figures")[0].all("li", ""))
	require.Contains(t, figures[1], "100.0 % (95 % interval 75.7 to 100.0)")
	require.Contains(t, figures[3], "0.0 (95 % interval -24.3 to 24.3) points")
	r.Agreement.Labelled = 0
	require.Len(t, write(t, r).all("ul", "figures")[0].all("li", ""), 3)
	r.Agreement.Pictures = 0
	figures = texts(write(t, r).all("ul", "figures")[0].all("li", ""))
	require.Len(t, figures, 2)
	require.Contains(t, figures[1], "not measured")
}

// TestTable: the figures of every layer, and sums that match the file.
func TestTable(t *testing.T) {
	page := write(t, sample())
	var rows [][]string
	for _, tr := range page.section(t, "Layer by layer").all("tr", "")[2:] {
		rows = append(rows, append(texts(tr.all("th", "")), texts(tr.all("td", ""))...))
	}
	require.Equal(t, [][]string{
		{"conv1", "4", "1000.00", "5", "25.0", "500", "100", "600", "6.2", "20.0", "30.0"},
		{"fire2/squeeze1x1", "4", "3000.00", "1", "75.0", "1,500", "500", "2,000", "20.8", "−5.0", "12.5"},
		{"conv10", "2", "16000.00", "127", "0.0", "4,000", "2,000", "6,000", "62.5", "15.0", "10.0"},
		{"labels", "", "", "", "", "", "", "900", "9.4", "", ""},
		{"header", "", "", "", "", "", "", "100", "1.0", "", ""},
		{"whole file", "10", "4800.00", "", "40.0", "6,000", "2,600", "9,600", "100.0", "", ""},
	}, rows)
}

// TestSource: the known facts about the weights are listed.
func TestSource(t *testing.T) {
	source := write(t, sample()).section(t, "Source")
	require.Equal(t, []string{"Weights", "Format", "Calibration"}, texts(source.all("dt", "")))
	require.Equal(t, []string{"tiny.onnx", "onnx", "12 pictures"}, texts(source.all("dd", "")))
}

// TestSelfContained: the page loads and runs nothing, and every chart and table is
// accessible to screen readers.
func TestSelfContained(t *testing.T) {
	var text strings.Builder
	require.NoError(t, Write(&text, sample()))
	for _, word := range []string{"http:", "https:", "@import", "url(", "javascript:"} {
		require.NotContains(t, text.String(), word)
	}
	page := write(t, sample())
	for _, name := range []string{"script", "link", "iframe", "object", "embed", "base", "use"} {
		require.Empty(t, page.all(name, ""), name)
	}
	for _, img := range page.all("img", "") {
		require.True(t, strings.HasPrefix(img.attrs["src"], "data:image/jpeg;base64,"))
		require.NotEmpty(t, img.attrs["alt"])
	}
	ids := map[string]bool{}
	for _, name := range []string{"title", "desc"} {
		for _, n := range page.all(name, "") {
			id := n.attrs["id"]
			require.False(t, id != "" && ids[id], "id %q occurs twice", id)
			ids[id] = true
		}
	}
	charts := 0
	for _, svg := range page.all("svg", "") {
		if svg.attrs["role"] != "img" {
			continue
		}
		charts++
		for _, id := range strings.Fields(svg.attrs["aria-labelledby"]) {
			require.True(t, ids[id], "no element has the id %q", id)
		}
	}
	require.Equal(t, 2+2+3, charts)
	for _, table := range page.all("table", "") {
		require.NotEmpty(t, table.all("thead", "")[0].all("th", ""))
		for _, tr := range table.all("tbody", "")[0].all("tr", "") {
			require.Equal(t, "row", tr.all("th", "")[0].attrs["scope"])
		}
	}
}

// TestUntrustedNames: names never become markup, control characters or changes of
// the text direction.
func TestUntrustedNames(t *testing.T) {
	hostile := "\u202egpj.<script>alert(1)</script>\x00\x1b[31m\xff&\"'`{{.}}</title></svg>\uffff\n"
	want := "\ufffdgpj.<script>alert(1)</script>\ufffd\ufffd[31m\ufffd&\"'`{{.}}</title></svg>\ufffd\ufffd"
	r := sample()
	r.Layers[0].OutputSNR = 1 // the lowest, which the summary names
	plain := write(t, r)
	r.Name, r.Layers[0].Name, r.Source.Weights = hostile, hostile, hostile
	r.Worst[0].File, r.Worst[0].Label, r.Worst[0].Float.Label, r.Worst[0].Int8.Label = hostile, hostile, hostile, hostile
	page := write(t, r)
	require.Equal(t, count(plain), count(page), "no element is added or lost")
	require.Equal(t, want, page.all("h1", "")[0].text)
	require.Equal(t, want+": quantization report", page.all("head", "")[0].all("title", "")[0].text)
	require.Equal(t, want, page.all("figcaption", "")[2].all("strong", "")[0].text)
	require.Equal(t, "\ufffdgpj.<script>aler…", page.chart(t, "bytes").all("text", "end")[0].text)
	require.Contains(t, page.section(t, "Where the errors are").all("p", "")[0].text, "noisiest after "+want)
	card := page.all("li", "card")[0]
	require.Equal(t, want, card.all("p", "file")[0].text)
	require.Equal(t, want, card.all("img", "")[0].attrs["alt"])
	require.Equal(t, []string{want + " ✓ correct", want}, texts(card.all("span", "class")))
}

func count(n *node) int {
	sum := 1
	for _, c := range n.children {
		sum += count(c)
	}
	return sum
}

// FuzzNames: no name breaks the page.
func FuzzNames(f *testing.F) {
	f.Add("tiny", "fire2/squeeze1x1")
	f.Add("</style>", "\x00]]>\xed\xa0\x80")
	f.Fuzz(func(t *testing.T, name, file string) {
		r := Report{Name: name, Layers: []Layer{{Name: file}}, Worst: []Picture{{File: file, Label: name}}}
		page := write(t, r)
		require.Equal(t, chart.Clean(name), page.all("h1", "")[0].text)
		require.Equal(t, chart.Clean(file), page.all("p", "file")[0].text)
	})
}

// TestEmpty: an empty report, and a layer without weights, state what is missing.
func TestEmpty(t *testing.T) {
	page := write(t, Report{})
	require.Contains(t, page.text, "The network has no layers.")
	require.Contains(t, page.text, "No file sizes were compared.")
	require.Contains(t, page.text, "No pictures were held out for a comparison.")
	require.NotContains(t, page.text, "Private:")
	require.NotContains(t, page.text, "NaN")
	page = write(t, Report{Layers: []Layer{{Name: "conv1"}}, Agreement: metrics.Agreement{Pictures: 1}})
	require.Contains(t, page.text, "int8 and float classify all held-out pictures alike")
	require.NotContains(t, page.text, "NaN")
	require.Len(t, page.chart(t, "noise").all("g", "row"), 1)
}

// TestHuge: extreme numbers break neither the layout nor the run time.
func TestHuge(t *testing.T) {
	r := sample()
	r.Labels = math.MaxInt / 8
	r.Layers[0].WeightSNR, r.Layers[1].OutputSNR = math.MaxFloat64, -math.MaxFloat64
	r.Curve[0] = Point{Bytes: math.MaxInt / 2, SameTop1: math.MaxFloat64, SameError: math.MaxFloat64, KL: math.SmallestNonzeroFloat64}
	r.Curve[1].SameError = math.Inf(1)
	r.Worst[0].Float.Probability, r.Worst[0].Int8.Probability = math.Inf(1), -7
	page := write(t, r)
	for _, attr := range []string{"x", "x1", "x2", "cx", "width"} {
		for _, name := range []string{"rect", "line", "circle", "text", "svg"} {
			for _, n := range page.all(name, "") {
				if n.attrs[attr] != "" {
					require.GreaterOrEqual(t, n.number(t, attr), 0.0)
					require.LessOrEqual(t, n.number(t, attr), 100.0)
				}
			}
		}
	}
	require.NotContains(t, page.text, "NaN")
}

// TestWriteFails: errors of the writer are returned.
func TestWriteFails(t *testing.T) {
	full := errors.New("disk full")
	require.ErrorIs(t, Write(failing{full}, sample()), full)
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }
