// Package testcard draws a movie of things that ImageNet has classes for. It is the
// source of a machine without a camera, and an end-to-end test from frame to label.
// The scenes are plain drawings that a person recognises immediately; they are not
// tuned for or against any network.
package testcard

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// Width and Height are the size of the picture in pixels.
const (
	Width  = 640
	Height = 480
)

// SceneTime is the duration of a scene.
const SceneTime = 2500 * time.Millisecond

// movie is the period after which everything repeats: a turn of the hour hand.
const movie = 12 * time.Hour

type scene struct {
	name string                     // the first name in ImageNet's label
	also string                     // another class that is as correct, or ""
	draw func(c *canvas, t float64) // t: seconds since the start of the movie
}

var scenes = [...]scene{
	{name: "analog clock", also: "wall clock", draw: drawAnalogClock},
	{name: "traffic light", draw: drawTrafficLight},
	{name: "soccer ball", draw: drawSoccerBall},
	{name: "crossword puzzle", draw: drawCrossword},
	{name: "balloon", draw: drawBalloon},
	{name: "digital clock", draw: drawDigitalClock},
	{name: "jack-o'-lantern", draw: drawJackOLantern},
	{name: "basketball", draw: drawBasketball},
}

// Scenes returns the names of the scenes in the order of the movie.
func Scenes() []string {
	names := make([]string, len(scenes))
	for i, s := range scenes {
		names[i] = s.name
	}
	return names
}

// Scene returns the name of the scene at time t.
func Scene(t time.Duration) string { return at(t).name }

// Matches reports whether an ImageNet label, such as "traffic light, traffic signal,
// stoplight", is correct for a scene.
func Matches(scene, label string) bool {
	for _, s := range scenes {
		if s.name == scene {
			first, _, _ := strings.Cut(label, ",")
			return first == s.name || first == s.also && s.also != ""
		}
	}
	return false
}

// Card draws the movie. It reuses its buffers, so it is not safe for concurrent use.
type Card struct{ canvas canvas }

// Draw draws the picture at time t, which depends on nothing else. pix holds Height
// rows of Width packed RGB pixels.
func (c *Card) Draw(pix []byte, t time.Duration) error {
	if need := 3 * Width * Height; len(pix) != need {
		return fmt.Errorf("test card: a buffer of %d bytes, expected %d", len(pix), need)
	}
	c.canvas.begin(pix)
	at(t).draw(&c.canvas, wrap(t).Seconds())
	return nil
}

func at(t time.Duration) *scene { return &scenes[int(wrap(t)/SceneTime)%len(scenes)] }

func wrap(t time.Duration) time.Duration { return (t%movie + movie) % movie }

// swing returns a sine in -1…1 with the given period in seconds.
func swing(t, period float64) float32 { return float32(math.Sin(2 * math.Pi * t / period)) }
