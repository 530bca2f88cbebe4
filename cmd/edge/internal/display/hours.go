package display

import (
	"errors"
	"fmt"
	"time"
)

// Hours are a part of every day, by local time. The zero value is empty.
type Hours struct {
	From, To int // minutes since midnight; To is exclusive, and may be before From
}

// ParseHours parses a text such as 22:00-07:00.
func ParseHours(text string) (Hours, error) {
	var from, to struct{ hour, minute int }
	var rest string
	n, _ := fmt.Sscanf(text+" ", "%02d:%02d-%02d:%02d%s", &from.hour, &from.minute, &to.hour, &to.minute, &rest)
	valid := func(hour, minute int) bool { return hour >= 0 && hour < 24 && minute >= 0 && minute < 60 }
	h := Hours{60*from.hour + from.minute, 60*to.hour + to.minute}
	if n != 4 || !valid(from.hour, from.minute) || !valid(to.hour, to.minute) || h.From == h.To {
		return Hours{}, errors.New("expected two times of day such as 22:00-07:00")
	}
	return h, nil
}

// String returns the text that ParseHours parses, empty for no hours.
func (h Hours) String() string {
	if h == (Hours{}) {
		return ""
	}
	return fmt.Sprintf("%02d:%02d-%02d:%02d", h.From/60, h.From%60, h.To/60, h.To%60)
}

// Contains reports whether a time is in the hours.
func (h Hours) Contains(t time.Time) bool {
	minute := 60*t.Hour() + t.Minute()
	if h.From <= h.To {
		return minute >= h.From && minute < h.To
	}
	return minute >= h.From || minute < h.To
}
