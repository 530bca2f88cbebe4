package report

import (
	"bytes"
	"encoding/xml"
	"errors"
	"image"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func sample() Report {
	return Report{
		Name: "mine.sqz", Way: "fine-tuned", Bytes: 123456, Classes: []string{"<b>ants</b>", "bees"}, Training: []int{12, 34},
		Warnings:   []string{"only few"},
		Head:       []Epoch{{2, 0.25}, {1, 0.5}},
		All:        []Epoch{{1, 0.5}, {0.5, 0.75}, {0.25, 1}},
		Validation: []float64{0.5, 0.5, 0.75}, MeasuredEvery: 1,
		Labels:   []int{0, 0, 1, 1},
		Float:    [][]float32{{2, 0}, {2, 0}, {0, 2}, {0, 2}},
		Int8:     [][]float32{{2, 0}, {0, 3}, {1, 0}, {0, 2}},
		Mistakes: []Mistake{{Image: image.NewGray(image.Rect(0, 0, 8, 6)), File: "a.jpg", Label: "ants", Answer: "bees", Probability: 0.95}, {File: "gone.jpg"}},
		Settings: []Setting{{"Seed", "1"}},
	}
}

func render(t *testing.T, r Report) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, Write(&b, r))
	d := xml.NewDecoder(bytes.NewReader(b.Bytes()))
	d.Entity = xml.HTMLEntity
	for {
		_, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
	}
	return b.String()
}

func TestPage(t *testing.T) {
	page := render(t, sample())
	for _, want := range []string{
		"123,456", "2 classes, fine-tuned", `<span class="value">50.0</span>`, "95 % interval 15.0 to 85.0", "46</span>",
		"&lt;b&gt;ants&lt;/b&gt;", "Warning:</strong> only few", "taken for <strong>bees</strong> at 95", "data:image/jpeg;base64,", "no picture",
		`<td class="right" style="--share: 0.5">1</td><td style="--share: 0.5">1</td>`, "bees (1)", "<dt>Seed</dt><dd>1</dd>",
	} {
		require.Contains(t, page, want)
	}
	require.NotContains(t, page, "<b>ants")
	require.NotContains(t, page, "ZgotmplZ")
	require.NotContains(t, page, "<script")
	require.Equal(t, 1+1+2+2+2+1, strings.Count(page, `class="line `), "pieces of the curves and the dashed line")
}

// TestPageWithoutPictures: nothing was measured.
func TestPageWithoutPictures(t *testing.T) {
	r := sample()
	r.Labels, r.Float, r.Int8, r.Mistakes, r.Validation = nil, nil, nil, nil, nil
	page := render(t, r)
	require.Contains(t, page, "the accuracy was not measured")
	require.NotContains(t, page, "Confusion matrix</h2>")
	require.NotContains(t, page, "NaN")
}

// TestMeasuredEvery: the points of the validation curve stand at the epochs after which
// they were measured.
func TestMeasuredEvery(t *testing.T) {
	r := Report{All: make([]Epoch, 4), Validation: []float64{0.5, 0.75}, MeasuredEvery: 2}
	plots := curves(&r)
	lines := plots[len(plots)-1].Lines
	require.Len(t, lines, 3+1)
	validation := lines[3]
	require.Equal(t, lines[1].X1, validation.X1, "epoch 2")
	require.Equal(t, lines[2].X2, validation.X2, "epoch 4")
}

func TestMostConfident(t *testing.T) {
	r := sample()
	require.Equal(t, []int{1, 2}, MostConfident(r.Int8, r.Labels, 5))
	require.Equal(t, []int{1}, MostConfident(r.Int8, r.Labels, 1))
}
