// Package testcard draws a short movie whose scenes a network trained on
// ImageNet knows: what a machine without a camera shows, and a test of the
// whole way from frame to label. The scenes are plain drawings that a person
// names at once; nothing in them is made for, or against, any network.
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

// SceneTime is how long each scene stays before the next one.
const SceneTime = 2500 * time.Millisecond

// movie is how long it takes until everything repeats: a turn of the hour hand.
const movie = 12 * time.Hour

// scene is one thing drawn.
type scene struct {
	name string                     // as ImageNet's label begins
	also string                     // another class that is the same thing to a person, or ""
	draw func(c *canvas, t float64) // t: seconds since the movie began
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

// Scenes lists the names of the scenes in the order of the movie.
func Scenes() []string {
	names := make([]string, len(scenes))
	for i, s := range scenes {
		names[i] = s.name
	}
	return names
}

// Scene names what the movie shows at time t.
func Scene(t time.Duration) string { return at(t).name }

// Right tells whether a network's label, as ImageNet writes it ("traffic
// light, traffic signal, stoplight"), names what the scene shows.
func Right(scene, label string) bool {
	for _, s := range scenes {
		if s.name == scene {
			first, _, _ := strings.Cut(label, ",")
			return first == s.name || first == s.also && s.also != ""
		}
	}
	return false
}

// Card draws the movie. It keeps its working memory from picture to picture;
// use one for each goroutine.
type Card struct{ canvas canvas }

// Draw draws the movie's picture at time t, and nothing but t decides what
// it looks like. pix holds Height rows of Width packed RGB pixels.
func (c *Card) Draw(pix []byte, t time.Duration) error {
	if need := 3 * Width * Height; len(pix) != need {
		return fmt.Errorf("test card: a buffer of %d bytes, %d are needed", len(pix), need)
	}
	c.canvas.begin(pix)
	at(t).draw(&c.canvas, wrap(t).Seconds())
	return nil
}

func at(t time.Duration) *scene { return &scenes[int(wrap(t)/SceneTime)%len(scenes)] }

func wrap(t time.Duration) time.Duration { return (t%movie + movie) % movie }

// swing sways between -1 and 1, once in a period of that many seconds.
func swing(t, period float64) float32 { return float32(math.Sin(2 * math.Pi * t / period)) }
