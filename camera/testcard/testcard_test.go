package testcard

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func picture(t *testing.T, c *Card, at time.Duration) []byte {
	t.Helper()
	pix := make([]byte, 3*Width*Height)
	require.NoError(t, c.Draw(pix, at))
	return pix
}

// forEachScene calls f for each scene with a time in its middle.
func forEachScene(t *testing.T, f func(t *testing.T, at time.Duration)) {
	for i, name := range Scenes() {
		t.Run(name, func(t *testing.T) {
			at := time.Duration(i)*SceneTime + SceneTime/2
			require.Equal(t, name, Scene(at))
			f(t, at)
		})
	}
}

// A used Card with a dirty buffer draws the same picture as a new one.
func TestPictureDependsOnTimeOnly(t *testing.T) {
	var used Card
	forEachScene(t, func(t *testing.T, at time.Duration) {
		want := picture(t, new(Card), at)
		got := bytes.Repeat([]byte{0xa5}, len(want))
		require.NoError(t, used.Draw(got, at))
		require.True(t, bytes.Equal(want, got))
	})
}

func TestEverySceneMoves(t *testing.T) {
	forEachScene(t, func(t *testing.T, at time.Duration) {
		var c Card
		before := picture(t, &c, at)
		after := picture(t, &c, at+time.Second)
		require.False(t, bytes.Equal(before, after))
	})
}

// A scene has many colours, none of which fills the picture.
func TestNoSceneIsEmpty(t *testing.T) {
	forEachScene(t, func(t *testing.T, at time.Duration) {
		pix := picture(t, new(Card), at)
		count := map[[3]byte]int{}
		for p := range slices.Chunk(pix, 3) {
			count[[3]byte(p)]++
		}
		require.Greater(t, len(count), 100)
		for col, n := range count {
			require.Less(t, n, Width*Height*2/3, "colour %v", col)
		}
	})
}

func TestAnyTime(t *testing.T) {
	var c Card
	for _, at := range []time.Duration{0, 1, -1, movie - 1, movie, -movie, 1<<63 - 1, -1 << 63} {
		picture(t, &c, at)
	}
	for at := time.Duration(0); at < movie; at += movie/100 + 7*time.Millisecond {
		picture(t, &c, at)
	}
}

func TestMovieRepeatsAfterTwelveHours(t *testing.T) {
	var c Card
	require.True(t, bytes.Equal(picture(t, &c, 3*time.Second), picture(t, &c, movie+3*time.Second)))
}

func TestWrongBufferSize(t *testing.T) {
	var c Card
	require.ErrorContains(t, c.Draw(make([]byte, 100), 0), "expected 921600")
}

func TestRight(t *testing.T) {
	require.True(t, Matches("traffic light", "traffic light, traffic signal, stoplight"))
	require.True(t, Matches("analog clock", "analog clock"))
	require.True(t, Matches("analog clock", "wall clock"))
	require.False(t, Matches("digital clock", "wall clock"))
	require.False(t, Matches("balloon", ""))
	require.False(t, Matches("", ""))
	for _, name := range Scenes() {
		require.True(t, Matches(name, name))
	}
}

// The minute hand points up at 10:00 and down at 10:30.
func TestClockShowsTheTime(t *testing.T) {
	var c Card
	brightness := func(timeOfDay time.Duration) (up, down int) {
		pix := make([]byte, 3*Width*Height)
		c.canvas.begin(pix)
		drawAnalogClock(&c.canvas, (timeOfDay - movieStart*time.Second).Seconds())
		return darkest(pix, 120), darkest(pix, 360)
	}
	up, down := brightness(10 * time.Hour)
	require.Less(t, up, 60)
	require.Greater(t, down, 200)
	up, down = brightness(10*time.Hour + 30*time.Minute + 10*time.Second)
	require.Greater(t, up, 200)
	require.Less(t, down, 60)
}

// darkest returns the lowest green value of a row, near the middle of the picture.
func darkest(pix []byte, y int) int {
	least := 255
	for x := Width/2 - 25; x < Width/2+25; x++ {
		least = min(least, int(pix[3*(y*Width+x)+1]))
	}
	return least
}

func TestCrosswordIsSymmetric(t *testing.T) {
	n := len(blocks[0])
	for row := range n {
		for col := range n {
			require.Equal(t, blocked(col, row), blocked(n-1-col, n-1-row))
			if !blocked(col, row) {
				across := blocked(col-1, row) && blocked(col+1, row)
				down := blocked(col, row-1) && blocked(col, row+1)
				require.False(t, across || down, "the square at column %d, row %d belongs to only one word", col, row)
			}
		}
	}
}

func BenchmarkDraw(b *testing.B) {
	for i, name := range Scenes() {
		b.Run(name, func(b *testing.B) {
			var c Card
			pix := make([]byte, 3*Width*Height)
			b.ReportAllocs()
			for b.Loop() {
				_ = c.Draw(pix, time.Duration(i)*SceneTime)
			}
		})
	}
}
