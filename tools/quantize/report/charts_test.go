package report

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"halfmeg/tools/internal/chart"

	"github.com/stretchr/testify/require"
)

// rounding is the tolerance of positions in the page, in per cent or pixels.
const rounding = 0.011

// scaleOf returns the mapping from positions to values, from two labelled ticks.
func scaleOf(t testing.TB, ticks []*node, attr string) func(place float64) float64 {
	t.Helper()
	require.Greater(t, len(ticks), 1)
	a, b := ticks[0], ticks[len(ticks)-1]
	from, to := a.number(t, attr), b.number(t, attr)
	low, high := value(t, a.text), value(t, b.text)
	require.NotEqual(t, from, to)
	return func(place float64) float64 { return low + (place-from)/(to-from)*(high-low) }
}

// TestBytesChart: measured against the ticks, each bar is as long as its bytes, and
// parameters start where weights end.
func TestBytesChart(t *testing.T) {
	drawn := write(t, sample()).chart(t, "bytes")
	ticks := drawn.all("text", "tick")
	bytesAt := scaleOf(t, ticks, "x")
	start := ticks[0].number(t, "x")
	require.Zero(t, bytesAt(start))
	precision := bytesAt(start + rounding)
	var names, figures []string
	for i, want := range []map[string]float64{
		{"weights": 500, "parameters": 100}, {"weights": 1500, "parameters": 500}, {"weights": 4000, "parameters": 2000}, {"rest": 900}, {"rest": 100},
	} {
		row := drawn.all("g", "row")[i]
		names, figures = append(names, row.all("text", "end")[0].text), append(figures, row.all("text", "number")[0].text)
		end := start
		for _, class := range []string{"weights", "parameters", "rest"} {
			bars := row.all("rect", class)
			if want[class] == 0 {
				require.Empty(t, bars)
				continue
			}
			require.Len(t, bars, 1)
			require.InDelta(t, end, bars[0].number(t, "x"), rounding)
			require.InDelta(t, want[class], bytesAt(start+bars[0].number(t, "width")), precision)
			end += bars[0].number(t, "width")
		}
		require.InDelta(t, end, row.all("text", "number")[0].number(t, "x"), 2*rounding)
	}
	require.Equal(t, []string{"conv1", "fire2/squeeze1x1", "conv10", "labels", "header"}, names)
	require.Equal(t, []string{"600", "2,000", "6,000", "900", "100"}, figures)
	require.Equal(t, "The largest layer, conv10, takes 62.5\u00a0% of the file; all parameters take 27.1\u00a0%, labels and header 10.4\u00a0%. The table below has the numbers.",
		drawn.all("desc", "")[0].text)
	require.Equal(t, "fire2/squeeze1x1: weights 1,500 bytes, parameters 500 bytes, together 20.8\u00a0% of the file", drawn.all("title", "")[2].text)
}

// TestNoiseChart: measured against the ticks, the dots are at their ratios.
func TestNoiseChart(t *testing.T) {
	r := sample()
	drawn := write(t, r).chart(t, "noise")
	ticks := drawn.all("text", "tick")
	ratioAt := scaleOf(t, ticks[:len(ticks)-1], "x") // the last names the column of figures
	precision := ratioAt(rounding) - ratioAt(0)
	for i, row := range drawn.all("g", "row") {
		l := r.Layers[i]
		require.InDelta(t, l.WeightSNR, ratioAt(row.all("circle", "hollow")[0].number(t, "cx")), precision)
		require.InDelta(t, l.OutputSNR, ratioAt(row.all("circle", "output")[0].number(t, "cx")), precision)
		require.Equal(t, chart.Fixed(l.OutputSNR, 1), row.all("text", "number")[0].text)
	}
	require.Equal(t, "Noise accumulates from layer to layer. The output is noisiest after conv10: 10.0\u00a0dB. "+
		"The weights are noisiest in fire2/squeeze1x1: −5.0\u00a0dB. The table below has the numbers.", drawn.all("desc", "")[0].text)
}

// TestNoiseOfDeadLayers: a ratio that does not exist has no mark, an infinite one a
// sign, and neither moves the dots of other layers.
func TestNoiseOfDeadLayers(t *testing.T) {
	r := sample()
	before := write(t, r).chart(t, "noise").all("g", "row")[2]
	r.Layers[0].WeightSNR, r.Layers[0].OutputSNR = math.Inf(1), math.NaN()
	r.Layers = slices.Insert(r.Layers, 1, Layer{Name: "dead", WeightSNR: math.NaN(), OutputSNR: math.Inf(-1)})
	r.Layers[2].OutputSNR = 30 // the axis covers the same range as before
	page := write(t, r)
	rows := page.chart(t, "noise").all("g", "row")
	for i, want := range [][]string{{"conv1", "∞", "–"}, {"dead", "−∞", "−∞"}} {
		require.Empty(t, rows[i].all("circle", ""))
		require.Empty(t, rows[i].all("line", ""))
		require.Equal(t, want, texts(rows[i].all("text", "")))
	}
	require.Equal(t, before.all("circle", "")[1].attrs["cx"], rows[3].all("circle", "")[1].attrs["cx"])
	cells := page.section(t, "Layer by layer").all("tr", "")[2].all("td", "")
	require.Equal(t, []string{"∞", "–"}, texts(cells[len(cells)-2:]))
	for i := range r.Layers {
		r.Layers[i].WeightSNR, r.Layers[i].OutputSNR = math.NaN(), math.NaN()
	}
	require.Contains(t, write(t, r).text, "The noise of no layer was measured.")
}

// TestCurve: measured against the ticks of both axes, the points are at their
// values.
func TestCurve(t *testing.T) {
	r := sample()
	page := write(t, r)
	sorted := []Point{r.Curve[1], r.Curve[0], r.Curve[2]}
	for id, measure := range map[string]func(Point) float64{
		"same": func(p Point) float64 { return p.SameTop1 }, "kl": func(p Point) float64 { return p.KL },
	} {
		plot := page.chart(t, id)
		bytesAt, valueAt := scaleOf(t, plotTicks(plot, "middle"), "x"), scaleOf(t, plotTicks(plot, "end"), "y")
		precision := math.Abs(valueAt(rounding) - valueAt(0))
		points := plot.all("g", "point")
		require.Len(t, points, 3)
		require.Len(t, plot.all("line", "curve"), 2)
		for i, p := range sorted {
			circle := points[i].all("circle", "")[0]
			require.InDelta(t, p.Bytes, bytesAt(circle.number(t, "cx")), bytesAt(rounding)-bytesAt(0), id)
			require.InDelta(t, measure(p), valueAt(circle.number(t, "cy")), precision, id)
			require.Equal(t, p.Chosen, points[i].is("chosen"))
			if bars := points[i].all("line", "error"); id == "same" {
				require.InDelta(t, p.SameTop1-p.SameError, valueAt(bars[0].number(t, "y2")), precision)
				require.InDelta(t, min(100, p.SameTop1+p.SameError), valueAt(bars[0].number(t, "y1")), precision)
			} else {
				require.Empty(t, bars)
			}
		}
	}
	require.Contains(t, texts(page.chart(t, "same").all("text", "middle")), "chosen: 94.1 ± 0.7")
	var rows []string
	for _, tr := range page.section(t, "What smaller files cost").all("tr", "")[1:] {
		rows = append(rows, strings.Join(append(texts(tr.all("th", "")), texts(tr.all("td", ""))...), "|"))
	}
	require.Equal(t, []string{"7,200|85.0 ± 1.0|0.1200|", "9,600|94.1 ± 0.7|0.0314|chosen", "12,000|99.9 ± 0.3|0.0100|"}, rows)
}

// plotTicks returns the labels of one axis: side is "middle" for the horizontal
// axis and "end" for the vertical one.
func plotTicks(plot *node, side string) []*node {
	return slices.DeleteFunc(plot.all("text", "tick"), func(n *node) bool { return !n.is(side) })
}

// TestCurveOfFewPoints: too few points are not plotted, and the reason is stated.
func TestCurveOfFewPoints(t *testing.T) {
	r := sample()
	r.Curve = r.Curve[:1]
	section := write(t, r).section(t, "What smaller files cost")
	require.Contains(t, section.text, "Only one file size was tried")
	require.Empty(t, section.all("svg", ""))
	require.Len(t, section.all("tr", ""), 2)
	r.Curve = append(r.Curve, Point{Bytes: 300, SameTop1: math.NaN(), KL: math.NaN()})
	section = write(t, r).section(t, "What smaller files cost")
	require.Contains(t, section.text, "fewer than two of the sizes")
	require.Empty(t, section.all("svg", ""))
	require.Equal(t, []string{"–", "–", ""}, texts(section.all("tr", "")[1].all("td", "")))
	r.Curve[1].KL = 0.5
	section = write(t, r).section(t, "What smaller files cost")
	require.Len(t, section.all("figcaption", ""), 1, "only the divergence was measured twice")
}

// TestShapes: on either side of the axis, the area of the columns is the number of
// weights, on the same scale.
func TestShapes(t *testing.T) {
	r := sample()
	figures := write(t, r).section(t, "Weights before and after rounding").all("figure", "")
	require.Len(t, figures, len(r.Layers))
	require.Equal(t, "largest 5, 25\u00a0% zeros", figures[0].all("span", "note")[0].text)
	require.Equal(t, []string{"−5", "0", "5"}, texts(figures[0].all("text", "tick")))
	before, after := area(t, figures[0].all("svg", "")[1]), area(t, figures[0].all("svg", "")[2])
	require.InDelta(t, -1, before/after, 0.01, "four weights on either side")
	for i, end := range []string{"5", "1", "127"} {
		require.Equal(t, end, figures[i].all("text", "tick")[2].text)
	}
	require.Zero(t, area(t, figures[1].all("svg", "")[1]), "there are no float weights")
}

// area returns the area under the path of an outline, as a fraction of the width
// times units of height; negative above the axis.
func area(t testing.TB, box *node) float64 {
	t.Helper()
	var left, top, width, height, x, sum float64
	_, err := fmt.Sscan(box.attrs["viewBox"], &left, &top, &width, &height)
	require.NoError(t, err)
	require.InDelta(t, -width/2, left, 0.001)
	path, found := strings.CutSuffix(box.all("path", "")[0].attrs["d"], "V0Z")
	require.True(t, found)
	columns := strings.Split(path, "V")
	_, err = fmt.Sscanf(columns[0], "M%f 0", &x)
	require.NoError(t, err)
	for _, c := range columns[1:] {
		var y, end float64
		_, err := fmt.Sscanf(c, "%fH%f", &y, &end)
		require.NoError(t, err)
		require.LessOrEqual(t, math.Abs(y), float64(halfHeight))
		sum += y * (end - x) / width
		x = end
	}
	return sum
}
