package testcard_test

import (
	"fmt"
	"log"
	"time"

	"halfmeg/camera/testcard"
)

// Draw a frame of every scene, as packed RGB, with the name that a network should
// find.
func ExampleCard_Draw() {
	var card testcard.Card
	frame := make([]byte, 3*testcard.Width*testcard.Height)
	for i := range testcard.Scenes() {
		t := time.Duration(i) * testcard.SceneTime
		if err := card.Draw(frame, t); err != nil {
			log.Fatal(err)
		}
		fmt.Println(t, testcard.Scene(t))
	}
	// Output:
	// 0s analog clock
	// 2.5s traffic light
	// 5s soccer ball
	// 7.5s crossword puzzle
	// 10s balloon
	// 12.5s digital clock
	// 15s jack-o'-lantern
	// 17.5s basketball
}

// The clock has twelve marks and two hands, so both of ImageNet's names are right.
func ExampleMatches() {
	fmt.Println(testcard.Matches("analog clock", "analog clock"))
	fmt.Println(testcard.Matches("analog clock", "wall clock"))
	fmt.Println(testcard.Matches("analog clock", "digital clock"))
	// Output:
	// true
	// true
	// false
}
