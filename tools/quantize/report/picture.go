package report

import (
	"fmt"
	"html/template"

	"halfmeg/tools/internal/chart"
)

// card is a picture with the answers of the two networks.
type card struct {
	Image         template.URL // empty if there is no picture
	Width, Height int
	File, Label   string
	Answers       []answer
}

type answer struct {
	Network, Label, Share string
	Width                 chart.Percent // of the bar
	Right                 bool
}

func newCards(pictures []Picture) ([]card, error) {
	var cards []card
	for _, p := range pictures {
		c := card{File: chart.Clean(p.File), Label: chart.Clean(p.Label), Answers: []answer{newAnswer("float", p.Float), newAnswer("int8", p.Int8)}}
		if p.Image != nil && !p.Image.Bounds().Empty() {
			url, size, err := chart.DataURL(p.Image)
			if err != nil {
				return nil, fmt.Errorf("picture %s: %w", p.File, err)
			}
			c.Image, c.Width, c.Height = url, size.X, size.Y
		}
		cards = append(cards, c)
	}
	return cards, nil
}

func newAnswer(network string, a Answer) answer {
	out := answer{Network: network, Label: chart.Clean(a.Label), Share: chart.PerCent(100*a.Probability, 0), Right: a.Right}
	if chart.Finite(a.Probability) {
		out.Width = chart.Percent(100 * max(0, min(1, a.Probability)))
	}
	return out
}
