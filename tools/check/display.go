package main

import (
	"fmt"
	"path/filepath"
)

// The files in binDir from which a display's pictures are rebuilt.
const (
	displayTrace  = "display.i2c"
	displayFrames = "display.json"
)

// displayProgram shows the answers for the test card on the display: a frame of each of
// its eight scenes, and one more, because the run may end before the last one is drawn.
// It classifies fewer frames per second than the display shows pictures, so that no
// other one is skipped.
var displayProgram = boardProgram{
	args: []string{boardEdge, "run", "--camera", "testcard", "--rate", "0.4", "--frames", "9", "--json",
		"--half-life", "0", "--display", "ssd1306", "--display-info", "none"},
	file: displayFrames,
}

// checkDisplay compares what the display has shown with what edge has drawn. The
// test also writes the pictures as PNG into binDir.
func checkDisplay(r *report) {
	dir, err := filepath.Abs(binDir)
	if err != nil {
		r.fail(fmt.Sprintf("display: %v", err))
		return
	}
	env := []string{
		"HALFMEG_DISPLAY_TRACE=" + filepath.Join(dir, displayTrace),
		"HALFMEG_DISPLAY_FRAMES=" + filepath.Join(dir, displayFrames),
	}
	goTest(r, testRun{name: "display", repeats: true}, env, "-count=1", "-run=^TestBoard", "./cmd/edge/internal/display")
}
