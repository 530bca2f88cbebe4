package flags

import (
	"errors"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"halfmeg/camera/pixel"
	"halfmeg/internal/lazyregexp"
)

// regionFlag is a flag for a part of a picture.
type regionFlag pixel.Region

// Region returns a flag for a part of a picture, such as 640x480+100+20 in pixels or
// 50%x100%+25%+0% in percent. Without an offset it starts at the upper left corner.
func Region(r *pixel.Region) pflag.Value { return (*regionFlag)(r) }

func (f *regionFlag) String() string { return pixel.Region(*f).String() }

func (f *regionFlag) Type() string { return "WxH+X+Y" }

// regionForm matches width, height, x and y, each a number with an optional percent sign.
var regionForm = lazyregexp.New(`^(\d{1,5}(?:\.\d{1,4})?)(%?)x(\d{1,5}(?:\.\d{1,4})?)(%?)(?:\+(\d{1,5}(?:\.\d{1,4})?)(%?)\+(\d{1,5}(?:\.\d{1,4})?)(%?))?$`)

func (f *regionFlag) Set(text string) error {
	form := errors.New("expected a region within the frame, such as 640x480+100+20 in pixels or 50%x100%+25%+0% in percent")
	m := regionForm().FindStringSubmatch(strings.ToLower(text))
	if m == nil {
		return form
	}
	percent := m[2] == "%"
	var v [4]float64 // width, height, x, y
	for i := range v {
		number, sign := m[1+2*i], m[2+2*i]
		if number == "" {
			continue // no offset
		}
		if percent != (sign == "%") {
			return form
		}
		n, err := strconv.ParseFloat(number, 64)
		if err != nil || !percent && strings.Contains(number, ".") {
			return form
		}
		v[i] = n
	}
	r := pixel.Region{Width: v[0], Height: v[1], X: v[2], Y: v[3], Percent: percent}
	if r.Width == 0 || r.Height == 0 || percent && (r.X+r.Width > 100 || r.Y+r.Height > 100) {
		return form
	}
	*f = regionFlag(r)
	return nil
}

// probabilityFlag is a flag from 0 to 1 or in percent.
type probabilityFlag float64

// Probability returns a flag for a number from 0 to 1, or in percent.
func Probability(p *float64) pflag.Value { return (*probabilityFlag)(p) }

func (f *probabilityFlag) String() string { return strconv.FormatFloat(float64(*f), 'g', -1, 64) }

func (f *probabilityFlag) Type() string { return "probability" }

func (f *probabilityFlag) Set(text string) error {
	number, percent := strings.CutSuffix(text, "%")
	v, err := strconv.ParseFloat(number, 64)
	if percent {
		v /= 100
	}
	if err != nil || !(v >= 0 && v <= 1) {
		return errors.New("expected a number from 0 to 1, such as 0.3 or 30%")
	}
	*f = probabilityFlag(v)
	return nil
}
